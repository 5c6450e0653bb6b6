package cache_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

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
