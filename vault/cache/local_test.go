package cache_test

import (
	"context"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// local makes a generation that no server governs.
func (w *world) local(c *vault.Content, l cache.Local) {
	w.t.Helper()
	r := w.request()
	r.Trust, r.Local = nil, &l
	p, err := w.store().Prepare(context.Background(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := p.Commit(context.Background(), c, ""); err != nil {
		w.t.Fatal(err)
	}
}

func TestWithoutGoverningServer(t *testing.T) {
	w := newWorld(t)
	p := policy()
	p.PoweredOn, p.Boots = lease.Seconds(2*24*3600), 2
	until := w.now.AddDate(0, 0, 3)
	start := func() { w.local(content("one"), cache.Local{Expires: until, Policy: p}) }

	start()
	w.opens("one")
	st := w.status()
	if st.Governed || st.Lease != nil || st.Verdict.Remaining <= 0 || st.User != userName {
		t.Errorf("Status: %+v", st)
	}
	o := w.mustUnlock()
	if o.Lease() != nil || !o.Policy().Reveal {
		t.Errorf("lease %v, policy %+v", o.Lease(), o.Policy())
	}
	o.Close()

	w.now = until
	w.refuses(vault.Expired, cache.Expired)
	w.now = until.Add(-time.Second)
	w.opens("one")

	w.machine.AdvanceClock(48 * time.Hour)
	w.refuses(vault.Expired, cache.Expired)
	if by := w.status().Verdict.EndedBy; by != lease.EndedByClock {
		t.Errorf("ended by %q", by)
	}

	w.now = until.AddDate(0, 0, -3)
	start()
	w.machine.Reboot()
	w.opens("one")
	w.machine.PowerCut()
	w.refuses(vault.Expired, cache.Expired)
	if by := w.status().Verdict.EndedBy; by != lease.EndedByBoots {
		t.Errorf("ended by %q", by)
	}
}

func TestWithoutServerAndWithoutEnd(t *testing.T) {
	w := newWorld(t)
	p := policy()
	p.Days, p.PoweredOn, p.Boots = 0, 0, 0
	w.local(content("one"), cache.Local{Policy: p})
	w.now = w.now.AddDate(40, 0, 0)
	w.machine.AdvanceClock(365 * 24 * time.Hour)
	w.opens("one")
	if v := w.status().Verdict; !v.Unlimited {
		t.Errorf("Verdict: %+v", v)
	}
}
