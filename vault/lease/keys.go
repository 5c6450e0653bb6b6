package lease

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/tideover/tideover/vault"
)

// Use says what a sub-key may sign; the text reaches disk and wire.
type Use string

// The uses. A key has one.
const (
	UseLease Use = "lease" // leases
	UseOrder Use = "order" // suspend, wipe
	UseList  Use = "list"  // the list of revoked devices
	UseTPM   Use = "tpm"   // bounds that a chip checks, and nothing else
	// UseRecovery signs nothing: machine secrets are wrapped to it (escrow/FORMAT.md).
	UseRecovery Use = "recovery"
)

// SubKey is one of a server's working keys, introduced by its identity root.
type SubKey struct {
	KID       string `json:"kid"` // KeyID(Public)
	Use       Use    `json:"use"`
	Public    []byte `json:"public"` // SubjectPublicKeyInfo, DER, P-256
	Signature []byte `json:"signature"`
}

// maxSubKeys bounds a list of sub-keys: five uses, and the retired keys of a
// server that changes them every week of the longest lease, many times over.
const maxSubKeys = 64

// keyIDDigits is the length of a key id. 64 bits tell a server's own keys
// apart; they secure nothing, the root's signature does.
const keyIDDigits = 16

// KeyID returns the id of a public key: the first 16 hex digits of the SHA-256
// of its SubjectPublicKeyInfo.
func KeyID(spki []byte) string {
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:])[:keyIDDigits]
}

// Pin returns what a person compares and --pin takes: the SHA-256 of the
// identity root's SubjectPublicKeyInfo as 64 lower-case hex digits.
func Pin(rootSPKI []byte) string {
	sum := sha256.Sum256(rootSPKI)
	return hex.EncodeToString(sum[:])
}

// SignSubKey introduces pub for one use, signed by the identity root.
func SignSubKey(root *ecdsa.PrivateKey, use Use, pub *ecdsa.PublicKey) (SubKey, error) {
	spki, err := encodeKey(pub)
	if err != nil {
		return SubKey{}, fmt.Errorf("sign sub-key: %w", err)
	}
	k := SubKey{KID: KeyID(spki), Use: use, Public: spki}
	sig, err := sign(root, k.message())
	if err != nil {
		return SubKey{}, fmt.Errorf("sign sub-key: %w", err)
	}
	k.Signature = sig[:]
	return k, nil
}

// message is what the root signs: use and id carry no line feed, the key ends it.
func (k *SubKey) message() []byte {
	return append([]byte("tideover/sub-key\n"+string(k.Use)+"\n"+k.KID+"\n"), k.Public...)
}

// KeySet holds sub-keys that the identity root has introduced. The zero value
// is empty. It does not change and is safe for concurrent use.
type KeySet struct{ keys []verified }

type verified struct {
	SubKey
	pub *ecdsa.PublicKey
}

// VerifySubKeys returns the keys as a set, if the root has signed every one of
// them; one false signature refuses the list with IdentityChanged. Keys for
// uses that this program does not know are checked and left out. The server
// lists keys in the order in which it made them.
func VerifySubKeys(rootSPKI []byte, keys []SubKey) (KeySet, error) {
	root, err := decodeKey(rootSPKI)
	if err != nil {
		return KeySet{}, vault.Fail(vault.Damaged, "identity root: %w", err)
	}
	if len(keys) > maxSubKeys {
		return KeySet{}, vault.Fail(vault.Hostile, "%d sub-keys, at most %d", len(keys), maxSubKeys)
	}
	var set KeySet
	for _, k := range keys {
		var sig Signature
		if len(k.Signature) != len(sig) || k.KID != KeyID(k.Public) {
			return KeySet{}, vault.Fail(vault.IdentityChanged, "sub-key %q is malformed", k.KID)
		}
		copy(sig[:], k.Signature)
		if !verify(root, k.message(), sig) {
			return KeySet{}, vault.Fail(vault.IdentityChanged, "sub-key %s is not signed by the pinned identity", k.KID)
		}
		switch k.Use {
		case UseLease, UseOrder, UseList, UseTPM, UseRecovery:
		default:
			continue
		}
		pub, err := decodeKey(k.Public)
		if err != nil {
			return KeySet{}, vault.Fail(vault.Damaged, "sub-key %s: %w", k.KID, err)
		}
		set.keys = append(set.keys, verified{k, pub})
	}
	return set, nil
}

// find returns the key with that id and use, or nil.
func (s KeySet) find(use Use, id string) *ecdsa.PublicKey {
	for _, k := range s.keys {
		if k.Use == use && k.KID == id {
			return k.pub
		}
	}
	return nil
}

// Newest returns the last key of a use, in the order of the list; ok is false
// if there is none.
func (s KeySet) Newest(use Use) (pub *ecdsa.PublicKey, ok bool) {
	for _, k := range slices.Backward(s.keys) {
		if k.Use == use {
			return k.pub, true
		}
	}
	return nil, false
}

// Recovery returns the newest recovery key and its id; ok is false if there is
// none.
func (s KeySet) Recovery() (kid string, pub *ecdsa.PublicKey, ok bool) {
	for _, k := range slices.Backward(s.keys) {
		if k.Use == UseRecovery {
			return k.KID, k.pub, true
		}
	}
	return "", nil, false
}

// Has reports whether pub is in the set for that use.
func (s KeySet) Has(use Use, pub *ecdsa.PublicKey) bool {
	for _, k := range s.keys {
		if k.Use == use && k.pub.Equal(pub) {
			return true
		}
	}
	return false
}

// checkKeyID wants 16 lower-case hex digits.
func checkKeyID(id string) error {
	if len(id) != keyIDDigits {
		return errors.New("key id: want 16 hex digits")
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return errors.New("key id: want lower-case hex digits")
		}
	}
	return nil
}

func encodeKey(pub *ecdsa.PublicKey) ([]byte, error) {
	if pub == nil || pub.Curve != elliptic.P256() {
		return nil, errors.New("the key is not on P-256")
	}
	return x509.MarshalPKIXPublicKey(pub)
}

func decodeKey(spki []byte) (*ecdsa.PublicKey, error) {
	k, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, err
	}
	pub, ok := k.(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return nil, errors.New("the key is not on P-256")
	}
	return pub, nil
}

// halfOrder is where the upper half of the signatures begins: (r, n−s) is as
// good as (r, s), and one lease has one encoding, so only the smaller s counts.
func halfOrder() *big.Int { return new(big.Int).Rsh(elliptic.P256().Params().N, 1) }

// sign signs SHA-256(message).
func sign(key *ecdsa.PrivateKey, message []byte) (Signature, error) {
	var out Signature
	if key == nil || key.Curve != elliptic.P256() {
		return out, errors.New("the key is not on P-256")
	}
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return out, err
	}
	if s.Cmp(halfOrder()) > 0 {
		s.Sub(elliptic.P256().Params().N, s)
	}
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}

func verify(pub *ecdsa.PublicKey, message []byte, sig Signature) bool {
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	if s.Cmp(halfOrder()) > 0 {
		return false
	}
	sum := sha256.Sum256(message)
	return ecdsa.Verify(pub, sum[:], r, s)
}
