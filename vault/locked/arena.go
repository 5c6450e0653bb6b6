// Package locked hands out memory for secrets: pages that the system is asked
// not to swap out and not to dump, and that are cleared all at once.
//
// It does not know what is in them, encrypts nothing, and does not keep the
// program as such from being dumped, which vault/process does. It imports
// nothing of ours.
//
// The memory is the garbage collector's, in pages of its own. So a slice of it
// that somebody still holds after Wipe reads as zeros, where with pages of our
// own it would end the program, or, used again, show another's secrets. A page
// for each secret, as other libraries have it, would take gigabytes for a
// hundred thousand entries.
//
// The invariant: after Wipe no byte of what was handed out is left, and no page
// is locked; locking is tried and never needed.
package locked

import (
	"os"
	"sync"
	"unsafe"
)

// Arena is memory that lives and ends together. It is safe for concurrent use.
// The zero value is not usable.
type Arena struct {
	piece int // bytes of pages taken at once
	page  int

	mu     sync.Mutex
	pieces [][]byte // whole pages
	free   []byte   // of the last shared piece
	held   int      // how many of them the system has locked, which are the first
	full   bool     // it has refused: nothing more is asked of it
}

// New returns an arena that takes at least pieceBytes of memory at a time; 0
// means one page, which is right for a few keys. It takes none yet.
func New(pieceBytes int) *Arena {
	page := os.Getpagesize()
	return &Arena{piece: max(roundUp(pieceBytes, page), page), page: page}
}

// Bytes returns n bytes of zeros, which belong to the caller until Wipe. Their
// capacity is their length: appending moves them out of the arena.
func (a *Arena) Bytes(n int) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n > a.piece/4 && n > len(a.free) { // its own, so that the rest of the last is not lost
		return a.take(n)[:n:n]
	}
	if n > len(a.free) {
		a.free = a.take(a.piece)
	}
	b := a.free[:n:n]
	a.free = a.free[n:]
	return b
}

// Copy returns a copy of b in the arena. The original is not wiped.
func (a *Arena) Copy(b []byte) []byte {
	c := a.Bytes(len(b))
	copy(c, b)
	return c
}

// Move returns a copy of b in the arena, and clears b.
func (a *Arena) Move(b []byte) []byte {
	c := a.Copy(b)
	clear(b)
	return c
}

// Locked returns how many bytes the system keeps out of swap.
func (a *Arena) Locked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, p := range a.pieces[:a.held] {
		n += len(p)
	}
	return n
}

// Wipe clears everything that was handed out, and lets go of it. The arena may
// be used again, with memory of its own. It may be called twice.
func (a *Arena) Wipe() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.pieces {
		clear(p)
	}
	for i, p := range a.pieces {
		if i < a.held {
			unlock(p)
		}
		expose(p)
	}
	a.pieces, a.free, a.held, a.full = nil, nil, 0, false
}

// take returns whole pages for n bytes, on which nothing else lies.
func (a *Arena) take(n int) []byte {
	size := roundUp(n, a.page)
	p := make([]byte, size)
	if skip := a.beyond(p); skip != 0 { // not so with the pages of today's systems and Go's sizes
		p = make([]byte, size+a.page)
		skip = a.beyond(p)
		p = p[skip : skip+size : skip+size]
	}
	conceal(p)
	a.pieces = append(a.pieces, p)
	if a.full = a.full || !lock(p); !a.full {
		a.held++
	}
	return p
}

// beyond returns how far it is from the beginning of p to the next page.
func (a *Arena) beyond(p []byte) int {
	return -int(uintptr(unsafe.Pointer(unsafe.SliceData(p)))) & (a.page - 1)
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
