package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// A connected client whose device is revoked: what is open is closed, the cache
// is gone, the receipt is in the audit, the key is forgotten.
func TestRevokeReachesAConnectedClient(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, nil)
	before := g.offline()
	g.govern()
	g.until(session.Following)
	began := time.Now()
	g.must(g.catalog.SetDeviceState(g.ctx(), g.op, before.Device.ID, store.DeviceRevoked, "lost"))
	g.until(session.CacheRevoked)
	t.Logf("revoked to wiped in %v", time.Since(began))
	g.wiped(before, cache.Revoked)
	if err := g.s.Keep(g.ctx()); !errors.Is(err, vault.Revoked) {
		t.Errorf("Keep says %v", err)
	}
	g.until(session.ReceiptSent)
	t.Logf("receipt after %v", time.Since(began))
	if n := g.audited(catalog.ActionCleared); n != 1 {
		t.Errorf("%d receipts in the audit", n)
	}
	d, err := g.catalog.Device(g.ctx(), g.op, before.Device.ID)
	g.must(err)
	if d.State != store.DeviceWiped || d.WipedAt.IsZero() {
		t.Errorf("%+v", d)
	}
	if st := g.status(); st.SignedIn || st.Mode != session.Disconnected || st.Device.State != wire.DeviceRevoked {
		t.Errorf("%+v", st)
	}
}

// A user who was disabled, and reaches the listener for devices alone: the same.
// The device stays; enabled again, it makes a new cache.
func TestDisabledUserOnTheGovernanceListener(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, nil)
	before := g.offline()
	g.stopVault()
	g.govern()
	if _, told := g.until(session.Following); len(told) == 0 || told[len(told)-1].Kind != session.ServerAway {
		t.Errorf("told %+v, and not that the vault is away", told)
	}
	began := time.Now()
	g.must(g.catalog.SetUserState(g.ctx(), g.op, g.user(), store.UserDisabled))
	g.until(session.CacheRevoked)
	t.Logf("disabled to wiped in %v", time.Since(began))
	g.wiped(before, cache.Revoked)
	g.until(session.ReceiptSent)
	if n := g.audited(catalog.ActionCleared); n != 1 {
		t.Errorf("%d receipts in the audit", n)
	}
	if n := g.audited(catalog.ActionJournal); n == 0 {
		t.Error("no journal arrived")
	}
	d, err := g.catalog.Device(g.ctx(), g.op, before.Device.ID)
	g.must(err)
	if d.State != store.DeviceApproved {
		t.Errorf("the device is %d", d.State)
	}
}

// Suspended is locked and shut, nothing is wiped; resumed it opens again. The
// window tells of both.
func TestSuspendAndResume(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, nil)
	before := g.offline()
	stop := g.govern()
	g.until(session.Following)
	g.must(g.catalog.SetDeviceState(g.ctx(), g.op, before.Device.ID, store.DeviceSuspended, ""))
	g.until(session.DeviceSuspended)
	if g.s.Unlocked() || !errors.Is(g.s.Keep(g.ctx()), vault.Suspended) {
		t.Error("it is open")
	}
	err := g.s.Unlock(g.ctx(), session.UnlockRequest{Master: ask(master)})
	if !errors.Is(err, vault.Suspended) {
		t.Errorf("Unlock: %v", err)
	}
	if st := g.status(); st.Cache.State != cache.Suspended || st.Device.State != wire.DeviceSuspended || st.Mode != session.Disconnected {
		t.Errorf("%+v", st)
	}
	g.must(g.catalog.SetDeviceState(g.ctx(), g.op, before.Device.ID, store.DeviceApproved, ""))
	g.until(session.DeviceResumed)
	g.unlock()
	if st := g.status(); st.Mode != session.Offline {
		t.Errorf("%+v", st)
	}
	stop()

	// The kill switch takes caches of before, and the session stays.
	g.must(g.catalog.SetOffline(g.ctx(), g.op, false))
	g.govern()
	g.until(session.CacheWiped)
	g.wiped(before, cache.Wiped)
	g.until(session.ReceiptSent)
}

// Who was disabled while offline hears of it when they come back with their
// right password, without a session; a wrong one changes nothing.
func TestDisabledUserComesBack(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, nil)
	before := g.offline()
	g.must(g.catalog.SetUserState(g.ctx(), g.op, g.user(), store.UserDisabled))
	_, err := g.s.Connect(g.ctx(), session.ConnectRequest{Password: secret("wrong password")})
	if !errors.Is(err, vault.WrongCredentials) || g.status().Cache.State != cache.Usable {
		t.Fatalf("%v, %+v", err, g.status().Cache)
	}
	_, err = g.s.Connect(g.ctx(), session.ConnectRequest{Password: secret(accountPassword)})
	if !errors.Is(err, vault.Revoked) {
		t.Errorf("%v", err)
	}
	g.wiped(before, cache.Revoked)
	if st := g.status(); st.SignedIn {
		t.Error("there is a session")
	}
	if n := g.audited(catalog.ActionCleared); n != 1 {
		t.Errorf("%d receipts in the audit", n)
	}
	// Let in again, the same device makes a new cache, and no old order ends it.
	g.must(g.catalog.SetUserState(g.ctx(), g.op, g.user(), store.UserActive))
	_, err = g.s.Connect(g.ctx(), session.ConnectRequest{Password: secret(accountPassword)})
	g.must(err)
	after := g.offline()
	if after.Device.ID != before.Device.ID {
		t.Error("it is another device")
	}
	stop := g.govern()
	g.until(session.Following)
	stop()
	if got := g.status().Cache.State; got != cache.Usable {
		t.Errorf("the new cache is %s", got)
	}
}

// A lease is renewed with every contact, to the full number of days, without a
// password; what the policy shortens stays short.
func TestLeaseIsRenewed(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, nil)
	before := g.offline()
	const day = 24 * time.Hour
	days := time.Duration(before.Cache.Policy.Days) * day
	g.pass(days - 12*time.Hour)
	if st := g.status(); st.Ending != session.EndingDay {
		t.Errorf("%q", st.Ending)
	}
	stop := g.govern()
	n, told := g.until(session.LeaseRenewed)
	if len(told) == 0 || told[0].Kind != session.LeaseEnding || told[0].Left != session.EndingDay {
		t.Errorf("told before: %+v", told)
	}
	if left := n.Until.Sub(g.Now()); left > days || left < days-time.Minute {
		t.Errorf("renewed for %v", left)
	}
	g.until(session.Following)
	stop()
	if st := g.status(); st.Ending != session.EndingLater || !st.Cache.Verdict.Until.Equal(n.Until) {
		t.Errorf("%+v", st.Cache.Verdict)
	}
	g.must(g.catalog.Set(g.ctx(), g.op, "days", "2"))
	g.pass(time.Hour)
	stop = g.govern()
	n, _ = g.until(session.LeaseRenewed)
	stop()
	if left := n.Until.Sub(g.Now()); left > 2*day {
		t.Errorf("renewed for %v", left)
	}
	// Without the server it ends, and is told an hour before.
	g.stopVault()
	g.pass(2*day - 30*time.Minute)
	if st := g.status(); st.Ending != session.EndingHour || st.Cache.State != cache.Usable {
		t.Errorf("%q, %+v", st.Ending, st.Cache)
	}
	g.pass(time.Hour)
	if st := g.status(); st.Cache.State != cache.Expired {
		t.Errorf("%+v", st.Cache)
	}
}
