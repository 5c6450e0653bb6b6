package process

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"unsafe"
)

// Forget clears what is garbage: memory that no variable reaches any more and
// that nobody can wipe, such as the copies that a library made of a secret. Call
// it when everything is locked: it stops the program for as long as two garbage
// collections and the filling of what is free take, tens of milliseconds and more
// where the heap is large.
//
// Go gives whole free pages back to the system here, which clears them. A free
// place among objects that live on it clears only when it hands it out again: so
// all of them are taken once. What other goroutines let go of meanwhile, and
// stacks, stay as they are: see Discreetly.
func Forget() {
	forgetting.Lock()
	defer forgetting.Unlock()
	// A collection that begins meanwhile would have free places wait for it, and
	// new pages taken before them.
	before := debug.SetGCPercent(off)
	defer func() {
		if now := debug.SetGCPercent(before); now != off { // somebody else's will
			debug.SetGCPercent(now)
		}
	}()
	clearRegisters()
	runtime.GC()         // moves what lies in pools (sync.Pool) to where the next one frees it
	debug.FreeOSMemory() // the next one
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	most := int(stats.HeapInuse-stats.HeapAlloc) + slack // all free places together
	alone()
	defer together()
	for _, class := range stats.BySize {
		size := int(class.Size)
		if size < 8 || size > largestShared {
			continue
		}
		most -= fill(size, most, pointersOf)
		if size >= smallestBytes {
			most -= fill(size, most, bytesOf)
		}
	}
}

// forgetting is held while the collector is off, which is one for the process:
// the second of two would take that for what it was before.
var forgetting sync.Mutex

// off is no collections but those that are asked for.
const off = -1

// alone makes one processor of all, so that none keeps free places to itself.
func alone() { runtime.GOMAXPROCS(1) }

// together is the opposite: as many as there are, or as the environment says.
// Two calls of Forget at a time do not get in each other's way by it.
func together() {
	if n, err := strconv.Atoi(os.Getenv("GOMAXPROCS")); err == nil && n > 0 {
		runtime.GOMAXPROCS(n)
		return
	}
	runtime.SetDefaultGOMAXPROCS()
}

// smallestBytes is the smallest object without pointers: what is smaller lies in
// one of these together with others (runtime/malloc.go, maxTinySize).
const smallestBytes = 16

// largestShared is the largest object that shares pages with others in numbers.
// A secret that is larger is somebody's buffer, and wiped.
const largestShared = 16 << 10

// Go takes memory from the system in pages of this size.
const pageBytes = 8 << 10

// slack is more than the new pages that fill takes to see that it is done, of
// all sizes together.
const slack = 16 << 20

// largestSpan is more than the pages that objects up to largestShared share
// (runtime/sizeclasses.go).
const largestSpan = 64 << 10

// fill takes every free place for objects of a size. They are taken before new
// pages are; so it ends when objects begin to lie one after the other from the
// beginning of a page to its end, five times in a row to be sure, or over more
// than three of what can be free at a stretch. It returns how many bytes it took,
// most at the most.
func fill(size, most int, take func(size int) unsafe.Pointer) (taken int) {
	var begin, end uintptr // of objects that lie one after the other
	tail := spanTail
	for fresh := 0; fresh < 5 && end-begin < 3*largestSpan && taken < most; taken += size {
		at := uintptr(take(size))
		if size > largestPlain {
			at &^= wordBytes // where the word before it begins
			tail = 0
		}
		if at == end {
			end += uintptr(size)
			continue
		}
		rest := -end % pageBytes // what is left of its last page
		if begin%pageBytes == 0 && end > begin && rest < uintptr(size+tail) {
			fresh++
		} else {
			fresh = 0
		}
		begin, end = at, at+uintptr(size)
	}
	return taken
}

// largestPlain is the largest object with pointers that has no word before it.
const largestPlain = 512

// wordBytes is what may stand before an object.
const wordBytes = 8

// spanTail is what the garbage collector may keep for itself at the end of pages
// with objects up to largestPlain.
const spanTail = 256

// bytesOf takes a place among objects without pointers. It returns a pointer so
// that the place is not on the stack.
//
//go:noinline
func bytesOf(size int) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
}

// pointersOf takes a place among objects with pointers. Larger ones have a word
// before them that tells the garbage collector what they are
// (runtime/mbitmap.go).
//
//go:noinline
func pointersOf(size int) unsafe.Pointer {
	words := size / int(unsafe.Sizeof(uintptr(0)))
	if size > largestPlain {
		words--
	}
	return unsafe.Pointer(unsafe.SliceData(make([]*byte, words)))
}
