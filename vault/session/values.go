package session

import (
	"math/bits"
	"reflect"
	"runtime"

	"github.com/tideover/tideover/vault"
)

// How much memory is taken at once for the values of a listing: little for one
// entry, and for many so much that they need few pieces.
const (
	minRoom = 1 << 10
	maxRoom = 64 << 10
)

// values holds the open values of what was read from a cache: copies, as those
// of the cache are wiped by a Lock under whoever reads them. A copy cannot be
// wiped while somebody may hold it, so the memory is cleared when nobody does
// any more. The nil values make no copies, for what is read under the lock.
type values struct {
	free []byte // rest of the newest piece
	size int    // of the next one
}

// own returns a copy of a value.
func (v *values) own(s vault.Secret) vault.Secret {
	n := s.Len()
	if v == nil || n == 0 {
		return s
	}
	if n > len(v.free) {
		if n >= maxRoom/4 { // its own, so that the rest of this one is not lost
			return vault.NewSecret(append(room(n)[:0], s.Bytes()...))
		}
		v.size = min(max(2*v.size, minRoom), maxRoom)
		for v.size < n {
			v.size *= 2
		}
		v.free = room(v.size)
	}
	copied := v.free[:n:n]
	v.free = v.free[n:]
	copy(copied, s.Bytes())
	return vault.NewSecret(copied)
}

// room returns memory for at least n bytes that is cleared when no slice of it
// is left. It is an array, not made as a slice, because only such an object may
// have a finalizer; its length is a power of two, so that there are few types.
func room(n int) []byte {
	length := 1 << bits.Len(uint(n-1))
	array := reflect.New(reflect.ArrayOf(length, reflect.TypeFor[byte]()))
	runtime.SetFinalizer(array.Interface(), wipeRoom)
	return array.Elem().Bytes()
}

// wipeRoom clears an array of bytes, given by its pointer.
func wipeRoom(array any) { clear(reflect.ValueOf(array).Elem().Bytes()) }
