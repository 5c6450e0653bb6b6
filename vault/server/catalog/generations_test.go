package catalog_test

import (
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// Generations: pending until the device proves one, the ones before are over;
// a retry adds one line, not all passwords again.
func TestGenerations(t *testing.T) { generations(t, newServer(t)) }

func generations(t *testing.T, s *server) {
	ann := s.user("ann")
	first := s.entry("/Web/one")
	s.entry("/Web/two")
	s.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
	d := s.device(ann)
	cache := vault.NewID()
	send := func(generation uint64) error {
		p, err := s.Package(ctx, ann, request(d, cache, generation))
		if err != nil {
			return err
		}
		p.Close()
		return nil
	}
	count := func(action string) int { return len(s.records(catalog.AuditQuery{Action: action, Device: d.ID})) }

	s.must(send(1))
	if n := count(catalog.ActionCached); n != 2 {
		t.Errorf("%d records of 2 passwords", n)
	}
	s.must(send(1))
	if n, again := count(catalog.ActionCached), count(catalog.ActionResent); n != 2 || again != 1 {
		t.Errorf("after a retry: %d records, %d lines", n, again)
	}
	s.must(s.EditEntry(ctx, s.op, first, "", func(e *vault.Entry) error {
		e.Set(vault.FieldPassword, vault.SecretText("new"), true)
		return nil
	}))
	s.must(send(1))
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionResent}); len(got) != 2 || got[1].Target != first || got[1].Version != 2 {
		t.Errorf("a changed password in a retry: %+v", got)
	}
	other := request(d, cache, 1)
	other.Record[5] = 9
	if _, err := s.Package(ctx, ann, other); cause(err) != vault.Superseded {
		t.Errorf("the same number with another record: %v", err)
	}

	if err := s.Proof(ctx, d.ID, 2); cause(err) != vault.NotFound {
		t.Errorf("proof of what was never sent: %v", err)
	}
	s.must(send(2))
	s.must(s.Proof(ctx, d.ID, 2))
	s.must(s.Proof(ctx, d.ID, 2))
	if n := count(catalog.ActionSaved); n != 1 {
		t.Errorf("%d events of one proof", n)
	}
	for _, old := range []uint64{1, 2} {
		if err := send(old); cause(err) != vault.Superseded {
			t.Errorf("generation %d again: %v", old, err)
		}
	}
	if err := s.Proof(ctx, d.ID, 1); cause(err) != vault.Superseded {
		t.Errorf("proof of a generation that is over: %v", err)
	}
	if n := s.holdings(d.ID); n != 2 {
		t.Errorf("the device holds %d entries, want 2", n)
	}
	// A password that left the package leaves the list once the device has
	// proved that it has the new cache, and not before.
	s.must(s.RemoveEntry(ctx, s.op, first, catalog.Removal{Archive: true}))
	s.must(send(3))
	if n := s.holdings(d.ID); n != 2 {
		t.Errorf("before the proof the device holds %d entries, want 2", n)
	}
	s.must(s.Proof(ctx, d.ID, 3))
	if n := s.holdings(d.ID); n != 1 {
		t.Errorf("after the proof the device holds %d entries, want 1", n)
	}
	s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceRevoked, "lost"))
	s.must(s.Cleared(ctx, d.ID, 3))
	s.must(s.Cleared(ctx, d.ID, 3))
	if n := s.holdings(d.ID); n != 0 {
		t.Errorf("a cleared device holds %d entries", n)
	}
	if after, err := s.DeviceKey(ctx, d.ID); err != nil || after.State != store.DeviceWiped || after.WipedAt.IsZero() {
		t.Errorf("a revoked device that cleared its cache: %+v, %v", after, err)
	}
	if n := count(catalog.ActionCleared); n != 1 {
		t.Errorf("%d events of one clearing", n)
	}
}

func (s *server) holdings(device vault.ID) int {
	s.t.Helper()
	n := 0
	s.must(s.db.View(ctx, func(r store.Reader) error {
		for _, err := range r.Holdings(ctx, store.HoldingQuery{Device: device}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	}))
	return n
}

// A device's cache is told as it is, not as the device thought possible when it
// registered: the one that it has proved, else the one that was sent.
func TestCaches(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	d, empty := s.device(ann), s.device(ann)
	cache := vault.NewID()
	send := func(generation uint64, level string) {
		t.Helper()
		s.wait(time.Minute)
		r := request(d, cache, generation)
		r.Level = policy.Binding(level)
		p, err := s.Package(ctx, ann, r)
		s.must(err)
		p.Close()
	}
	for _, c := range []struct {
		name  string
		do    func()
		level string
		n     uint64
	}{
		{"sent", func() { send(1, "B0") }, "B0", 1},
		{"sent once more", func() { send(2, "B") }, "B", 2},
		{"proven", func() { s.must(s.Proof(ctx, d.ID, 2)) }, "B", 2},
		{"another one sent, not proven", func() { send(3, "B0") }, "B", 2},
		{"and proven", func() { s.must(s.Proof(ctx, d.ID, 3)) }, "B0", 3},
		{"cleared", func() { s.must(s.Cleared(ctx, d.ID, 3)) }, "", 0},
	} {
		c.do()
		got, err := s.Caches(ctx, s.op)
		s.must(err)
		if one := got[d.ID]; string(one.Level) != c.level || one.Generation != c.n || len(got) > 1 {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if _, err := s.Caches(ctx, ann); cause(err) != vault.NotPermitted {
		t.Errorf("a user: %v", err)
	}
	_ = empty // has none, and is not listed
}

// A device that has cleared its cache before it is revoked is done when it says
// so again: there is nothing that it could still wipe.
func TestClearedBeforeRevoked(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	d := s.device(ann)
	p, err := s.Package(ctx, ann, request(d, vault.NewID(), 1))
	s.must(err)
	p.Close()
	s.must(s.Cleared(ctx, d.ID, 1))
	s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceRevoked, "lost"))
	s.must(s.Cleared(ctx, d.ID, 1))
	if after, err := s.DeviceKey(ctx, d.ID); err != nil || after.State != store.DeviceWiped {
		t.Errorf("%+v, %v", after, err)
	}
	if n := len(s.records(catalog.AuditQuery{Action: catalog.ActionCleared})); n != 2 {
		t.Errorf("%d events", n)
	}
}
