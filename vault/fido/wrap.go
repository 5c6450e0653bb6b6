package fido

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"

	"github.com/tideover/tideover/vault"
)

// The labels that keep the derivations of FORMAT.md 4 to 6 apart.
const (
	slotInfo = "tideover/fido/slot/v1"
	wrapInfo = "tideover/fido/wrap/v1"
	mixInfo  = "tideover/fido/mix/v1"
)

func kem() hpke.KEM { return hpke.DHKEM(ecdh.X25519()) }

// Seal makes the factor of one generation and wraps it for each of the keys,
// none of which has to be plugged in. The keys must come from Enrol or from the
// record of a file that was opened. The caller wipes the factor, which Mix
// needs.
func Seal(b Binding, keys []Key) (*Record, vault.Secret, error) {
	factor := vault.NewSecret(make([]byte, factorBytes))
	if _, err := rand.Read(factor.Bytes()); err != nil {
		return nil, vault.Secret{}, err
	}
	r := &Record{Binding: b}
	for _, k := range keys {
		wrapped, err := wrap(&k, b, factor.Bytes())
		if err != nil {
			factor.Wipe()
			return nil, vault.Secret{}, err
		}
		r.Slots = append(r.Slots, Slot{Key: k, Wrapped: wrapped})
	}
	if _, err := r.Marshal(); err != nil { // what cannot be written is not sealed
		factor.Wipe()
		return nil, vault.Secret{}, err
	}
	return r, factor, nil
}

// Open returns the factor, given the 32-byte output of the key of that slot. The
// caller wipes it. It fails with KeyUnknown if the output is not of that slot's
// key, and with Damaged if the slot does not belong to this record.
func (r *Record) Open(slot int, output vault.Secret) (vault.Secret, error) {
	s := &r.Slots[slot]
	private, err := pair(&s.Key, output.Bytes())
	if err != nil {
		return vault.Secret{}, err
	}
	if !bytes.Equal(private.PublicKey().Bytes(), s.Public[:]) { // public on both sides
		return vault.Secret{}, vault.Fail(vault.KeyUnknown, "the key answers with another secret than slot %q was made with", s.Label)
	}
	recipient, err := hpke.NewRecipient(s.Wrapped[:32], private, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(wrapInfo))
	if err != nil {
		return vault.Secret{}, damaged("a slot's wrapping")
	}
	factor, err := recipient.Open(s.context(r.Binding), s.Wrapped[32:])
	if err != nil {
		return vault.Secret{}, damaged("a slot's wrapping")
	}
	return vault.NewSecret(factor), nil
}

// Mix returns what takes the machine secret's place in the composite key, and in
// the escrow file: 32 bytes, which the caller wipes. FORMAT.md 6.
func Mix(b Binding, machine, factor vault.Secret) (vault.Secret, error) {
	if machine.Len() != 32 || factor.Len() != factorBytes {
		return vault.Secret{}, vault.Fail(vault.Internal, "mixing %d and %d bytes", machine.Len(), factor.Len())
	}
	ikm := append(append(make([]byte, 0, 64), machine.Bytes()...), factor.Bytes()...)
	defer clear(ikm)
	salt := binary.BigEndian.AppendUint64(append([]byte(nil), b.Cache[:]...), b.Generation)
	mixed, err := hkdf.Key(sha256.New, ikm, salt, mixInfo, 32)
	return vault.NewSecret(mixed), err
}

// wrap encrypts a factor to a key.
func wrap(k *Key, b Binding, factor []byte) ([]byte, error) {
	public, err := kem().NewPublicKey(k.Public[:])
	if err != nil {
		return nil, damaged("a slot's public key")
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(wrapInfo))
	if err != nil {
		return nil, damaged("a slot's public key")
	}
	box, err := sender.Seal(k.context(b), factor)
	return append(enc, box...), err
}

// pair derives the key pair that an output stands for.
func pair(k *Key, output []byte) (hpke.PrivateKey, error) {
	if len(output) != outputBytes {
		return nil, vault.Fail(vault.KeyFailed, "secret of %d bytes", len(output))
	}
	ikm, err := hkdf.Key(sha256.New, output, k.Salt[:], slotInfo+string(k.ID[:]), 32)
	if err != nil {
		return nil, err
	}
	defer clear(ikm)
	return kem().DeriveKeyPair(ikm)
}

// context is what a wrapping is bound to: the aad of FORMAT.md 5.
func (k *Key) context(b Binding) []byte {
	verified := byte(0)
	if k.Verified {
		verified = 1
	}
	rp, credential := sha256.Sum256([]byte(RPID)), sha256.Sum256(k.Credential)
	aad := binary.BigEndian.AppendUint64(append([]byte(nil), b.Cache[:]...), b.Generation)
	aad = append(aad, k.ID[:]...)
	aad = append(aad, verified)
	aad = append(aad, k.Salt[:]...)
	aad = append(aad, rp[:]...)
	return append(aad, credential[:]...)
}
