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
