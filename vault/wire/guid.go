package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tideover/tideover/vault"
)

// GUID is a vault.ID in the lenient form of the Pleasant API: it is written in
// lower case, and read in either case, with braces, as "" or as a zero GUID of
// any length. The official documentation itself sends a zero GUID of 35
// characters, and clients copy it.
type GUID vault.ID

// MarshalJSON returns the 36-character form; the zero GUID means "none".
func (g GUID) MarshalJSON() ([]byte, error) {
	return []byte(`"` + vault.ID(g).String() + `"`), nil
}

// UnmarshalJSON reads what the type's comment says; null is the zero GUID.
func (g *GUID) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*g = GUID{}
		return nil
	}
	text, _, err := unquote(b)
	if err != nil {
		return err
	}
	id, err := ParseGUID(string(text))
	*g = GUID(id)
	return err
}

// ParseGUID reads a GUID as leniently as the Pleasant API does.
func ParseGUID(s string) (vault.ID, error) {
	s = strings.TrimSpace(s)
	if strings.Trim(s, "0-{}") == "" {
		return vault.ID{}, nil
	}
	return vault.ParseID(s)
}

// Number is a small integer that some clients send as a string, or as "".
type Number int

// UnmarshalJSON reads 6, "6" and "", which is 0; null is 0.
func (n *Number) UnmarshalJSON(b []byte) error {
	text := strings.TrimSpace(strings.Trim(string(b), `"`))
	if text == "" || text == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return fmt.Errorf("number: %w", err)
	}
	*n = Number(v)
	return nil
}

// parseID reads the 36-character form.
func parseID(id *vault.ID, b []byte) error {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return errors.New("malformed GUID")
	}
	var compact [32]byte
	n := copy(compact[:], b[:8])
	n += copy(compact[n:], b[9:13])
	n += copy(compact[n:], b[14:18])
	n += copy(compact[n:], b[19:23])
	copy(compact[n:], b[24:])
	if _, err := hex.Decode(id[:], compact[:]); err != nil {
		return errors.New("malformed GUID")
	}
	return nil
}
