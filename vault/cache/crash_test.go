package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

var errDead = errors.New("the process is dead")

// mortalDisk does as many steps as it has left and then nothing any more, as
// when the process is killed. If power is cut as well, it loses what was not
// synced: half of a file's bytes, and every change of names since SyncDir.
type mortalDisk struct {
	cache.SystemDisk
	left     int // steps; < 0: immortal
	powerCut bool
	dead     bool
	undo     []func()
	open     map[*mortalFile]bool // not synced
}

type mortalFile struct {
	disk *mortalDisk
	path string
	f    cache.DiskFile
}

// step reports whether the next step is still done.
func (d *mortalDisk) step() bool {
	if d.dead {
		return false
	}
	if d.left != 0 {
		d.left--
		return true
	}
	d.dead = true
	if d.powerCut {
		for f := range d.open {
			if info, err := os.Stat(f.path); err == nil {
				_ = os.Truncate(f.path, info.Size()/2)
			}
		}
		for i := len(d.undo) - 1; i >= 0; i-- {
			d.undo[i]()
		}
	}
	return false
}

// remember makes undo put a name back as it is now.
func (d *mortalDisk) remember(path string) {
	b, err := os.ReadFile(path)
	d.undo = append(d.undo, func() {
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(path)
			return
		}
		_ = os.WriteFile(path, b, 0o600)
	})
}

func (d *mortalDisk) Create(path string) (cache.DiskFile, error) {
	if !d.step() {
		return nil, errDead
	}
	d.remember(path)
	f, err := d.SystemDisk.Create(path)
	if err != nil {
		return nil, err
	}
	m := &mortalFile{disk: d, path: path, f: f}
	if d.open == nil {
		d.open = map[*mortalFile]bool{}
	}
	d.open[m] = true
	return m, nil
}

func (d *mortalDisk) Rename(from, to string) error {
	if !d.step() {
		return errDead
	}
	d.remember(from)
	d.remember(to)
	return d.SystemDisk.Rename(from, to)
}

func (d *mortalDisk) Remove(path string) error {
	if !d.step() {
		return errDead
	}
	d.remember(path)
	return d.SystemDisk.Remove(path)
}

func (d *mortalDisk) SyncDir(dir string) error {
	if !d.step() {
		return errDead
	}
	d.undo = nil
	return d.SystemDisk.SyncDir(dir)
}

func (f *mortalFile) Write(p []byte) (int, error) {
	if !f.disk.step() {
		if !f.disk.powerCut {
			_, _ = f.f.Write(p[:len(p)/2])
		}
		return 0, errDead
	}
	return f.f.Write(p)
}

func (f *mortalFile) Sync() error {
	if !f.disk.step() {
		return errDead
	}
	delete(f.disk.open, f)
	return f.f.Sync()
}

func (f *mortalFile) Close() error { return f.f.Close() }

// everyStep runs act again and again from the same folder, each time dying
// one step later, until it lives; check looks at what is left. It does so for
// a process that is killed and for a power cut, or for the ways given.
func (w *world) everyStep(act func() error, check func(step int, lived bool), powerCuts ...bool) {
	w.t.Helper()
	before := snapshot(w.t, w.dir)
	if powerCuts == nil {
		powerCuts = []bool{false, true}
	}
	for _, powerCut := range powerCuts {
		for step := 0; ; step++ {
			restore(w.t, w.dir, before)
			d := &mortalDisk{left: step, powerCut: powerCut}
			w.disk = d
			err := act()
			w.disk = nil
			if !d.dead && err != nil {
				w.t.Fatalf("step %d: %v", step, err)
			}
			check(step, err == nil)
			if w.t.Failed() {
				w.t.Fatalf("died at step %d, power cut %t: %v", step, powerCut, err)
			}
			if !d.dead {
				w.t.Logf("%d steps, power cut %t", step, powerCut)
				break
			}
		}
	}
}

func snapshot(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = b
	}
	return files
}

