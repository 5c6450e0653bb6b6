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

const day = 24 * time.Hour

// endedBy wants the cache to be over for that reason.
func (w *world) endedBy(by lease.EndedBy, hard bool) {
	w.t.Helper()
	w.refuses(vault.Expired, cache.Expired)
	if v := w.status().Verdict; v.EndedBy != by || v.Hard != hard {
		w.t.Errorf("ended by %q (hard %t), want %q (%t)", v.EndedBy, v.Hard, by, hard)
	}
}

// TestTheEndThatIsToldStaysWhatItIs ends a cache in every way and wants the end
// that stands in the lease, however late it is asked for.
func TestTheEndThatIsToldStaysWhatItIs(t *testing.T) {
	for name, end := range map[string]func(*world){
		"the chip's clock": func(w *world) {
			w.cache(content("one"), nil)
			w.machine.AdvanceClock(7 * day)
		},
		"the chip's clock alone": func(w *world) {
			w.cache(content("one"), func(l *lease.Lease) {
				l.Policy.PoweredOn, l.Chip.Bounds.ClockMS = 0, l.Chip.ClockMS+uint64(day.Milliseconds())
			})
			w.machine.AdvanceClock(day)
		},
		"boots": func(w *world) {
			w.cache(content("one"), func(l *lease.Lease) { l.Chip.Bounds.Resets = l.Chip.Resets + 1 })
			w.machine.Reboot()
		},
		"openings": func(w *world) {
			w.cache(content("one"), func(l *lease.Lease) { l.Policy.Opens = 1 })
			w.mustUnlock().Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			want := w.now.Add(7 * day)
			end(w)
			for range 2 {
				w.refuses(vault.Expired, cache.Expired)
				st := w.status()
				var p *vault.Problem
				if !errors.As(st.Problem, &p) || !p.Until.Equal(want) || !st.Verdict.Until.Equal(want) || st.Verdict.Remaining != 0 {
					t.Errorf("ended %v (%v, %v left), want %v", st.Verdict.Until, st.Problem, st.Verdict.Remaining, want)
				}
				w.now = w.now.Add(time.Hour)
			}
		})
	}
}

func TestExpiresByTheComputersClock(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	start := w.now
	w.now = start.Add(7*day - time.Second)
	w.opens("one")
	w.now = start.Add(7 * day)
	w.endedBy(lease.EndedByWall, false)
}

func TestExpiresByTheChipsClock(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.machine.AdvanceClock(7*day - time.Hour)
	w.opens("one")
	w.machine.AdvanceClock(time.Hour)
	w.endedBy(lease.EndedByClock, true)
}

func TestExpiresByBoots(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), func(l *lease.Lease) { l.Chip.Bounds.Resets = l.Chip.Resets + 2 })
	w.machine.PowerCut()
	w.opens("one")
	w.machine.Reboot()
	w.endedBy(lease.EndedByBoots, true)
}

func TestExpiresByOpens(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), func(l *lease.Lease) { l.Policy.Opens = 3 })
	w.opens("one")
	if left := w.status().Verdict.OpensLeft; left == nil || *left != 2 {
		t.Fatalf("%v openings left, want 2", left)
	}
	if _, err := w.unlock("wrong"); !errors.Is(err, vault.WrongPassword) { // counts: it was tried
		t.Fatal(err)
	}
	w.mustUnlock().Close()
	w.endedBy(lease.EndedByOpens, false)

	// A renewed lease brings a new budget. Taking it away does not bring back
	// the old one.
	w.renew(func(l *lease.Lease) { l.Policy.Opens = 3 })
	w.mustUnlock().Close()
	if left := w.status().Verdict.OpensLeft; left == nil || *left != 2 {
		t.Fatalf("%v openings left, want 2", left)
	}
	if err := os.Remove(w.file("cache.kdbx.gov")); err != nil {
		t.Fatal(err)
	}
	w.endedBy(lease.EndedByOpens, false)
}

// TestExpiresByTheServersTime sets the computer's clock back after the server
// has been heard: what it has signed counts.
func TestExpiresByTheServersTime(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	trust := w.server.trust(t)
	trust.Time = w.now.Add(7 * day)
	if err := w.store().Learn(context.Background(), trust); err != nil {
		t.Fatal(err)
	}
	w.endedBy(lease.EndedByWall, true)
}

func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	start := w.now
	w.now = start.Add(4 * day)
	w.opens("one")
	w.now = start.Add(2 * day)
	w.refuses(vault.ClockMoved, cache.Expired)
	if v := w.status().Verdict; !v.ClockMoved || v.Hard || v.Elapsed != 4*day {
		t.Errorf("Verdict: %+v", v)
	}
	w.now = start.Add(4*day - 10*time.Hour) // as a system with local time in its clock does
	w.opens("one")
	w.now = start.Add(5 * day)
	w.opens("one")
}

// TestClockWrongForAWhile wants a clock that jumped ahead to lock only as long
// as it is wrong.
func TestClockWrongForAWhile(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	start := w.now
	w.now = start.AddDate(70, 0, 0)
	w.endedBy(lease.EndedByWall, false)
	w.now = start.Add(day)
	w.opens("one")
}

// TestClockBehindTheServers has no objection to a computer that was always
// some days behind.
func TestClockBehindTheServers(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), func(l *lease.Lease) { l.Issued, l.Expires = l.Issued+3*86400, l.Expires+3*86400 })
	w.opens("one")
}

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

// TestOpenSessionEnds asks an open cache again and again.
func TestOpenSessionEnds(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	s := w.store()
	o, err := s.Unlock(context.Background(), cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	judge := func() lease.Verdict {
		t.Helper()
		v, err := o.Judge(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := judge(); v.EndedBy != "" || v.Remaining <= 6*day {
		t.Errorf("Judge: %+v", v)
	}
	w.now = w.now.Add(7 * day)
	if v := judge(); v.EndedBy != lease.EndedByWall {
		t.Errorf("Judge: %+v", v)
	}
	w.now = w.now.Add(-day)
	if _, err := s.Renew(context.Background(), w.server.issue(t, w.device, w.last, 1, w.now, nil)); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(3 * day)
	if v := judge(); v.EndedBy != "" {
		t.Errorf("Judge after a renewal: %+v", v)
	}
	if err := s.Clear(context.Background(), cache.ByRevoked); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Judge(context.Background()); !errors.Is(err, vault.Revoked) {
		t.Errorf("Judge after a wipe: %v", err)
	}
}
