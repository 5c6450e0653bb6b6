package vault

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// redacted is what every printing path of a Secret shows.
const redacted = "[redacted]"

// Secret is a byte string that does not print itself: fmt, log/slog and
// encoding/json all see "[redacted]". The zero value is the empty secret.
// Copies share their bytes; Wipe clears them for all copies.
type Secret struct{ b []byte }

// NewSecret takes ownership of b, which the caller must not use afterwards.
func NewSecret(b []byte) Secret { return Secret{b: b} }

// SecretText makes a secret of a string that was never secret, such as a
// title. A string cannot be wiped: do not use it for passwords.
func SecretText(s string) Secret { return Secret{b: []byte(s)} }

// Bytes returns the bytes themselves, not a copy. The caller must not change
// or keep them.
func (s Secret) Bytes() []byte { return s.b }

// Text returns the value as a string, for showing it or for handing it to an
// API that takes nothing else. The copy cannot be wiped.
func (s Secret) Text() string { return string(s.b) }

// Len returns the length in bytes.
func (s Secret) Len() int { return len(s.b) }

// IsEmpty reports whether the length is zero.
func (s Secret) IsEmpty() bool { return len(s.b) == 0 }

// Clone returns a secret with bytes of its own.
func (s Secret) Clone() Secret { return Secret{b: append([]byte(nil), s.b...)} }

// Wipe overwrites the bytes with zeros, in every copy, and empties s.
func (s *Secret) Wipe() {
	clear(s.b)
	s.b = nil
}

// Equal compares in constant time for equal lengths.
func (s Secret) Equal(o Secret) bool { return subtle.ConstantTimeCompare(s.b, o.b) == 1 }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// Format prints "[redacted]" whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns the string "[redacted]": a secret reaches the wire only
// where code takes its Bytes on purpose.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
