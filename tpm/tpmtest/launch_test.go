package tpmtest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// A plain program launches a machine, stops it, and finds it again as it was.
func TestLaunchAgain(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "tpm")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var first binding.Machine
	var blob []byte
	for round := range 2 {
		p, err := tpmtest.Launch(filepath.Join(dir, "state"))
		if err != nil {
			t.Fatal(err)
		}
		chip, err := tpm.Open(t.Context(), p.Spec())
		if err != nil {
			t.Fatal(err)
		}
		m, err := chip.Machine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if m.Level != binding.LevelB {
			t.Errorf("round %d: level %s, want B", round, m.Level)
		}
		if round == 0 {
			first = m
			if blob, err = chip.Protect(t.Context(), []byte("kept")); err != nil {
				t.Fatal(err)
			}
		} else {
			if !bytes.Equal(m.RootName, first.RootName) {
				t.Error("another machine after a restart")
			}
			if got, err := chip.Unprotect(t.Context(), blob); err != nil || string(got) != "kept" {
				t.Errorf("unprotect: %q, %v", got, err)
			}
		}
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		if _, err := tpm.Open(t.Context(), p.Spec()); err == nil {
			t.Error("the chip answers after Stop")
		}
	}
}

func TestLaunchRefuses(t *testing.T) {
	if _, err := tpmtest.Launch("/tmp/" + strings.Repeat("long", 30)); err == nil {
		t.Error("a path that no socket can have")
	}
	if _, err := tpmtest.Launch("/dev/null/state"); err == nil {
		t.Error("a directory below a file")
	}
}

// What the methods promise about time and memory is what package tpm's tests
// stand on.
func TestSnapshot(t *testing.T) {
	m := tpmtest.Start(t)
	read := func() binding.Clock {
		c, err := m.Open(t).Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	start := read()
	snapshot := m.Snapshot() // one orderly restart
	m.Reboot()
	m.Reboot()
	if got, want := read().Resets, start.Resets+3; got != want {
		t.Errorf("resets: got %d, want %d", got, want)
	}
	m.Restore(snapshot)
	if got, want := read().Resets, start.Resets+1; got != want {
		t.Errorf("resets after going back: got %d, want %d", got, want)
	}
}
