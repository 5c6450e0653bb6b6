package catalog_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// kinds are those of the orders that a device was given after a mark.
func (s *server) kinds(device vault.ID, after lease.Mark) []lease.OrderKind {
	s.t.Helper()
	list, err := s.Orders(ctx, device, after)
	s.must(err)
	var out []lease.OrderKind
	for _, o := range list {
		out = append(out, o.Kind)
	}
	return out
}

// Whatever ends a device, or a user, or offline use, is an order at once.
func TestOrders(t *testing.T) {
	s := newServer(t)
	ann, bob := s.user("ann"), s.user("bob")
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Full + Offline", time.Time{})
	one, two, other := s.device(ann), s.device(ann), s.device(bob)
	cache := vault.NewID()
	for n := range uint64(3) {
		p, err := s.Package(ctx, ann, request(one, cache, n+1))
		s.must(err)
		p.Close()
	}
	s.must(s.SetDeviceState(ctx, s.op, one.ID, store.DeviceSuspended, ""))
	s.must(s.SetDeviceState(ctx, s.op, one.ID, store.DeviceSuspended, "again"))
	s.must(s.SetDeviceState(ctx, s.op, one.ID, store.DeviceApproved, ""))
	s.must(s.SetDeviceState(ctx, ann, two.ID, store.DeviceRevoked, ""))
	s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserDisabled))
	s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserActive))
	s.must(s.SetOffline(ctx, s.op, false))
	s.must(s.SetOffline(ctx, s.op, true))

	want := []lease.OrderKind{lease.OrderSuspend, lease.OrderResume, lease.OrderWipe, lease.OrderResume, lease.OrderKill}
	if d := cmp.Diff(want, s.kinds(one.ID, lease.Mark{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]lease.OrderKind{lease.OrderRevoke, lease.OrderKill}, s.kinds(two.ID, lease.Mark{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]lease.OrderKind{lease.OrderKill}, s.kinds(other.ID, lease.Mark{})); d != "" {
		t.Error(d)
	}
	list, err := s.Orders(ctx, vault.ID{}, lease.Mark{})
	s.must(err)
	instance, err := s.Instance(ctx)
	s.must(err)
	for i, o := range list {
		if o.Seq != uint64(i)+1 || o.Issuer != instance.Incarnation {
			t.Errorf("%+v", o)
		}
		switch o.Kind {
		case lease.OrderWipe:
			if o.Generation != 3 || o.User != ann.User() || o.Epoch != 1 {
				t.Errorf("%+v", o)
			}
		case lease.OrderKill:
			if o.Epoch != 2 || !o.Device.IsZero() {
				t.Errorf("%+v", o)
			}
		}
	}
	if d := cmp.Diff([]lease.OrderKind{lease.OrderWipe, lease.OrderResume, lease.OrderKill}, s.kinds(one.ID, lease.Mark{Epoch: 1, Seq: 2})); d != "" {
		t.Errorf("later ones: %s", d)
	}
	if d := cmp.Diff([]lease.OrderKind{lease.OrderKill}, s.kinds(one.ID, lease.Mark{Epoch: 1, Seq: 99})); d != "" {
		t.Errorf("of a later epoch: %s", d)
	}
	if got := s.kinds(one.ID, lease.Mark{Epoch: 1 << 63}); got != nil {
		t.Errorf("after everything: %v", got)
	}

	left, err := s.List(ctx)
	s.must(err)
	last, err := s.LastOrder(ctx)
	s.must(err)
	if !left.HasDevice(two.ID) || left.HasDevice(one.ID) || len(left.Users) != 0 || !left.Offline || left.Mark() != last {
		t.Errorf("%+v, last order %s", left, last)
	}
}

// A lease is renewed to the full number of days of today's policy, for a device
// alone, as long as device, account and switches allow it.
func TestRenewLease(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Full + Offline", time.Time{})
	d := s.device(ann)
	cache := vault.NewID()
	in := catalog.Renewal{Device: d.ID, Cache: cache, Generation: 1}
	var signed lease.Lease
	renew := func() error {
		_, err := s.RenewLease(ctx, in, "kid", func(l lease.Lease) (string, error) { signed = l; return "token", nil })
		return err
	}
	if err := renew(); cause(err) != vault.NotFound {
		t.Fatalf("of nothing: %v", err)
	}
	p, err := s.Package(ctx, ann, request(d, cache, 1))
	s.must(err)
	var first lease.Lease
	_, err = s.IssueLease(ctx, p, "kid", [32]byte{5}, func(l lease.Lease) (string, error) { first = l; return "token", nil })
	s.must(err)
	p.Close()

	s.wait(36 * time.Hour)
	s.must(renew())
	want := first
	want.ID, want.Seq, want.Issued, want.Expires = signed.ID, first.Seq+1, first.Issued+36*3600, first.Expires+36*3600
	if diff := cmp.Diff(want, signed); diff != "" {
		t.Error(diff)
	}
	s.must(s.Set(ctx, s.op, "days", "2"))
	s.must(renew())
	if got := signed.Expires.Time().Sub(signed.Issued.Time()); got != 48*time.Hour || signed.Policy.Days != 2 {
		t.Errorf("%v, %d days", got, signed.Policy.Days)
	}
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionLease}); len(got) != 3 {
		t.Errorf("%d records", len(got))
	}
	s.must(renew())
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionLease}); len(got) != 3 {
		t.Errorf("%d records after a renewal that says nothing new", len(got))
	}

	s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceSuspended, ""))
	if err := renew(); cause(err) != vault.Suspended {
		t.Errorf("suspended: %v", err)
	}
	s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceApproved, ""))
	s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserDisabled))
	if err := renew(); cause(err) != vault.NotSignedIn {
		t.Errorf("a disabled account: %v", err)
	}
	s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserActive))
	s.must(s.SetOffline(ctx, s.op, false))
	if err := renew(); cause(err) != vault.NotPermitted {
		t.Errorf("switched off: %v", err)
	}
	s.must(s.SetOffline(ctx, s.op, true))
	s.must(renew())
	if signed.Epoch != 2 {
		t.Errorf("epoch %d", signed.Epoch)
	}
	s.must(s.Cleared(ctx, d.ID, 1))
	if err := renew(); cause(err) != vault.Superseded {
		t.Errorf("cleared: %v", err)
	}
	s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceRevoked, ""))
	if err := renew(); cause(err) != vault.Revoked {
		t.Errorf("revoked: %v", err)
	}
}

