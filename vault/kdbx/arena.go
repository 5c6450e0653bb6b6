package kdbx

import (
	"unsafe"

	"github.com/tideover/tideover/vault"
)

// What one of each takes in memory, for the limit.
const (
	entryWeight  = int64(unsafe.Sizeof(vault.Entry{}))
	groupWeight  = int64(unsafe.Sizeof(vault.Group{}))
	fieldWeight  = int64(unsafe.Sizeof(vault.Field{}))
	binaryWeight = 64
	idWeight     = 48 // an ID in a map
	itemWeight   = 96 // any other list item: icon, custom datum, association…
)

const (
	arenaChunkBytes = 64 << 10
	entriesPerChunk = 128
	fieldsPerChunk  = 1024
)

// arena hands out memory for a document in large pieces, counts it against the
// limit, and clears the bytes if reading fails. Values that stand close in the
// file stand close in memory.
type arena struct {
	left    int64
	bytes   []byte // free part of the current chunk
	all     [][]byte
	entries []vault.Entry
	fields  []vault.Field
}

func newArena(lim Limits) *arena { return &arena{left: lim.MemoryBytes} }

// charge counts n bytes against the limit.
func (a *arena) charge(n int64) error {
	a.left -= n
	if a.left < 0 {
		return hostile("document: needs too much memory")
	}
	return nil
}

// alloc returns n bytes.
func (a *arena) alloc(n int) ([]byte, error) {
	if err := a.charge(int64(n)); err != nil {
		return nil, err
	}
	if n > arenaChunkBytes/4 {
		b := make([]byte, n)
		a.all = append(a.all, b)
		return b, nil
	}
	if n > len(a.bytes) {
		a.bytes = make([]byte, arenaChunkBytes)
		a.all = append(a.all, a.bytes)
	}
	b := a.bytes[:n:n]
	a.bytes = a.bytes[n:]
	return b, nil
}

// copy returns a copy of b.
func (a *arena) copy(b []byte) ([]byte, error) {
	c, err := a.alloc(len(b))
	copy(c, b)
	return c, err
}

// adopt takes over bytes that were allocated and charged elsewhere.
func (a *arena) adopt(b []byte) { a.all = append(a.all, b) }

// entry returns a new entry.
func (a *arena) entry() (*vault.Entry, error) {
	if err := a.charge(entryWeight); err != nil {
		return nil, err
	}
	if len(a.entries) == 0 {
		a.entries = make([]vault.Entry, entriesPerChunk)
	}
	e := &a.entries[0]
	a.entries = a.entries[1:]
	return e, nil
}

// fieldList returns a copy of list that the owner may append to.
func (a *arena) fieldList(list []vault.Field) []vault.Field {
	n := len(list)
	if n == 0 {
		return nil
	}
	if n > fieldsPerChunk/4 {
		return append([]vault.Field(nil), list...)
	}
	if n > len(a.fields) {
		a.fields = make([]vault.Field, fieldsPerChunk)
	}
	out := a.fields[:n:n]
	a.fields = a.fields[n:]
	copy(out, list)
	return out
}

// wipe clears every byte that was handed out.
func (a *arena) wipe() {
	for _, b := range a.all {
		clear(b)
	}
	a.all = nil
}
