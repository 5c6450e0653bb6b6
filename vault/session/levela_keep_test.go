package session_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

func (c *copyproof) statePath() string { return filepath.Join(c.home, "state.json") }

// TestDiesAfterTheCommit: a process that is killed right after the commit of the
// first cache of level A, and a cache that is cleared then, are no way to a lower
// one.
func TestDiesAfterTheCommit(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	var killed []byte
	c.indices.commit = func() {
		var err error
		killed, err = os.ReadFile(c.statePath())
		c.must(err)
	}
	c.atA()
	c.indices.commit = nil
	c.must(os.WriteFile(c.statePath(), killed, 0o600))
	c.again()
	c.must(c.s.ClearCache(c.ctx()))
	c.receipt()
	c.between.cut = func(at string) error {
		if at == "before rekey" {
			return vault.NotPermitted
		}
		return nil
	}
	made, err := c.disconnect(master)
	if err == nil {
		t.Errorf("level %s after one of level A", made.Level)
	}
	c.refused(err, vault.LevelTooLow)
}

// TestGivingUpThatLeadsNowhere: level A is not given up, which ends its cache,
// where the policy takes nothing lower that this machine could bear.
func TestGivingUpThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, func(m *tpmtest.Machine) { m.SetLockout(3, time.Minute) }) // level B0
	c.atA()
	c.online()
	c.must(c.catalog.Set(c.ctx(), c.op, "min_level", "B"))
	_, err := c.s.Disconnect(c.ctx(), session.CacheRequest{Master: newMaster(master), Level: binding.LevelB, Password: secret(accountPassword)})
	c.refused(err, vault.LevelTooLow)
	if c.inChip() != 2 {
		t.Errorf("%d indices", c.inChip())
	}
	c.opens(master)
}

// TestLeaveHardwareAtLevelA: the server has the chip's word on the end, the chip
// keeps no index, and the chip that comes next bears a cache of its own.
func TestLeaveHardwareAtLevelA(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.atA()
	c.opens(master)
	copied := c.copyCache()
	ready, err := c.s.LeaveHardware(c.ctx(), session.HardwareRequest{})
	c.must(err)
	if !ready.Cleared || ready.Level != binding.LevelA || ready.Untold != nil || ready.Journal != nil || ready.Kept != nil {
		t.Errorf("%+v", ready)
	}
	c.deviceEnded(copied)
	before := c.status().Device.ID
	c.machine.Clear()
	c.chip = c.machine.Open(t)
	c.indices = nil
	c.again()
	c.signIn()
	if got := c.status().Device.ID; got == before {
		t.Error("another chip is the same device")
	}
	c.atA()
	c.opens(master)
}

// TestImportedAndRenewed: a client that was set up anew has the indices of another
// device. Coming back online makes others, and does not end the cache without one
// that takes its place.
func TestImportedAndRenewed(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.atA()
	c.online()
	copied := c.copyCache()
	c.home = t.TempDir()
	c.again()
	c.must(c.s.ImportCache(c.ctx(), copied, session.UnlockRequest{Master: ask(master)}))
	// The flag renews what is open, and has no password to make others with.
	c.must(c.s.SetAutoCache(c.ctx(), true))
	done, err := c.s.Connect(c.ctx(), session.ConnectRequest{Password: secret(accountPassword)})
	c.must(err)
	c.refused(done.Stale, vault.LevelTooLow)
	c.opens(master)
	done, err = c.s.Connect(c.ctx(), session.ConnectRequest{Password: secret(accountPassword), Master: ask(master)})
	c.must(err)
	if done.Stale != nil || !done.Renewed || done.Level != binding.LevelA || c.inChip() != 2 {
		t.Fatalf("%+v, %d indices", done, c.inChip())
	}
	c.opens(master)
}

// TestCounterIsGone: a receipt that the chip cannot give any more, because its owner
// has deleted the index, keeps nobody from the server, and no revoked device from
// coming back as another.
func TestCounterIsGone(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.atA()
	device := c.endedUntold()
	c.deleteIndices()
	_, err := c.s.Check(c.ctx())
	c.must(err)
	c.comesBack(device)
}

// TestLostAttestationKey: a home that was restored from before its chip was proven
// is refused for as long as the device is in use. Once an administrator has revoked
// it, nothing that it could still sign holds the next one up.
func TestLostAttestationKey(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.atA()
	c.forgetAttestor()
	_, err := c.s.Check(c.ctx())
	c.must(err)
	if got := c.status().Device.Chip; got.Why != session.UnprovenRefused {
		t.Errorf("%+v", got)
	}
	device := c.endedUntold()
	_, err = c.s.Check(c.ctx())
	c.must(err)
	c.comesBack(device)
}

// TestIndicesAreGone: a cache whose counter the chip's owner has deleted is cleared
// by the server's word like any other.
func TestIndicesAreGone(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	device := c.atA().Lease.Device
	c.deleteIndices()
	c.must(c.catalog.SetDeviceState(c.ctx(), c.op, device, store.DeviceRevoked, "lost"))
	before := c.status()
	_, err := c.s.Check(c.ctx())
	c.must(err)
	c.wiped(before, cache.Revoked)
	c.comesBack(device)
}

// deleteIndices is what the chip's owner can do.
func (c *copyproof) deleteIndices() {
	c.t.Helper()
	found, err := c.chip.Indices(c.ctx())
	c.must(err)
	handles := make([]uint32, 0, len(found))
	for _, x := range found {
		handles = append(handles, x.Handle)
	}
	c.must(c.chip.Remove(c.ctx(), handles, nil))
}

