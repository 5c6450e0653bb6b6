package escrow

import (
	"crypto/ecdsa"
	"crypto/hpke"
	"encoding/binary"

	"github.com/tideover/tideover/vault"
)

const (
	// info keeps this use of a key apart from every other.
	info = "tideover/escrow/v1"

	secretBytes = 32 // of a machine secret
	encBytes    = 65 // of DHKEM(P-256): Nenc of RFC 9180, table 2
	tagBytes    = 16 // of AES-GCM
)

// WrappedSize is the length of every wrapping in bytes.
const WrappedSize = encBytes + secretBytes + tagBytes

// Binding says what a machine secret belongs to. All of it is authenticated, and
// none of it is in the wrapping.
type Binding struct {
	Device, Cache vault.ID
	Generation    uint64
	Record        [32]byte // SHA-256 of the record
	User          vault.ID // the account's identifier at the server
}

// context is the aad of FORMAT.md 4.
func (b Binding) context() []byte {
	aad := append(append(make([]byte, 0, 16+16+8+32+16), b.Device[:]...), b.Cache[:]...)
	aad = binary.BigEndian.AppendUint64(aad, b.Generation)
	aad = append(aad, b.Record[:]...)
	return append(aad, b.User[:]...)
}

// Wrap encrypts a machine secret of 32 bytes to a recovery key on P-256. Each
// call gives another result of WrappedSize bytes. Where the key comes from is
// the caller's care.
func Wrap(to *ecdsa.PublicKey, b Binding, secret vault.Secret) ([]byte, error) {
	if secret.Len() != secretBytes {
		return nil, vault.Fail(vault.Internal, "escrow of %d bytes", secret.Len())
	}
	point, err := to.ECDH()
	if err != nil {
		return nil, vault.Fail(vault.BadAnswer, "recovery key: %w", err)
	}
	public, err := hpke.NewDHKEMPublicKey(point)
	if err != nil {
		return nil, vault.Fail(vault.BadAnswer, "recovery key: %w", err)
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return nil, vault.Fail(vault.BadAnswer, "recovery key: %w", err)
	}
	box, err := sender.Seal(b.context(), secret.Bytes())
	if err != nil {
		return nil, err
	}
	wrapped := append(enc, box...)
	if len(wrapped) != WrappedSize { // the key is on another curve
		return nil, vault.Fail(vault.BadAnswer, "the recovery key is not on P-256")
	}
	return wrapped, nil
}

// Open returns the machine secret, which the caller wipes. It is Damaged if a
// bit was changed, if the binding is another one, or if it was wrapped to
// another key.
func Open(key *ecdsa.PrivateKey, b Binding, wrapped []byte) (vault.Secret, error) {
	if len(wrapped) != WrappedSize {
		return vault.Secret{}, damaged()
	}
	private, err := key.ECDH()
	if err != nil {
		return vault.Secret{}, vault.Fail(vault.Damaged, "recovery key: %w", err)
	}
	kem, err := hpke.NewDHKEMPrivateKey(private)
	if err != nil {
		return vault.Secret{}, vault.Fail(vault.Damaged, "recovery key: %w", err)
	}
	recipient, err := hpke.NewRecipient(wrapped[:encBytes], kem, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info))
	if err != nil {
		return vault.Secret{}, damaged()
	}
	secret, err := recipient.Open(b.context(), wrapped[encBytes:])
	if err != nil {
		return vault.Secret{}, damaged()
	}
	return vault.NewSecret(secret), nil
}

func damaged() error {
	return vault.Fail(vault.Damaged, "the escrowed machine secret does not fit its place")
}
