package catalog_test

import (
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// A lease says what was asked for and what is in force, and is not signed for a
// device or an account that was stopped meanwhile.
func TestIssueLease(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Full + Offline", time.Time{})
	d := s.device(ann)
	cache := vault.NewID()
	in, err := s.Instance(ctx)
	s.must(err)
	var leases []lease.Lease
	issue := func(generation uint64, between func()) error {
		p, err := s.Package(ctx, ann, request(d, cache, generation))
		s.must(err)
		defer p.Close()
		if between != nil {
			between()
		}
		token, err := s.IssueLease(ctx, p, "kid", [32]byte{7}, func(l lease.Lease) (string, error) {
			leases = append(leases, l)
			return "token", nil
		})
		if err == nil && token != "token" {
			t.Errorf("token %q", token)
		}
		return err
	}
	s.must(issue(1, nil))
	s.must(issue(2, func() { s.wait(90 * time.Second) })) // as long as a slow stream takes
	l := leases[1]
	if l.Seq != 2 || leases[0].Seq != 1 || l.User != ann.User() || l.Username != "alice@corp" || l.Device != d.ID || l.Cache != cache ||
		l.Generation != 2 || l.Record != [32]byte{2} || l.Level != "B" || l.Epoch != 1 || l.Entries != 1 || l.Digest != [32]byte{7} ||
		l.Issuer != in.Incarnation || l.Policy.Days != 7 || l.Expires.Time() != l.Issued.Time().AddDate(0, 0, 7) {
		t.Errorf("lease: %+v", l)
	}
	for _, c := range []struct {
		name string
		stop func()
		back func()
		want vault.Cause
	}{
		{"device suspended", func() { s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceSuspended, "")) }, func() { s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceApproved, "")) }, vault.Suspended},
		{"offline switched off", func() { s.must(s.SetOffline(ctx, s.op, false)) }, func() { s.must(s.SetOffline(ctx, s.op, true)) }, vault.NotPermitted},
		{"account disabled", func() { s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserDisabled)) }, func() { s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserActive)) }, vault.NotSignedIn},
	} {
		if err := issue(3, c.stop); cause(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		c.back()
	}
	if in, err = s.Instance(ctx); err != nil || in.Epoch != 2 {
		t.Errorf("epoch %d after the switch was off, %v", in.Epoch, err)
	}
}

// A policy that changes while a cache is on its way holds for its lease: a slow
// stream is no way around it.
func TestPolicyChangesOnTheWay(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	d := s.device(ann)
	cache, generation := vault.NewID(), uint64(0)
	issue := func(key, value string) (l lease.Lease, err error) {
		generation++
		p, err := s.Package(ctx, ann, request(d, cache, generation))
		s.must(err)
		defer p.Close()
		s.must(s.Set(ctx, s.op, key, value))
		_, err = s.IssueLease(ctx, p, "kid", [32]byte{7}, func(got lease.Lease) (string, error) { l = got; return "token", nil })
		return l, err
	}
	if l, err := issue("days", "2"); err != nil || l.Policy.Days != 2 || !l.Expires.Time().Equal(l.Issued.Time().AddDate(0, 0, 2)) {
		t.Errorf("fewer days: until %v, %v", l.Expires.Time(), err)
	}
	if l, err := issue("reveal", "off"); err != nil || l.Policy.Reveal {
		t.Errorf("nothing may be shown: %+v, %v", l.Policy, err)
	}
	for _, c := range []struct{ key, value, back string }{{"min_level", "A", "B0"}, {"require_proven", "on", "off"}, {"allow_virtual", "off", "on"}} {
		if _, err := issue(c.key, c.value); cause(err) != vault.LevelTooLow {
			t.Errorf("%s %s: %v", c.key, c.value, err)
		}
		s.must(s.Set(ctx, s.op, c.key, c.back))
	}
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionLease}); len(got) != 2 {
		t.Errorf("%d leases are recorded", len(got))
	}
}
