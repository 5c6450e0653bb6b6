package locked_test

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tideover/tideover/vault/locked"
)

func TestBytesDoNotOverlap(t *testing.T) {
	a := locked.New(8 << 10)
	defer a.Wipe()
	var all [][]byte
	for i := range 5000 {
		n := i % 97
		if i%500 == 0 {
			n = 20000 // larger than a piece
		}
		b := a.Bytes(n)
		if len(b) != n || cap(b) != n {
			t.Fatalf("%d bytes, room for %d; want %d", len(b), cap(b), n)
		}
		if len(bytes.Trim(b, "\x00")) > 0 {
			t.Fatal("not zeros")
		}
		for k := range b {
			b[k] = byte(i) | 1
		}
		all = append(all, b)
	}
	for i, b := range all {
		if len(bytes.Trim(b, string([]byte{byte(i) | 1}))) > 0 {
			t.Fatalf("slice %d was written over", i)
		}
	}
}

// Whoever still holds a slice after Wipe finds zeros in it, for as long as it
// is held.
func TestWipe(t *testing.T) {
	a := locked.New(0)
	original := []byte("correct horse battery staple")
	held := a.Move(original)
	if string(held) != "correct horse battery staple" || len(bytes.Trim(original, "\x00")) > 0 {
		t.Fatalf("moved %q, left %q", held, original)
	}
	a.Wipe()
	a.Wipe()
	runtime.GC()
	again := a.Bytes(len(held)) // works again, elsewhere
	copy(again, "something else of that length")
	if len(bytes.Trim(held, "\x00")) > 0 {
		t.Errorf("after Wipe: %q", held)
	}
	a.Wipe()
	if n := a.Locked(); n != 0 {
		t.Errorf("%d bytes locked", n)
	}
}

func TestConcurrently(t *testing.T) {
	a := locked.New(0)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 1000 {
				b := a.Bytes(24)
				copy(b, "in use")
			}
			a.Wipe()
		})
	}
	all.Wait()
}

// The kernel's own account says whether pages are locked and left out of dumps.
func TestKernelKnows(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		t.Fatal(err)
	}
	const size = 256 << 10
	a := locked.New(size)
	b := a.Bytes(100)
	copy(b, "secret")
	if limit.Cur < 2*size && os.Getuid() != 0 { // nothing to lock with: it works all the same
		if a.Locked() != 0 && a.Locked() != size {
			t.Errorf("%d bytes locked", a.Locked())
		}
	} else if a.Locked() != size {
		t.Errorf("%d bytes locked, want %d", a.Locked(), size)
	}
	if kb := vmLocked(t); kb < a.Locked()>>10 {
		t.Errorf("the kernel has %d kB locked", kb)
	}
	before := dumped(t)
	a.Wipe()
	if kb := vmLocked(t); kb > 0 {
		t.Errorf("the kernel has %d kB locked after Wipe", kb)
	}
	if after := dumped(t); before-after != 1 {
		t.Errorf("%d regions left out of dumps with a piece, %d without", before, after)
	}
}

// Where hardly anything may be locked, everything works without.
func TestLimitReached(t *testing.T) {
	if os.Getenv("LOCKED_TEST_CHILD") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLimitReached$", "-test.v")
		cmd.Env = append(os.Environ(), "LOCKED_TEST_CHILD=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	const limit = 64 << 10
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 { // root has no limit, nobody else has its right
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		runtime.LockOSThread()
		if err := unix.Capset(&head, &none[0]); err != nil {
			t.Fatal(err)
		}
	}
	keys, content := locked.New(0), locked.New(48<<10)
	key := keys.Copy([]byte("first come"))
	for range 100 {
		b := content.Bytes(4000)
		copy(b, "first served")
	}
	page := os.Getpagesize()
	if keys.Locked() != page || content.Locked() != 48<<10 {
		t.Errorf("%d and %d bytes locked, want %d and %d", keys.Locked(), content.Locked(), page, 48<<10)
	}
	content.Wipe()
	if string(key) != "first come" {
		t.Errorf("key %q", key)
	}
	keys.Wipe()
}

func vmLocked(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmLck:")
	line, _, _ := strings.Cut(rest, "kB")
	kb, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return kb
}

// dumped returns how many regions of this process are left out of dumps.
func dumped(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(maps)) {
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && strings.Contains(flags, " dd") && !strings.Contains(flags, " io") && !strings.Contains(flags, " pf") {
			n++
		}
	}
	return n
}