func restore(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// stillOpens reports whether what is in place, once somebody has taken the lock
// and recovered, is taken for usable up to the password and is the file that has
// opened before: opening it once more would show nothing, and takes its time.
func (w *world) stillOpens(file []byte) bool {
	w.t.Helper()
	_, err := w.store().Unlock(context.Background(), cache.UnlockRequest{User: userName, Password: secret(master), KeepTries: math.MaxInt})
	if !errors.Is(err, vault.TooManyAttempts) {
		return false
	}
	now, err := os.ReadFile(w.file("cache.kdbx"))
	return err == nil && bytes.Equal(now, file)
}

// title opens the cache and returns its first title.
func (w *world) title() string {
	w.t.Helper()
	o, err := w.unlock(master)
	if err != nil {
		w.t.Errorf("Unlock: %v", err)
		return ""
	}
	defer o.Close()
	return o.Content().Root.Entries[0].Title()
}

func TestCommitDiesAtEveryStep(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	o := w.mustUnlock()
	if err := o.SaveOverlay(context.Background(), []cache.Edit{{Op: cache.Removed, ID: vault.NewID(), At: w.now}}); err != nil {
		t.Fatal(err)
	}
	o.Close()
	w.renew(nil)
	w.opens("one")
	one, was := w.read("cache.kdbx"), map[string]int{}
	w.everyStep(func() error { return w.try(content("two"), nil) }, func(_ int, lived bool) {
		got := "one"
		if !w.stillOpens(one) {
			got = w.title()
		}
		was[got]++
		if got != "one" && got != "two" || lived && got != "two" {
			t.Errorf("opened %q, lived %t", got, lived)
		}
		edits := w.status().OverlayEdits
		if want := map[string]int{"one": 1, "two": 0}[got]; edits != want {
			t.Errorf("%d edits beside %q", edits, got)
		}
		for _, left := range []string{"cache.kdbx.new", "client.json.new"} {
			if left == "cache.kdbx.new" && fileExists(w.file(left)) {
				t.Errorf("%s is left", left)
			}
		}
	})
	if was["one"] == 0 || was["two"] == 0 {
		t.Errorf("opened %v: not both sides of the commit point were seen", was)
	}
}

// TestFirstCommitDiesAtEveryStep has no old generation to fall back to.
func TestFirstCommitDiesAtEveryStep(t *testing.T) {
	w := newWorld(t)
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.everyStep(func() error { return w.try(content("two"), nil) }, func(step int, lived bool) {
		o, err := w.unlock(master)
		if err == nil {
			o.Close()
		}
		if err != nil && (lived || !errors.Is(err, vault.NoCache)) {
			t.Errorf("Unlock: %v, lived %t", err, lived)
		}
		if step%6 != 0 {
			return // what follows takes its time
		}
		if err := w.try(content("three"), nil); err != nil {
			t.Errorf("caching again: %v", err)
		}
	}, true)
}

func TestWipeDiesAtEveryStep(t *testing.T) {
	// The steps are the same whoever wipes, and so is what a power cut makes of them.
	for why, powerCuts := range map[cache.Reason][]bool{cache.ByUser: {false}, cache.ByOrder: {false, true}, cache.ByRevoked: {true}} {
		t.Run(string(why), func(t *testing.T) {
			w := newWorld(t)
			w.cache(content("one"), nil)
			w.renew(nil)
			w.opens("one")
			copied := w.read("cache.kdbx")
			after := map[cache.Reason]vault.Cause{cache.ByUser: vault.NoCache, cache.ByOrder: vault.Wiped, cache.ByRevoked: vault.Revoked}[why]
			w.everyStep(func() error { return w.store().Clear(context.Background(), why) }, func(_ int, lived bool) {
				if w.stillOpens(copied) {
					if lived {
						t.Error("opens after Clear has returned")
					}
					return
				}
				o, err := w.unlock(master)
				if err == nil {
					o.Close()
				}
				if !errors.Is(err, after) {
					t.Errorf("Unlock: %v, want %s", err, after)
				}
				for _, name := range []string{"cache.kdbx", "cache.kdbx.gov", "overlay.kdbx"} {
					if fileExists(w.file(name)) {
						t.Errorf("%s is left", name)
					}
				}
				w.write("cache.kdbx", copied)
				if o, err := w.unlock(master); !errors.Is(err, vault.Wiped) && !errors.Is(err, vault.Revoked) {
					if err == nil {
						o.Close()
					}
					t.Errorf("a copy put back: %v", err)
				}
			}, powerCuts...)
		})
	}
}

func TestRenewDiesAtEveryStep(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.renew(nil)
	token := w.server.issue(t, w.device, w.last, 1, w.now, nil)
	w.everyStep(func() error {
		_, err := w.store().Renew(context.Background(), token)
		return err
	}, func(_ int, lived bool) {
		st := w.status()
		if st.State != cache.Usable || lived && st.Lease.Seq != 3 || st.Lease.Seq < 2 {
			t.Errorf("%s, lease %d, lived %t", st.State, st.Lease.Seq, lived)
		}
	})
}

func TestSaveOverlayDiesAtEveryStep(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	save := func(n int) error {
		s := w.store()
		o, err := s.Unlock(context.Background(), cache.UnlockRequest{Password: secret(master)})
		if err != nil {
			return err
		}
		defer o.Close()
		var edits []cache.Edit
		for i := range n {
			edits = append(edits, cache.Edit{Op: cache.Removed, ID: vault.ID{1, byte(i)}, At: w.now})
		}
		return o.SaveOverlay(context.Background(), edits)
	}
	if err := save(1); err != nil {
		t.Fatal(err)
	}
	before, first := w.read("overlay.kdbx"), true
	w.everyStep(func() error { return save(2) }, func(_ int, lived bool) {
		if bytes.Equal(w.read("overlay.kdbx"), before) && !first && !lived {
			return // with the one edit that it had when this was first seen
		}
		first = false
		o, err := w.unlock(master)
		if err != nil {
			t.Error(err)
			return
		}
		defer o.Close()
		edits, err := o.Overlay(context.Background())
		if err != nil || len(edits) != 1 && len(edits) != 2 || lived && len(edits) != 2 {
			t.Errorf("%d edits, %v, lived %t", len(edits), err, lived)
		}
	}, true)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// fullDisk takes nothing.
type fullDisk struct{ cache.SystemDisk }

func (fullDisk) Create(string) (cache.DiskFile, error) {
	return nil, fmt.Errorf("create: %w", fs.ErrPermission)
}
func (fullDisk) Rename(string, string) error { return fs.ErrPermission }
func (fullDisk) Remove(string) error         { return fs.ErrPermission }

func TestDiskTakesNothing(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.disk = fullDisk{}
	if _, err := w.unlock(master); !errors.Is(err, vault.ReadOnly) {
		t.Errorf("Unlock: %v", err)
	}
	if err := w.try(content("two"), nil); !errors.Is(err, vault.ReadOnly) {
		t.Errorf("Prepare: %v", err)
	}
	if err := w.store().Clear(context.Background(), cache.ByUser); !errors.Is(err, vault.ReadOnly) {
		t.Errorf("Clear: %v", err)
	}
	if _, err := w.store().Renew(context.Background(), w.server.issue(t, w.device, w.last, 1, w.now, nil)); !errors.Is(err, vault.ReadOnly) {
		t.Errorf("Renew: %v", err)
	}
	if st := w.status(); st.State != cache.Usable {
		t.Errorf("Status: %s", st.State)
	}
	w.disk = nil
	w.opens("one")
}
