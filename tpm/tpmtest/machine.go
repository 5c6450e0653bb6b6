package tpmtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
)

// Machine is one computer with a TPM, for a test. Its methods fail the test
// that started it; they are not safe for concurrent use, its socket is.
type Machine struct {
	t testing.TB
	p *Process
}

// Start makes a machine of level B that ends with the test.
func Start(t testing.TB) *Machine {
	t.Helper()
	m := StartDefault(t)
	m.SetLockout(ordinaryTries, ordinaryInterval)
	return m
}

// StartDefault makes a machine with swtpm's own lockout of 3 failures, which
// bears level B0 only.
func StartDefault(t testing.TB) *Machine {
	t.Helper()
	// Not t.TempDir: its path holds the test's name, and a socket's is short.
	dir, err := os.MkdirTemp(memory(), "tpm")
	if err != nil {
		t.Fatal(err)
	}
	p, err := launch(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return &Machine{t, p}
}

// memory returns a folder whose files need no disk, where the system has one:
// swtpm syncs what it keeps at every step of a counter.
func memory() string {
	const shared = "/dev/shm" // of Linux (shm_overview(7))
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return "/tmp"
}

// Spec returns what tpm.Open takes.
func (m *Machine) Spec() string { return m.p.Spec() }

// Open opens the chip for the rest of the test.
func (m *Machine) Open(t testing.TB) *tpm.Chip {
	t.Helper()
	chip, err := tpm.Open(context.Background(), m.Spec())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := chip.Close(); err != nil {
			t.Error(err)
		}
	})
	return chip
}

// must ends the test.
func (m *Machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// PowerCut takes the power away and gives it back: the clock falls back to its
// last save, resets go up by one, and a shared lockout that has been used
// counts one failure.
func (m *Machine) PowerCut() {
	m.t.Helper()
	m.p.kill()
	m.must(m.p.start())
}

// Reboot is an orderly shutdown and start: resets go up by one, nothing is lost.
func (m *Machine) Reboot() {
	m.t.Helper()
	m.must(m.p.shutdown())
	m.PowerCut()
}

// Clear clears the chip as its owner may: nothing made before opens again, the
// storage root is another one, clock and resets start anew. An ordinary
// lockout is set again, which a chip from StartDefault did not have.
func (m *Machine) Clear() {
	m.t.Helper()
	m.must(m.p.Clear())
}

// AdvanceClock puts the chip's clock forward, which only its owner may, as if
// the machine had run for d. There is no way back.
func (m *Machine) AdvanceClock(d time.Duration) {
	m.t.Helper()
	clock, err := m.Open(m.t).Clock(context.Background())
	m.must(err)
	m.must(m.p.owned(ccClockSet, rhOwner, u64(clock.MS+uint64(d/time.Millisecond))))
}

// SetOwnerPassword gives the chip's owner a password, as some administrators
// do. Before, he must have none, and AdvanceClock works before only.
func (m *Machine) SetOwnerPassword(password []byte) {
	m.t.Helper()
	m.must(m.p.owned(ccHierarchyChangeAuth, rhOwner, u16(uint16(len(password))), password))
}

// SetLockout sets how many failures the chip's shared lockout allows and how
// long it takes to forgive one; interval is whole seconds.
func (m *Machine) SetLockout(tries int, interval time.Duration) {
	m.t.Helper()
	m.must(m.p.setLockout(tries, interval))
}

// ResetLockout forgives all failures.
func (m *Machine) ResetLockout() {
	m.t.Helper()
	m.must(m.p.ResetLockout())
}

// Loaded counts the objects and sessions in the chip. Between calls of package
// tpm there must be none.
func (m *Machine) Loaded() int {
	m.t.Helper()
	objects, err := m.p.handles(transientObjects)
	m.must(err)
	sessions, err := m.p.handles(loadedSessions)
	m.must(err)
	return objects + sessions
}

// Snapshot is a copy of a machine's TPM state, as a virtual machine makes it.
type Snapshot map[string][]byte

// Snapshot copies the state of the machine after an orderly shutdown, and
// starts it again.
func (m *Machine) Snapshot() Snapshot {
	m.t.Helper()
	m.must(m.p.shutdown())
	m.p.kill()
	files, err := os.ReadDir(m.p.dir)
	m.must(err)
	s := Snapshot{}
	for _, f := range files {
		if isState(f.Name()) {
			s[f.Name()], err = os.ReadFile(filepath.Join(m.p.dir, f.Name()))
			m.must(err)
		}
	}
	if len(s) == 0 {
		m.t.Fatal("swtpm left no state to copy")
	}
	m.must(m.p.start())
	return s
}

// Restore puts a snapshot back and starts the machine from it.
func (m *Machine) Restore(s Snapshot) {
	m.t.Helper()
	m.p.kill()
	files, err := os.ReadDir(m.p.dir)
	m.must(err)
	for _, f := range files {
		if isState(f.Name()) {
			m.must(os.Remove(filepath.Join(m.p.dir, f.Name())))
		}
	}
	for name, b := range s {
		m.must(os.WriteFile(filepath.Join(m.p.dir, name), b, 0o600))
	}
	m.must(m.p.start())
}

// isState reports whether a file of swtpm's directory is the chip's memory.
func isState(name string) bool {
	return strings.HasSuffix(name, ".permall") || strings.HasSuffix(name, ".volatilestate") || strings.HasSuffix(name, ".savestate")
}
