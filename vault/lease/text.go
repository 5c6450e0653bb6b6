package lease

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
)

// Hash is a SHA-256 digest; on the wire 64 lower-case hex digits.
type Hash [32]byte

// String returns 64 hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns String as bytes.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads 64 hex digits.
func (h *Hash) UnmarshalText(text []byte) error { return decodeHex(h[:], text) }

// Name is the TPM Name of a storage root key, 34 bytes, or empty; on the wire
// hex digits.
type Name []byte

// MarshalText returns hex digits.
func (n Name) MarshalText() ([]byte, error) { return hex.AppendEncode([]byte{}, n), nil }

// UnmarshalText reads 68 hex digits or none.
func (n *Name) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = nil
		return nil
	}
	b := make([]byte, binding.NameSize)
	if err := decodeHex(b, text); err != nil {
		return err
	}
	*n = b
	return nil
}

// Signature is an ECDSA signature of P-256: r and s, 32 bytes each, big-endian
// (RFC 7518, 3.4); on the wire base64url without padding.
type Signature [64]byte

// MarshalText returns 86 characters of base64url.
func (s Signature) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, s[:]), nil
}

// UnmarshalText reads what MarshalText writes.
func (s *Signature) UnmarshalText(text []byte) error {
	b, err := base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	if len(b) != len(s) {
		return fmt.Errorf("signature: %d bytes, want %d", len(b), len(s))
	}
	copy(s[:], b)
	return nil
}

// decodeHex fills dst from exactly twice as many hex digits.
func decodeHex(dst, text []byte) error {
	if len(text) != 2*len(dst) {
		return fmt.Errorf("hex: %d digits, want %d", len(text), 2*len(dst))
	}
	if _, err := hex.Decode(dst, text); err != nil {
		return fmt.Errorf("hex: %w", err)
	}
	return nil
}
