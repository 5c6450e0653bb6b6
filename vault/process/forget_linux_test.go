package process_test

import (
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tideover/tideover/vault/process"
)

// mark is what garbage is made of here.
const mark = 0xA7

func TestForget(t *testing.T) {
	var kept [][]byte
	var lost []uintptr // addresses, inverted: nobody shall take them for pointers
	for _, size := range []int{16, 32, 48, 64, 100, 128, 500, 1000, 4000} {
		for i := range 300 {
			b := make([]byte, size)
			for k := range b {
				b[k] = mark
			}
			if i%3 == 0 { // so that its page stays the heap's
				clear(b)
				kept = append(kept, b)
			} else {
				lost = append(lost, ^uintptr(unsafe.Pointer(&b[0])))
			}
		}
	}
	if at := memory(t); at(lost[0]) != mark {
		t.Fatal("the test does not see memory")
	}
	process.Forget()
	left, at := 0, memory(t)
	for _, address := range lost {
		if at(address) == mark {
			left++
		}
	}
	const alive = 3 // at most: addresses that a stack or a register still has
	if left > alive {
		t.Errorf("%d of %d pieces of garbage are left", left, len(lost))
	}
	runtime.KeepAlive(kept)
}

// What a function leaves on the stack is gone after Discreetly, which returns
// when the function has.
func TestDiscreetly(t *testing.T) {
	var address uintptr
	process.Discreetly(func() { address = leave() })
	if address == 0 || memory(t)(address) == mark {
		t.Errorf("at %x the stack has what was left there", ^address)
	}
}

// leave fills a piece of the stack and returns its address, inverted.
//
//go:noinline
func leave() uintptr {
	var b [64]byte
	for i := range b {
		b[i] = mark
	}
	return ^uintptr(unsafe.Pointer(&b))
}

// memory returns how to read a byte of this process at an inverted address, also
// one that Go holds for garbage.
func memory(t *testing.T) func(uintptr) byte {
	t.Helper()
	f, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // only read
	return func(address uintptr) byte {
		var b [1]byte
		if _, err := unix.Pread(int(f.Fd()), b[:], int64(^address)); err != nil {
			t.Fatal(err)
		}
		return b[0]
	}
}