// A disabled account's right credentials get no session, and the orders of the
// device that is named, if it is theirs. Whoever guesses learns nothing.
func TestBarredSignIn(t *testing.T) {
	s := newServer(t)
	ann, bob := s.user("ann"), s.user("bob")
	hers, his := s.device(ann), s.device(bob)
	s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserDisabled))
	for name, c := range map[string]struct {
		device vault.ID
		word   string
		told   bool
	}{
		"her device":     {hers.ID, password, true},
		"wrong password": {hers.ID, "wrong password", false},
		"his device":     {his.ID, password, false},
		"no device":      {vault.ID{}, password, false},
		"some device":    {vault.NewID(), password, false},
	} {
		_, err := s.SignIn(ctx, catalog.SignIn{Name: "ann", Password: vault.SecretText(c.word), Device: c.device})
		var barred *catalog.Barred
		if cause(err) != vault.WrongCredentials || errors.As(err, &barred) != c.told {
			t.Errorf("%s: %v", name, err)
		}
		if c.told && (len(barred.Orders) != 1 || barred.Orders[0].Kind != lease.OrderWipe || barred.Orders[0].Device != hers.ID) {
			t.Errorf("%s: %+v", name, barred.Orders)
		}
	}
}

// Who left after the backup was made stays away, by the list alone: there is no
// database from which to learn it.
func TestRestoreMergesTheList(t *testing.T) {
	s := newServer(t)
	s.user("boss", catalog.Administrators)
	ann, bob := s.user("ann"), s.user("bob")
	hers, his := s.device(ann), s.device(bob)
	list := &lease.List{Version: lease.Version, Epoch: 4, Seq: 30, Devices: []vault.ID{his.ID}, Users: []vault.ID{ann.User()}}
	var none *catalog.Ended
	done, err := s.Restore(ctx, s.op, catalog.Restoring{Since: none.Merge(list)})
	s.must(err)
	if done.Epoch != 5 || done.OfflineEnabled || len(done.Administrators) != 1 {
		t.Errorf("%+v", done)
	}
	if named(s, "ann").State != store.UserDisabled || len(done.Disabled) != 1 || len(done.Revoked) != 1 || done.Revoked[0].ID != his.ID {
		t.Errorf("%+v", done)
	}
	// The devices hear of it, although they know orders of before.
	if got := s.kinds(his.ID, lease.Mark{Epoch: 4, Seq: 30}); !slices.Equal(got, []lease.OrderKind{lease.OrderRevoke}) {
		t.Errorf("his device: %v", got)
	}
	if got := s.kinds(hers.ID, lease.Mark{Epoch: 4, Seq: 30}); !slices.Equal(got, []lease.OrderKind{lease.OrderSuspend}) {
		t.Errorf("her device: %v", got)
	}
	last, err := s.LastOrder(ctx)
	s.must(err)
	if last.Seq <= 30 || last.Epoch != 5 {
		t.Errorf("last order %s", last)
	}
	// An older list than the database says nothing: she may have come back.
	known := &catalog.Ended{Epoch: 4, Orders: 31, OfflineEnabled: true, Disabled: map[vault.ID]bool{}}
	if e := known.Merge(list); len(e.Disabled) != 0 || !e.OfflineEnabled {
		t.Errorf("%+v", e)
	}
}
