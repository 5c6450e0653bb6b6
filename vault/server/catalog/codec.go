package catalog

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/tideover/tideover/vault"
)

// contentVersion is the first byte of every encoded content. A reader refuses
// another one: what it does not know it would lose.
const contentVersion = 1

// The encoding is a sequence of values in a fixed order, without names. Numbers
// are varints (encoding/binary), texts and bytes stand behind their length,
// lists behind their number of items, truth values are one byte 0 or 1, a time
// is such a byte and, for 1, seconds and nanoseconds since 1970. There is one
// encoding for each value, and nothing may follow the last.

func putBytes[T string | []byte](b []byte, v T) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

func putBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func putTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	b = binary.AppendVarint(append(b, 1), t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

func putTimes(b []byte, t vault.Times) []byte {
	for _, at := range [...]time.Time{t.Created, t.Modified, t.Accessed, t.LocationChanged, t.Expiry} {
		b = putTime(b, at)
	}
	b = putBool(b, t.Expires)
	return binary.AppendUvarint(b, t.UsageCount)
}

func putIcon(b []byte, i vault.Icon) []byte {
	b = binary.AppendUvarint(b, uint64(i.Standard))
	return append(b, i.Custom[:]...)
}

func putTexts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = putBytes(b, s)
	}
	return b
}

func putCustomData(b []byte, list []vault.CustomDatum) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, d := range list {
		b = putTime(putBytes(putBytes(b, d.Key), d.Value), d.Modified)
	}
	return b
}

func putUnknown(b []byte, list []vault.Raw) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, r := range list {
		b = putBytes(b, []byte(r))
	}
	return b
}

// reader takes values off the front of b. After the first fault every value is
// zero and bad stays set, so that callers ask once, at the end.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() {
	r.bad = true
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) bool() bool {
	c := r.byte()
	if c > 1 {
		r.fail()
	}
	return c == 1
}

func (r *reader) number() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 { // the usual case
		return uint64(r.byte())
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 || r.b[n-1] == 0 { // a last byte of 0 is a longer form of the same number
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// numberTo is a number that is at most limit.
func (r *reader) numberTo(limit uint64) uint64 {
	n := r.number()
	if n > limit {
		r.fail()
		return 0
	}
	return n
}

// count returns the length of a list whose items take at least size bytes each:
// no more than can follow, so that nothing is allocated for a number alone.
func (r *reader) count(size int) int {
	n := r.number()
	if n > uint64(len(r.b)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

// bytes returns a part of the buffer itself.
func (r *reader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string { return string(r.bytes()) }

func (r *reader) id() (id vault.ID) {
	if len(r.b) < len(id) {
		r.fail()
		return id
	}
	copy(id[:], r.b)
	r.b = r.b[len(id):]
	return id
}

func (r *reader) time() time.Time {
	if !r.bool() {
		return time.Time{}
	}
	seconds, n := binary.Varint(r.b)
	if n <= 0 || (n > 1 && r.b[n-1] == 0) {
		r.fail()
		return time.Time{}
	}
	r.b = r.b[n:]
	nanos := r.number()
	if nanos >= uint64(time.Second) {
		r.fail()
		return time.Time{}
	}
	t := time.Unix(seconds, int64(nanos)).UTC()
	if t.IsZero() { // has a form of its own
		r.fail()
	}
	return t
}

func (r *reader) times() vault.Times {
	return vault.Times{
		Created: r.time(), Modified: r.time(), Accessed: r.time(), LocationChanged: r.time(), Expiry: r.time(),
		Expires: r.bool(), UsageCount: r.number(),
	}
}

func (r *reader) icon() vault.Icon {
	return vault.Icon{Standard: uint32(r.numberTo(math.MaxUint32)), Custom: r.id()}
}

func (r *reader) texts() []string {
	n := r.count(1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.text()
	}
	return list
}

func (r *reader) customData() []vault.CustomDatum {
	n := r.count(3)
	if n == 0 {
		return nil
	}
	list := make([]vault.CustomDatum, n)
	for i := range list {
		list[i] = vault.CustomDatum{Key: r.text(), Value: r.text(), Modified: r.time()}
	}
	return list
}

func (r *reader) unknown() []vault.Raw {
	n := r.count(1)
	if n == 0 {
		return nil
	}
	list := make([]vault.Raw, n)
	for i := range list {
		list[i] = vault.Raw(r.bytes())
	}
	return list
}

// end returns a Damaged problem unless everything was read and was well formed.
func (r *reader) end(what string, id vault.ID) error {
	if r.bad || len(r.b) > 0 {
		return vault.Fail(vault.Damaged, "content of %s %s", what, id)
	}
	return nil
}
