package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
)

// Type says what was done; the text reaches disk and wire.
type Type string

// The events of a client. A reader takes every well-formed type, so that an
// old server keeps the journal of a new client.
const (
	Unlock       Type = "unlock"
	FailedUnlock Type = "failed_unlock"
	Reveal       Type = "reveal"
	Copy         Type = "copy"
	TOTP         Type = "totp"
	Attachment   Type = "attachment"
	Export       Type = "export"
	OverlayEdit  Type = "overlay_edit"
	Clear        Type = "clear"
)

// Hash is a link of the chain: a SHA-256; as text 64 lower-case hex digits.
type Hash [32]byte

// String returns the hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns String as bytes.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads 64 hex digits.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 2*len(h) {
		return fmt.Errorf("hash: %d digits, want %d", len(text), 2*len(h))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Event is one thing that was done. It holds identifiers, never a secret and
// never a title: it lies on disk in plain.
type Event struct {
	Seq        uint64    `json:"seq"` // 1, 2, 3… in its chain
	At         time.Time `json:"at"`  // UTC, whole milliseconds
	Type       Type      `json:"type"`
	Entry      vault.ID  `json:"entry"`  // zero: it concerns no entry
	Detail     string    `json:"detail"` // a field's name, an attachment's id, a count; see MaxDetailBytes
	Generation uint64    `json:"generation"`
	Prev       Hash      `json:"prev"` // Hash of the event before, or of the chain's Start
	Hash       Hash      `json:"hash"`
}

// Limits of an event. A journal is read whole before anything is authenticated.
const (
	MaxTypeBytes   = 32
	MaxDetailBytes = 256
)

// domain begins everything that is hashed here, so that no other hash of ours
// can be taken for a link.
const (
	domainEvent = "tideover/event/1\n"
	domainStart = "tideover/journal/1\n"
)

// Start returns what the first event of a device's chain has as Prev.
func Start(device vault.ID) Hash {
	return sha256.Sum256(append([]byte(domainStart), device[:]...))
}

// Canonical returns the bytes that are hashed, everything but Hash: domain,
// prev (32), seq (8), milliseconds since 1970 (8), generation (8), entry (16),
// then type and detail, each after its length in 2 bytes; numbers big-endian.
// A server stores or rebuilds them and comes to the same Hash.
func (e *Event) Canonical() []byte {
	b := make([]byte, 0, len(domainEvent)+76+len(e.Type)+len(e.Detail))
	b = append(b, domainEvent...)
	b = append(b, e.Prev[:]...)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, e.Generation)
	b = append(b, e.Entry[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.Type)))
	b = append(b, e.Type...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.Detail)))
	return append(b, e.Detail...)
}

// fixedBytes is the length of Canonical without type and detail.
const fixedBytes = len(domainEvent) + 32 + 8 + 8 + 8 + 16 + 2 + 2

// Sum returns the hash that e should have.
func (e *Event) Sum() Hash { return sha256.Sum256(e.Canonical()) }

// check reports an event that no chain may hold.
func (e *Event) check() error {
	switch {
	case e.Seq == 0:
		return errors.New("number 0")
	case len(e.Type) == 0 || len(e.Type) > MaxTypeBytes:
		return fmt.Errorf("type of %d bytes", len(e.Type))
	case len(e.Detail) > MaxDetailBytes:
		return fmt.Errorf("detail of %d bytes, at most %d", len(e.Detail), MaxDetailBytes)
	case !utf8.ValidString(e.Detail):
		return errors.New("detail is not UTF-8")
	case e.At.UnixMilli() < 0 || e.At.Year() > 9999:
		return errors.New("time out of range")
	case e.At.Nanosecond()%int(time.Millisecond) != 0:
		return errors.New("time finer than a millisecond")
	}
	for _, c := range []byte(e.Type) {
		if (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9') {
			return errors.New("type is not a word")
		}
	}
	for _, r := range e.Detail {
		if r < 0x20 || r == 0x7f {
			return errors.New("detail with a control character")
		}
	}
	return nil
}

// parseEvent reads what Canonical writes, followed by the hash, and checks both.
func parseEvent(b []byte) (Event, error) {
	var e Event
	if len(b) < fixedBytes+len(e.Hash) || string(b[:len(domainEvent)]) != domainEvent {
		return e, errors.New("not an event")
	}
	body := b[:len(b)-len(e.Hash)]
	copy(e.Hash[:], b[len(body):])
	r := body[len(domainEvent):]
	take := func(n int) []byte {
		part := r[:n]
		r = r[n:]
		return part
	}
	copy(e.Prev[:], take(32))
	e.Seq = binary.BigEndian.Uint64(take(8))
	ms := binary.BigEndian.Uint64(take(8))
	if ms > math.MaxInt64 {
		return e, errors.New("time out of range")
	}
	e.At = time.UnixMilli(int64(ms)).UTC()
	e.Generation = binary.BigEndian.Uint64(take(8))
	copy(e.Entry[:], take(16))
	n := int(binary.BigEndian.Uint16(take(2)))
	if n+2 > len(r) {
		return e, errors.New("type beyond the end")
	}
	e.Type = Type(take(n))
	n = int(binary.BigEndian.Uint16(take(2)))
	if n != len(r) {
		return e, errors.New("detail of another length")
	}
	e.Detail = string(take(n))
	if err := e.check(); err != nil {
		return e, err
	}
	if e.Sum() != e.Hash {
		return e, errors.New("hash")
	}
	return e, nil
}
