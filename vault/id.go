package vault

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// ID is a GUID in network byte order, 16 bytes. The zero ID means "none".
type ID [16]byte

// NewID returns a random version 4 GUID (RFC 9562, section 5.4). Other
// people's clients recognise an argument as an identifier only if it is one.
func NewID() ID {
	var id ID
	rand.Read(id[:]) //nolint:errcheck // crypto/rand.Read never returns an error (Go 1.24)
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseID reads the 36-character form with hyphens, in either case, with or
// without braces. Anything else is an error.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, fmt.Errorf("parse id: want 36 characters with hyphens, got %d", len(s))
	}
	compact := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(compact)); err != nil {
		return ID{}, fmt.Errorf("parse id: %w", err)
	}
	return id, nil
}

// String returns the lower-case form with hyphens.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// IsZero reports whether the ID is the zero ID, which means "none".
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText returns String as bytes; JSON uses it.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what ParseID reads.
func (id *ID) UnmarshalText(b []byte) error {
	parsed, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
