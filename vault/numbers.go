package vault

import "hash/maphash"

// Numbers finds numbered things by their identifiers. It takes some ten bytes
// for each, a third of what a map does, as it asks for the identifiers instead
// of keeping them. It does not change and is safe for concurrent use; the zero
// Numbers finds nothing.
type Numbers struct {
	id    func(n int) ID
	seed  maphash.Seed
	slots []int32 // by the hash of the identifier: the number and one; 0: free
}

// NewNumbers returns the Numbers of count things, of which id returns the
// identifiers for as long as it is used.
func NewNumbers(count int, id func(n int) ID) Numbers {
	size := 16
	for size < 2*count { // half of them free, so that few are looked at
		size *= 2
	}
	t := Numbers{id: id, seed: maphash.MakeSeed(), slots: make([]int32, size)}
	for n := range count {
		t.slots[t.slot(id(n))] = int32(n + 1)
	}
	return t
}

// Find returns the number of the thing with that identifier, of several the
// last; -1: there is none.
func (t *Numbers) Find(id ID) int {
	if t.slots == nil {
		return -1
	}
	return int(t.slots[t.slot(id)]) - 1
}

// slot returns where in slots an identifier stands, or would.
func (t *Numbers) slot(id ID) int {
	mask := len(t.slots) - 1
	for k := int(maphash.Comparable(t.seed, id)) & mask; ; k = (k + 1) & mask {
		if n := t.slots[k]; n == 0 || t.id(int(n)-1) == id {
			return k
		}
	}
}
