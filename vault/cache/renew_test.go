package cache_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// renew has the server issue a lease for the generation in place.
func (w *world) renew(change func(*lease.Lease)) cache.Renewal {
	w.t.Helper()
	r, err := w.store().Renew(context.Background(), w.server.issue(w.t, w.device, w.last, 1, w.now, change))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestRenew(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	start := w.now
	w.now = start.Add(5 * day)
	old := w.server.issue(t, w.device, w.last, 1, w.now, nil)
	clock, err := w.chip.Clock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w.last.Clock = clock
	if r := w.renew(nil); r.Shortened || r.Lease.Seq != 3 {
		t.Errorf("Renew: %+v", r)
	}
	w.now = start.Add(11 * day)
	w.opens("one")

	if r, err := w.store().Renew(context.Background(), old); err != nil || r.Lease.Seq != 3 {
		t.Errorf("Renew with an older lease: %+v, %v", r, err)
	}
	sidecar := w.read("cache.kdbx.gov")
	if err := os.Remove(w.file("cache.kdbx.gov")); err != nil {
		t.Fatal(err)
	}
	w.endedBy(lease.EndedByWall, false) // the lease inside the file is over
	own := w.chip
	w.chip = nil // what it says comes after; without it this is quick
	for i := 0; i < len(sidecar); i += 3 {
		bad := append([]byte(nil), sidecar...)
		bad[i] ^= 1
		w.write("cache.kdbx.gov", bad)
		if got := w.status(); got.State != cache.Expired {
			t.Fatalf("byte %d of the sidecar flipped: %s (%v)", i, got.State, got.Problem)
		}
	}
	w.write("cache.kdbx.gov", sidecar)
	w.chip = own
	w.opens("one")
}

func TestRenewShorter(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	if r := w.renew(func(l *lease.Lease) { l.Expires -= 3 * 86400 }); !r.Shortened {
		t.Errorf("Renew: %+v", r)
	}
	w.opens("one")
	// The longer one is still in the file, and must not come back.
	if err := os.Remove(w.file("cache.kdbx.gov")); err != nil {
		t.Fatal(err)
	}
	w.refuses(vault.Expired, cache.Expired)
	if r := w.renew(nil); r.Shortened || r.Lease.Seq != 3 {
		t.Errorf("Renew: %+v", r)
	}
	w.opens("one")
	w.renew(func(l *lease.Lease) { l.Expires -= 3 * 86400 })
	w.now = w.now.Add(5 * day)
	w.endedBy(lease.EndedByWall, false)
}

// TestRenewStricter: what a later lease forbids is not allowed again by who takes
// that lease away, nor by one from before it.
func TestRenewStricter(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.cache(content("one"), nil)
	issue := func(change func(*lease.Policy)) string {
		w.now = w.now.Add(time.Hour)
		return w.server.issue(t, w.device, w.last, 1, w.now, func(l *lease.Lease) { change(&l.Policy) })
	}
	renew := func(token string) {
		t.Helper()
		if _, err := w.store().Renew(ctx, token); err != nil {
			t.Fatal(err)
		}
	}
	allows := func(*lease.Policy) {}
	for name, forbid := range map[string]func(*lease.Policy){
		"export":   func(p *lease.Policy) { p.Export = false },
		"copy":     func(p *lease.Policy) { p.Copy = false },
		"reveal":   func(p *lease.Policy) { p.Reveal = false },
		"edits":    func(p *lease.Policy) { p.OfflineEdits = lease.EditsOff },
		"openings": func(p *lease.Policy) { p.Opens = 3 },
		"tries":    func(p *lease.Policy) { p.Tries = 5 },
	} {
		renew(issue(allows))
		before, between := issue(forbid), issue(allows)
		renew(issue(forbid))
		if st := w.status(); st.State != cache.Usable {
			t.Fatalf("%s: %s (%v)", name, st.State, st.Problem)
		}
		if err := os.Remove(w.file("cache.kdbx.gov")); err != nil {
			t.Fatal(err)
		}
		w.refuses(vault.Expired, cache.Expired)
		for _, old := range []string{before, between} {
			renew(old)
			if st := w.status(); st.State != cache.Expired {
				t.Errorf("%s: %s with a lease from before", name, st.State)
			}
		}
	}
	renew(issue(allows)) // the administrator has thought again
	w.opens("one")
}

// What the server suspends does not open, and an open cache says so; nothing is
// wiped, and a sidecar changes nothing about it.
func TestSuspend(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	if err := w.store().Suspend(ctx); err != nil {
		t.Errorf("where there is nothing: %v", err)
	}
	w.cache(content("one"), nil)
	s := w.store()
	o, err := s.Unlock(ctx, cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Suspend(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Judge(ctx); !errors.Is(err, vault.Suspended) {
		t.Errorf("an open one: %v", err)
	}
	o.Close()
	w.refuses(vault.Suspended, cache.Suspended)
	if _, err := w.store().Renew(ctx, w.server.issue(t, w.device, w.last, 1, w.now, nil)); !errors.Is(err, vault.Suspended) {
		t.Errorf("Renew: %v", err)
	}
	if err := w.store().Resume(ctx); err != nil {
		t.Fatal(err)
	}
	w.opens("one")
}

func TestRenewIsTheWayOutOfAMovedClock(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	start := w.now
	w.now = start.Add(6 * day)
	w.opens("one")
	w.now = start.Add(3 * day)
	w.refuses(vault.ClockMoved, cache.Expired)
	w.renew(nil)
	w.opens("one")
}

func TestRenewRefuses(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	for name, change := range map[string]func(*lease.Lease){
		"another generation": func(l *lease.Lease) { l.Generation++ },
		"another device":     func(l *lease.Lease) { l.Device = vault.NewID() },
		"another cache":      func(l *lease.Lease) { l.Cache = vault.NewID() },
		"another record":     func(l *lease.Lease) { l.Record[3] ^= 1 },
	} {
		if _, err := w.store().Renew(context.Background(), w.server.issue(t, w.device, w.last, 1, w.now, change)); !errors.Is(err, vault.Damaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(w.file("cache.kdbx.gov")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused lease left a sidecar: %v", err)
	}
}

// TestNewEpoch locks every lease of before a restored backup, until the server
// has issued a new one.
func TestNewEpoch(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.server.epoch++
	if err := w.store().Learn(context.Background(), w.server.trust(t)); err != nil {
		t.Fatal(err)
	}
	w.refuses(vault.Revoked, cache.Revoked)
	w.renew(nil)
	w.opens("one")
}