// TestOfflineContentsAtLevelA: what a cache would hold is told for the level that
// it would have, also before there was one of it.
func TestOfflineContentsAtLevelA(t *testing.T) {
	t.Parallel()
	c := newProven(t, newMaker(t))
	c.must(c.catalog.Set(c.ctx(), c.op, "min_level", "A"))
	whole := func(what string, run wire.DryRun) {
		t.Helper()
		if run.Cached != run.Total || run.Total == 0 {
			t.Errorf("%s: %d of %d, %v", what, run.Cached, run.Total, run.ByReason)
		}
	}
	terms, err := c.s.CacheTerms(c.ctx())
	c.must(err)
	c.must(terms.Problem)
	whole("the terms", terms.Run)
	run, err := c.s.DryRun(c.ctx())
	c.must(err)
	whole("the dry run", run)
	if made := c.atA(); made.Withheld == nil || *made.Withheld != 0 {
		t.Errorf("withheld: %v", made.Withheld)
	}
	c.online() // which registers the device again
	run, err = c.s.DryRun(c.ctx())
	c.must(err)
	whole("the dry run afterwards", run)
}

// forgetAttestor makes the home what it was before the chip was proven.
func (c *copyproof) forgetAttestor() {
	c.t.Helper()
	raw, err := os.ReadFile(c.statePath())
	c.must(err)
	var state map[string]any
	c.must(json.Unmarshal(raw, &state))
	device := state["accounts"].([]any)[0].(map[string]any)["device"].(map[string]any)
	delete(device, "judged")
	delete(device, "attestor")
	raw, err = json.Marshal(state)
	c.must(err)
	c.must(os.WriteFile(c.statePath(), raw, 0o600))
	c.again()
}

// endedUntold revokes the device, and has its cache wiped; nothing of that reaches
// the server.
func (c *copyproof) endedUntold() vault.ID {
	c.t.Helper()
	device := c.status().Device.ID
	c.between.cut = func(at string) error {
		if at == "before cleared" || at == "before reading of counter" {
			return vault.Unreachable
		}
		return nil
	}
	c.hearsOfRevocation(device)
	c.between.cut = nil
	return device
}

// comesBack signs in as another device than the one that has ended, and gets a
// cache of level A.
func (c *copyproof) comesBack(ended vault.ID) {
	c.t.Helper()
	c.signIn()
	now := c.status().Device
	if now.ID == ended {
		c.t.Fatalf("still %+v", now)
	}
	c.must(c.catalog.SetDeviceState(c.ctx(), c.op, now.ID, store.DeviceApproved, "")) // the machine is known
	_, err := c.s.Check(c.ctx())
	c.must(err)
	c.atA()
	c.opens(master)
}

// TestServerFromABackup: a server that was brought back from before it knew the
// device, its chip, or the chip's indices, gets to know them again.
func TestServerFromABackup(t *testing.T) {
	t.Parallel()
	maker := newMaker(t)
	for _, when := range []string{"before register", "before enrol", "before indices"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			c := newProven(t, maker)
			c.home = t.TempDir() // another computer of this user, from here on
			backup := filepath.Join(c.dir, "backup.db")
			c.between.cut = func(at string) error {
				if _, err := os.Stat(backup); at == when && os.IsNotExist(err) {
					c.backup(backup)
				}
				return nil
			}
			c.again()
			c.signIn()
			before := c.atA().Lease.Device
			c.between.cut = nil
			c.online()
			c.restore(backup)
			c.signIn()
			st := c.status()
			if same := st.Device.ID == before; same != (when != "before register") {
				t.Errorf("device %s, before %s", st.Device.ID, before)
			}
			c.must(c.catalog.SetDeviceState(c.ctx(), c.op, st.Device.ID, store.DeviceApproved, ""))
			if _, err := c.s.Check(c.ctx()); err != nil {
				t.Error(err)
			}
			if st := c.status(); !st.Device.Chip.Proven || st.Device.State != wire.DeviceApproved {
				t.Errorf("%+v", st.Device)
			}
			c.atA()
			c.opens(master)
		})
	}
}

func (c *copyproof) backup(to string) {
	c.t.Helper()
	db, err := sqlstore.Open(c.ctx(), filepath.Join(c.dir, "test.db"))
	c.must(err)
	c.must(db.Backup(c.ctx(), to))
	c.must(db.Close())
}

// restore puts a server in the place of the other that was brought back from a
// backup, with its people confirmed.
func (c *copyproof) restore(backup string) {
	c.t.Helper()
	restored, err := catalog.Open(c.ctx(), c.configOn(backup))
	c.must(err)
	c.must(server.WriteList(c.ctx(), c.listPath(), c.id, c.catalog))
	list, err := server.ReadList(c.ctx(), c.listPath(), c.id, restored)
	c.must(err)
	var none *catalog.Ended
	_, err = restored.Restore(c.ctx(), c.op, catalog.Restoring{Backup: "backup.db", Since: none.Merge(list)})
	c.must(err)
	c.catalog = restored
	c.must(restored.SetUserState(c.ctx(), c.op, c.user(), store.UserActive))
	srv, err := server.New(c.ctx(), server.Config{Identity: c.id, Catalog: restored, Version: "test", Now: c.Now})
	c.must(err)
	c.replaceVault(srv)
}
