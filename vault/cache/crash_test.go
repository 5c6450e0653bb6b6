package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

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
