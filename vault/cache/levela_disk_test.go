package cache_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// refusingDisk takes nothing from the moment at which refuse says so, or only not
// what it says.
type refusingDisk struct {
	cache.SystemDisk
	refuse func(op, name string) bool
	only   bool
	full   bool
}

func (d *refusingDisk) refuses(op, path string) bool {
	if d.refuse(op, filepath.Base(path)) {
		d.full = !d.only
		return true
	}
	return d.full
}

func (d *refusingDisk) Create(path string) (cache.DiskFile, error) {
	if d.refuses("create", path) {
		return nil, fs.ErrPermission
	}
	return d.SystemDisk.Create(path)
}

func (d *refusingDisk) Rename(from, to string) error {
	if d.refuses("rename", to) {
		return fs.ErrPermission
	}
	return d.SystemDisk.Rename(from, to)
}

func (d *refusingDisk) Remove(path string) error {
	if d.refuses("remove", path) {
		return fs.ErrPermission
	}
	return d.SystemDisk.Remove(path)
}

// TestDiskTakesNothingAtLevelA has a disk that becomes full, or read-only, while
// the process lives and the chip goes on.
func TestDiskTakesNothingAtLevelA(t *testing.T) {
	w := newWorldA(t)
	ctx := t.Context()
	w.cacheA("old")
	renamed := false
	for _, tt := range []struct {
		name   string
		refuse func(op, name string) bool
		want   string
	}{
		{"before the number is noted", func(op, name string) bool { return name == "client.json.new" }, "old"},
		{"before the file", func(op, name string) bool { return name == "cache.kdbx.new" }, "old"},
		{"before it is announced", func(op, name string) bool {
			defer func() { renamed = renamed || name == "cache.kdbx.new" }()
			return renamed && op == "rename"
		}, "old"},
		{"at the rename, after the commit point", func(op, name string) bool { return op == "rename" && name == "cache.kdbx" }, "new"},
	} {
		w.cacheA("old")
		before := w.copied()
		w.disk = &refusingDisk{refuse: tt.refuse, only: tt.want == "new"} // then what failed could be tidied away
		err := w.tryA("new")
		w.disk = nil
		if !errors.Is(err, vault.ReadOnly) {
			t.Errorf("%s: Commit: %v", tt.name, err)
		}
		if got := w.title(); got != tt.want {
			t.Errorf("%s: opened %q, want %q", tt.name, got, tt.want)
		}
		if tt.want == "new" {
			before.refuses(vault.Superseded, cache.Superseded)
		}
	}

	// While the rename cannot be done, what is committed is what status tells of,
	// and nothing opens for want of a journal.
	w.cacheA("old")
	w.disk = &refusingDisk{refuse: func(op, name string) bool { return op == "rename" && name == "cache.kdbx" }}
	if err := w.tryA("new"); !errors.Is(err, vault.ReadOnly) {
		t.Fatalf("Commit: %v", err)
	}
	if st := w.status(); st.State != cache.Usable || st.Generation != w.last.Generation {
		t.Errorf("Status: %s (%v), generation %d", st.State, st.Problem, st.Generation)
	}
	if _, err := w.unlock(master); !errors.Is(err, vault.ReadOnly) {
		t.Errorf("Unlock: %v", err)
	}
	w.disk = nil
	w.opens("new")

	// A wipe whose mark is taken and whose files stay.
	kept := w.copied()
	w.disk = &refusingDisk{refuse: func(op, _ string) bool { return op == "remove" }}
	if err := w.store().Clear(ctx, cache.ByOrder); !errors.Is(err, vault.ReadOnly) {
		t.Errorf("Clear: %v", err)
	}
	w.disk = nil
	kept.refuses(vault.Superseded, cache.Superseded)
	w.refuses(vault.Wiped, cache.Wiped)
	if fileExists(w.file("cache.kdbx")) {
		t.Error("the file is left after the next start")
	}
}

// TestClearWhilePreparedAtLevelA lets a wipe overtake a generation that is being
// made, before and after its lease was signed.
func TestClearWhilePreparedAtLevelA(t *testing.T) {
	w := newWorldA(t)
	ctx := t.Context()
	w.cacheA("one")
	s := w.store()
	p, err := s.Prepare(ctx, w.request())
	if err != nil {
		t.Fatal(err)
	}
	token := w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil)
	if err := s.Clear(ctx, cache.ByOrder); err != nil {
		t.Fatal(err)
	}
	if _, err = p.Commit(ctx, content("two"), token); !errors.Is(err, vault.Wiped) {
		t.Fatalf("Commit: %v", err)
	}
	if n := w.counter(); n <= p.Declaration().Generation {
		t.Errorf("the counter is at %d, what was prepared is %d", n, p.Declaration().Generation)
	}
	if _, err := w.unlock(master); !errors.Is(err, vault.Wiped) {
		t.Errorf("Unlock: %v", err)
	}
}

// TestOrdersDuringCommit has an order arrive when everything is checked and the
// counter is about to move.
func TestOrdersDuringCommit(t *testing.T) {
	w := newWorldA(t)
	ctx := t.Context()
	w.cacheA("one")
	var s *cache.Store
	commit := func(order func()) error {
		t.Helper()
		w.indices = interrupted{provisioner{w.chip}, order}
		s = w.store()
		p, err := s.Prepare(ctx, w.request())
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Commit(ctx, content("two"), w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil))
		w.indices = provisioner{w.chip}
		return err
	}
	if err := commit(func() { w.must(s.Suspend(ctx)) }); !errors.Is(err, vault.Suspended) {
		t.Fatalf("Commit: %v", err)
	}
	w.must(w.store().Resume(ctx))
	w.opens("one")
	if err := commit(func() { w.must(s.Clear(ctx, cache.ByOrder)) }); !errors.Is(err, vault.Wiped) {
		t.Fatalf("Commit: %v", err)
	}
	w.refusesUnlock(vault.Wiped)
}

// must ends the test.
func (w *worldA) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refusesUnlock wants a cause from Unlock.
func (w *worldA) refusesUnlock(cause vault.Cause) {
	w.t.Helper()
	o, err := w.unlock(master)
	if err == nil {
		o.Close()
	}
	if !errors.Is(err, cause) {
		w.t.Errorf("Unlock: %v, want %s", err, cause)
	}
}

// interrupted has something happen between rehearsal and commit.
type interrupted struct {
	provisioner
	order func()
}

func (p interrupted) With(s binding.Slots) (cache.Indexed, error) {
	x, err := p.WithIndices(s)
	return interruptedChip{x, p.order}, err
}

type interruptedChip struct {
	*tpm.Indexed
	order func()
}

func (c interruptedChip) Rehearse(ctx context.Context, use binding.SealedUse) error {
	err := c.Indexed.Rehearse(ctx, use)
	c.order()
	return err
}
