package catalog_test

import (
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// What the database holds when it comes back: sessions, nonces and leases from
// before are worth nothing, and nobody but an administrator gets in.
func TestRestore(t *testing.T) {
	s := newServer(t)
	boss, ann := s.user("boss", catalog.Administrators), s.user("ann")
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Full + Offline", time.Time{})
	d := s.device(ann)
	nonce, err := s.IssueNonce(ctx)
	s.must(err)
	before, err := s.Instance(ctx)
	s.must(err)
	if _, err := s.Restore(ctx, boss, catalog.Restoring{}); cause(err) != vault.NotPermitted {
		t.Fatalf("somebody who is signed in restores: %v", err)
	}
	s.must(s.Verify(ctx))
	done, err := s.Restore(ctx, s.op, catalog.Restoring{Backup: "file"})
	s.must(err)
	after, err := s.Instance(ctx)
	s.must(err)
	if after.Epoch != before.Epoch+1 || after.Incarnation == before.Incarnation || after != done.Instance {
		t.Errorf("%+v became %+v, and %+v was told", before, after, done.Instance)
	}
	if len(done.Administrators) != 1 || len(done.Suspended) != 1 || done.Suspended[0].Name != "ann" || len(done.Devices) != 1 {
		t.Errorf("done: %+v", done)
	}
	if err := s.SpendNonce(ctx, nonce); cause(err) != vault.NotSignedIn {
		t.Errorf("a nonce from before: %v", err)
	}
	again, err := s.IssueNonce(ctx)
	s.must(err)
	s.must(s.SpendNonce(ctx, again))
	for _, by := range []*catalog.Caller{boss, ann} {
		if _, err := s.Me(ctx, by); by == ann && cause(err) != vault.NotSignedIn {
			t.Errorf("%s goes on: %v", by.Name(), err)
		}
	}
	if _, err := s.SignIn(ctx, catalog.SignIn{Name: "ann", Password: vault.SecretText(password)}); cause(err) != vault.WrongCredentials {
		t.Errorf("ann signs in: %v", err)
	}
	s.signIn("boss")

	// Let in again, step by step.
	s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserActive))
	ann = s.signIn("ann")
	if _, err := s.Package(ctx, ann, request(d, vault.NewID(), 1)); cause(err) != vault.Suspended {
		t.Errorf("a suspended device gets a cache: %v", err)
	}
	s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceApproved, "it is hers"))
	p, err := s.Package(ctx, ann, request(d, vault.NewID(), 1))
	s.must(err)
	p.Close()
	_, err = s.VerifyAudit(ctx, s.op)
	s.must(err)
}

// The database that a backup replaces knows what ended since.
func TestRestoreKeepsWhatEnded(t *testing.T) {
	old, backup := newServer(t), newServer(t)
	for _, s := range []*server{old, backup} {
		s.user("boss", catalog.Administrators)
		s.user("ann")
	}
	boss, ann := named(backup, "boss"), named(backup, "ann")
	lost := store.Device{ID: vault.NewID(), User: ann.ID, PublicKey: []byte("key"), State: store.DeviceRevoked, Why: "lost"}
	orphan := lost
	orphan.ID, orphan.User = vault.NewID(), vault.NewID()
	done, err := backup.Restore(ctx, backup.op, catalog.Restoring{Since: &catalog.Ended{
		Epoch: 7, Devices: []store.Device{lost, orphan}, Disabled: map[vault.ID]bool{ann.ID: true},
	}})
	backup.must(err)
	if done.Epoch != 8 || done.OfflineEnabled {
		t.Errorf("epoch %d, offline %t", done.Epoch, done.OfflineEnabled)
	}
	if len(done.Revoked) != 1 || done.Revoked[0].ID != lost.ID || len(done.Disabled) != 1 || done.Disabled[0].Name != "ann" {
		t.Errorf("done: %+v", done)
	}
	// boss was no administrator any more.
	if len(done.Administrators) != 0 || len(done.Suspended) != 1 || done.Suspended[0].ID != boss.ID {
		t.Errorf("done: %+v", done)
	}
	found, err := backup.Device(ctx, backup.op, lost.ID)
	backup.must(err)
	if found.State != store.DeviceRevoked || found.Why != "lost" {
		t.Errorf("device: %+v", found)
	}

	e, err := catalog.ReadEnded(ctx, old.db)
	old.must(err)
	if e.Epoch != 1 || !e.OfflineEnabled || len(e.Devices) != 0 || len(e.Disabled) != 0 || len(e.Administrators) != 1 {
		t.Errorf("ended: %+v", e)
	}
	old.must(old.SetUserState(ctx, old.op, named(old, "ann").ID, store.UserDisabled))
	old.must(old.SetOffline(ctx, old.op, false))
	e, err = catalog.ReadEnded(ctx, old.db)
	old.must(err)
	if e.Epoch != 2 || e.OfflineEnabled || !e.Disabled[named(old, "ann").ID] {
		t.Errorf("ended: %+v", e)
	}
}

func named(s *server, name string) catalog.User {
	s.t.Helper()
	u, err := s.UserByName(ctx, s.op, name)
	s.must(err)
	return u
}
