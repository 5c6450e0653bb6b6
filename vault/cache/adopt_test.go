package cache_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// anew is the same computer with a client that was never used, and the path of
// a copy of the cache that w has.
func (w *world) anew() (*world, string) {
	w.t.Helper()
	away := filepath.Join(w.t.TempDir(), "copy.kdbx")
	if err := os.WriteFile(away, w.read("cache.kdbx"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	fresh := *w
	fresh.dir = filepath.Join(w.t.TempDir(), "account")
	return &fresh, away
}

func (w *world) imports(path, password string) error {
	w.t.Helper()
	foreseen := w.foresees(path)
	o, err := w.store().Import(context.Background(), path, cache.UnlockRequest{Password: secret(password)})
	if err == nil {
		o.Close()
	}
	w.agrees(foreseen, err)
	return err
}

// foresees is what Importable says, which leaves nothing behind.
func (w *world) foresees(path string) error {
	w.t.Helper()
	before := w.files()
	st, err := w.store().Importable(context.Background(), path, cache.UnlockRequest{})
	if diff := cmp.Diff(before, w.files()); diff != "" {
		w.t.Errorf("Importable has changed the folder: %s", diff)
	}
	if err == nil && (st.State != cache.Usable || st.Path != path || st.User != userName || !st.Readable) {
		w.t.Errorf("Importable: %+v", st)
	}
	return err
}

// agrees wants everything but the password to be foreseen, and what is damaged
// where only the password leads.
func (w *world) agrees(foreseen, imported error) {
	w.t.Helper()
	var want, got *vault.Problem
	switch {
	case errors.Is(imported, vault.WrongPassword), imported == nil, foreseen == nil && errors.Is(imported, vault.Damaged):
		if foreseen != nil {
			w.t.Errorf("foreseen %v, Import says %v", foreseen, imported)
		}
	case !errors.As(imported, &want) || !errors.As(foreseen, &got) || got.Cause != want.Cause:
		w.t.Errorf("foreseen %v, Import says %v", foreseen, imported)
	}
}

// files are the names in the folder, with the bytes of each; nil: there is none.
func (w *world) files() map[string]string {
	w.t.Helper()
	entries, err := os.ReadDir(w.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		if e.Name() != "lock" { // empty, and taken by whoever looks
			all[e.Name()] = string(w.read(e.Name()))
		}
	}
	return all
}

func (w *world) refusesImport(path string, cause vault.Cause) {
	w.t.Helper()
	if err := w.imports(path, master); !errors.Is(err, cause) {
		w.t.Errorf("Import: %v, want %s", err, cause)
	}
	if _, err := w.store().Status(context.Background()); !errors.Is(err, vault.NoCache) {
		w.t.Errorf("after a refused import: %v", err)
	}
}

func TestImportWithoutClientState(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.cache(content("two"), func(l *lease.Lease) { l.Policy.Opens = 5 })
	fresh, copied := w.anew()
	if err := fresh.imports(copied, "wrong"); !errors.Is(err, vault.WrongPassword) {
		t.Errorf("with a wrong password: %v", err)
	}
	fresh.refusesImport(copied+".not-there", vault.NoCache)
	if err := fresh.imports(copied, master); err != nil {
		t.Fatal(err)
	}
	fresh.opens("two")
	st := fresh.status()
	if st.User != userName || st.Server != url || st.Device != w.device || st.Generation != 2 || st.Verdict.OpensLeft == nil || *st.Verdict.OpensLeft != 3 {
		t.Errorf("%+v", st)
	}
	// What comes next goes on from there.
	fresh.cache(content("three"), nil)
	if got := fresh.last; got.Generation != 3 || got.Cache != st.Cache {
		t.Errorf("the next generation is %d of %s", got.Generation, got.Cache)
	}
	if err := fresh.imports(copied, master); !errors.Is(err, vault.Superseded) {
		t.Errorf("older copy: %v", err)
	}
	if err := fresh.store().Clear(context.Background(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	if err := fresh.imports(copied, master); !errors.Is(err, vault.Wiped) {
		t.Errorf("after a wipe: %v", err)
	}
}

// A client that knows no cache judges the file no less: the chip, the calendar,
// the server, and every byte.
func TestImportWithoutClientStateRefuses(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	fresh, copied := w.anew()

	late := *fresh
	late.now = w.now.Add(8 * day)
	late.refusesImport(copied, vault.Expired)
	elsewhere := newWorld(t)
	elsewhere.refusesImport(copied, vault.OtherMachine)
	elsewhere.chip = nil
	elsewhere.refusesImport(copied, vault.ChipMissing)

	s, err := cache.Open(cache.Options{Dir: fresh.dir, Chip: fresh.chip, Pin: lease.Pin(newServer(t).rootSPKI(t)), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(context.Background(), copied, cache.UnlockRequest{Password: secret(master)}); !errors.Is(err, vault.IdentityChanged) {
		t.Errorf("of another server: %v", err)
	}

	whole := w.read("cache.kdbx")
	for _, n := range []int{0, 1, 100, 1000, len(whole) - 1} {
		if err := os.WriteFile(copied, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		fresh.refusesImport(copied, vault.Damaged)
	}
	if err := os.WriteFile(copied, append([]byte("PK\x03\x04"), whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh.refusesImport(copied, vault.Damaged)
	if err := os.WriteFile(copied, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := fresh.imports(copied, master); err != nil {
		t.Errorf("the whole file: %v", err)
	}
}

// TestImportBesideKnowledge: nothing was ever cached here, but the server was met.
// What it said holds for a file that comes from elsewhere, too.
func TestImportBesideKnowledge(t *testing.T) {
	for name, tt := range map[string]struct {
		know func(*world)
		want vault.Cause
	}{
		"nothing":       {func(*world) {}, ""},
		"a later epoch": {func(w *world) { w.server.epoch++ }, vault.Revoked},
		"a suspension": {func(w *world) {
			w.giveUp()
			if err := w.store().Suspend(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, vault.Suspended},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.cache(content("one"), nil)
			fresh, copied := w.anew()
			tt.know(fresh)
			fresh.giveUp() // a first cache that came to nothing
			if tt.want != "" {
				fresh.refusesImport(copied, tt.want)
				return
			}
			if err := fresh.imports(copied, master); err != nil {
				t.Error(err)
			}
			fresh.opens("one")
		})
	}
}

// TestImportBesideIndices: what was planned for a cache that there is not is given
// back to the chip with it.
func TestImportBesideIndices(t *testing.T) {
	w := newWorldA(t)
	w.a = nil
	w.cache(content("b"), nil)
	fresh, copied := w.anew()
	slots, err := fresh.store().PlanA(t.Context(), cache.PlanRequest{Trust: w.server.trust(t), Device: w.device})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.chip.Provision(t.Context(), slots, nil); err != nil {
		t.Fatal(err)
	}
	if err := fresh.imports(copied, master); err != nil {
		t.Fatal(err)
	}
	fresh.opens("b")
	if left, err := w.chip.Indices(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("left in the chip: %+v, %v", left, err)
	}
}

func TestReadLabel(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	m, err := w.chip.Machine(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	l, err := cache.ReadLabel(w.file("cache.kdbx"))
	if err != nil {
		t.Fatal(err)
	}
	if l.Server != url || l.User != userName || l.Identity != lease.Pin(w.server.rootSPKI(t)) || !l.Governed ||
		l.Generation != 1 || l.Device != w.device || l.Cache != w.last.Cache || string(l.RootName) != string(m.RootName) {
		t.Errorf("%+v", l)
	}
	w.write("other", []byte("no cache"))
	if _, err := cache.ReadLabel(w.file("other")); !errors.Is(err, vault.Damaged) {
		t.Errorf("no cache: %v", err)
	}
	if _, err := cache.ReadLabel(w.file("nothing")); !errors.Is(err, vault.NoCache) {
		t.Errorf("nothing: %v", err)
	}
}

// swapping puts another file at the path at the moment when the chip is asked.
type swapping struct {
	cache.Chip
	swap func()
}

func (s swapping) HasRoot(ctx context.Context, name []byte) (bool, error) {
	s.swap()
	return s.Chip.HasRoot(ctx, name)
}

// What was judged is what is opened, whatever stands at the path by then.
func TestFileSwappedBetweenCheckAndUse(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	whole := w.read("cache.kdbx")
	own := w.chip
	w.chip = swapping{own, func() {
		w.write("another", []byte("not the file that was judged"))
		if err := os.Rename(w.file("another"), w.file("cache.kdbx")); err != nil {
			t.Error(err)
		}
	}}
	o, err := w.unlock(master)
	if err != nil {
		t.Fatalf("Unlock: %v", err)
	}
	if got := o.Content().Root.Entries[0].Title(); got != "one" {
		t.Errorf("opened %q", got)
	}
	o.Close()
	w.chip = own
	w.refuses(vault.Damaged, cache.Damaged) // what stands there now
	w.write("cache.kdbx", whole)

	// The same of a file that is imported: the copy is of what was judged.
	fresh, copied := w.anew()
	fresh.chip = swapping{own, func() {
		if err := os.WriteFile(copied+".new", []byte("another"), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(copied+".new", copied); err != nil {
			t.Error(err)
		}
	}}
	o, err = fresh.store().Import(t.Context(), copied, cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		t.Fatalf("Import: %v", err)
	}
	if got := o.Content().Root.Entries[0].Title(); got != "one" {
		t.Errorf("imported %q", got)
	}
	o.Close()
}

// Edits can be given up by somebody who has lost the password, or the chip.
func TestDropOverlay(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.cache(content("one"), nil)
	if err := w.store().DropOverlay(ctx); err != nil {
		t.Errorf("without edits: %v", err)
	}
	o := w.mustUnlock()
	if err := o.SaveOverlay(ctx, []cache.Edit{{Op: cache.Removed, ID: vault.NewID(), At: w.now}}); err != nil {
		t.Fatal(err)
	}
	if err := w.store().DropOverlay(ctx); !errors.Is(err, vault.Busy) {
		t.Errorf("while it is open elsewhere: %v", err)
	}
	o.Close()
	w.chip = nil
	if err := w.store().DropOverlay(ctx); err != nil {
		t.Fatal(err)
	}
	if fileExists(w.file("overlay.kdbx")) || w.status().OverlayEdits != 0 {
		t.Error("the edits are still there")
	}
}
