package binding

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Sizes of what this package reads and writes, in bytes.
const (
	NameSize  = 34 // Name of an object or NV index: algorithm (2) and SHA-256
	pointSize = 64 // X and Y of a P-256 point
)

// publicHead is TPMT_PUBLIC of a P-256 verification key up to its point:
// TPM_ALG_ECC, TPM_ALG_SHA256, userWithAuth|sign, empty authPolicy, no
// symmetric algorithm, no fixed scheme, TPM_ECC_NIST_P256, no KDF. (TCG TPM
// 2.0 Library, Part 2, 12.2.4 and 12.2.3.6.) Its Name stands in every policy,
// so no byte of it may ever change.
var publicHead = [18]byte{0x00, 0x23, 0x00, 0x0b, 0x00, 0x04, 0x00, 0x40, 0x00, 0x00, 0x00, 0x10, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10}

// ServerKey is the public half of a server's TPM policy key, a point of P-256.
// The zero value means "no key". Two keys are equal if == says so.
type ServerKey struct{ point [pointSize]byte }

// KeyOf returns the ServerKey of pub, which must be on P-256.
func KeyOf(pub *ecdsa.PublicKey) (ServerKey, error) {
	var k ServerKey
	if pub == nil || pub.Curve != elliptic.P256() {
		return k, errors.New("server key: not on P-256")
	}
	b, err := pub.Bytes()
	if err != nil {
		return k, fmt.Errorf("server key: %w", err)
	}
	copy(k.point[:], b[1:]) // after the mark of an uncompressed point
	return k, nil
}

// ParseKey reads what Public writes and nothing else.
func ParseKey(public []byte) (ServerKey, error) {
	n := len(publicHead)
	if len(public) != n+2+32+2+32 || !bytes.Equal(public[:n], publicHead[:]) ||
		public[n] != 0 || public[n+1] != 32 || public[n+34] != 0 || public[n+35] != 32 {
		return ServerKey{}, errors.New("server key: not the template of a TPM policy key")
	}
	var k ServerKey
	copy(k.point[:32], public[n+2:])
	copy(k.point[32:], public[n+36:])
	if _, err := k.ECDSA(); err != nil {
		return ServerKey{}, err
	}
	return k, nil
}

// IsZero reports whether there is no key.
func (k ServerKey) IsZero() bool { return k == ServerKey{} }

// ECDSA returns the key for crypto/ecdsa; an error means that it is no point
// of the curve.
func (k ServerKey) ECDSA() (*ecdsa.PublicKey, error) {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, k.point[:]...))
	if err != nil {
		return nil, fmt.Errorf("server key: %w", err)
	}
	return pub, nil
}

// Verify reports whether signature is the key's r‖s, 64 bytes, on hash.
func (k ServerKey) Verify(hash [32]byte, signature []byte) bool {
	pub, err := k.ECDSA()
	return err == nil && verifyRS(pub, hash, signature)
}

// Public returns the key as a marshalled TPMT_PUBLIC, 86 bytes.
func (k ServerKey) Public() []byte {
	b := append([]byte(nil), publicHead[:]...)
	b = append(b, 0, 32)
	b = append(b, k.point[:32]...)
	b = append(b, 0, 32)
	return append(b, k.point[32:]...)
}

// Name returns the key's TPM Name: 34 bytes, TPM_ALG_SHA256 and the digest of
// Public. (Part 1, 16.)
func (k ServerKey) Name() []byte {
	sum := sha256.Sum256(k.Public())
	return append([]byte{0x00, 0x0b}, sum[:]...)
}

// MarshalText returns Public in base64url without padding; the zero key is
// the empty text.
func (k ServerKey) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return []byte{}, nil
	}
	return base64.RawURLEncoding.AppendEncode(nil, k.Public()), nil
}

// UnmarshalText reads what MarshalText writes.
func (k *ServerKey) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*k = ServerKey{}
		return nil
	}
	b, err := base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("server key: %w", err)
	}
	parsed, err := ParseKey(b)
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}
