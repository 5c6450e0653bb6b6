package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/session"
)

// fewTries is the least that a policy takes.
const fewTries = 3

// lockedOut uses up the tries.
func (c *copyproof) lockedOut() {
	c.t.Helper()
	for range fewTries {
		c.wrong(vault.WrongPassword)
	}
	c.wrong(vault.ChipLocked)
	c.refused(c.s.Unlock(c.ctx(), session.UnlockRequest{Master: ask(master)}), vault.ChipLocked)
}

// later lets time pass, for the chip as well.
func (c *copyproof) later(d time.Duration) {
	c.pass(d)
	c.machine.AdvanceClock(d)
}

// TestStolenAccountPassword: whoever has the machine and the account's password
// gets new tries by signing in, twice a day and not without an alarm; without
// that password, and from an old session, none. No restart and no power cut
// gives one back.
func TestStolenAccountPassword(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.must(c.catalog.Set(c.ctx(), c.op, "tries", "3"))
	c.atA()
	c.lockedOut()
	c.machine.PowerCut()
	c.again()
	c.wrong(vault.ChipLocked)
	c.later(10 * time.Minute)
	done, err := c.s.Connect(c.ctx(), session.ConnectRequest{Password: secret("a guess")})
	c.refused(err, vault.WrongCredentials)
	if done.Renewed {
		t.Error("renewed")
	}
	for range 2 {
		if done := c.online(); done.Refill != nil {
			t.Fatalf("no new tries: %v", done.Refill)
		}
		if left := c.status().Cache.Tries.Left; left != fewTries {
			t.Errorf("%d tries", left)
		}
		c.lockedOut()
		c.later(10 * time.Minute) // the permit before is over by then
		c.refused(c.s.Refill(c.ctx()), vault.NotSignedIn)
	}
	if done := c.online(); !errors.Is(done.Refill, vault.TooManyAttempts) {
		t.Errorf("a third time: %v", done.Refill)
	}
	c.wrong(vault.ChipLocked)
	if alarms := c.details(catalog.ActionDeviceAlarm); len(alarms) == 0 {
		t.Error("no alarm")
	}
	c.later(25 * time.Hour)
	c.signIn() // whose password it is
	c.opens(master)
}

// TestPermitReplayed: a permit that was used once is of no use in another session
// of the chip, and the tries stay used up.
func TestPermitReplayed(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.must(c.catalog.Set(c.ctx(), c.op, "tries", "3"))
	var kept []byte
	c.between.signed = func(r binding.PermitRequest, signature []byte) []byte {
		if r.Kind != binding.PermitRewrite {
			return signature
		}
		if kept == nil {
			kept = slices.Clone(signature)
		}
		return kept
	}
	c.atA()
	c.lockedOut()
	if done := c.online(); done.Refill != nil {
		t.Fatal(done.Refill)
	}
	c.lockedOut()
	c.later(10 * time.Minute)
	if done := c.online(); done.Refill == nil {
		t.Error("the chip took a permit twice")
	}
	c.wrong(vault.ChipLocked)
}

// TestNotLoweredByTheWay: once there was a cache of level A, a lower one is made
// only by the word of a person who has just signed in. Then nothing is left of
// the one before.
func TestNotLoweredByTheWay(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.atA()
	c.online()
	indices := c.indices
	for _, cleared := range []bool{false, true} {
		if cleared {
			c.must(c.s.ClearCache(c.ctx()))
		}
		c.s.Close()
		c.withoutIndices = true // of another program, or with another chip in front
		c.s = c.start()
		terms, err := c.s.CacheTerms(c.ctx())
		c.must(err)
		if !terms.Held || !errors.Is(terms.Problem, vault.LevelTooLow) || !errors.Is(terms.Problem, session.ErrNotA) ||
			terms.Level == binding.LevelA || !slices.Equal(terms.WhyNotA, []string{session.WhyNoChip}) {
			t.Errorf("terms: %+v", terms)
		}
		_, err = c.disconnect(master)
		c.refused(err, vault.LevelTooLow)
		if !cleared {
			c.withoutIndices, c.indices = false, indices
			c.again()
			c.opens(master)
		}
	}
	c.withoutIndices, c.indices = false, indices
	c.again()
	c.atA()
	c.online()
	copied := c.copyCache()

	c.later(10 * time.Minute)
	byWord := session.CacheRequest{Master: newMaster(master), Level: binding.LevelB}
	_, err := c.s.Disconnect(c.ctx(), byWord)
	c.refused(err, vault.NotSignedIn)
	byWord.Password = secret(accountPassword)
	made, err := c.s.Disconnect(c.ctx(), byWord)
	c.must(err)
	if made.Level != binding.LevelB || !slices.Equal(made.WhyNotA, []string{session.WhyAsked}) || c.inChip() != 0 {
		t.Errorf("%+v, %d indices", made, c.inChip())
	}
	c.opens(master)
	c.copyShut(copied, master)

	// From there on it is as if there had never been one.
	c.online()
	made, err = c.disconnect(master)
	c.must(err)
	if made.Level != binding.LevelA {
		t.Errorf("level %s, %v", made.Level, made.WhyNotA)
	}
	c.opens(master)
}

// TestCutOff: wherever the first cache of level A is cut off, or the way to the
// server lost, the next one goes on, and the chip keeps no index that nobody
// knows.
func TestCutOff(t *testing.T) {
	t.Parallel()
	errCut := errors.New("cut off")
	// After one and before the next is the same: nothing is kept in between.
	for _, when := range []string{
		"before indices", "after indices", "after first_write", "before reading of pin_fail", "after reading of pin_fail", "after rekey",
	} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			c := newCopyproof(t, nil)
			c.between.cut = func(at string) error {
				if at == when {
					return errCut
				}
				return nil
			}
			if _, err := c.disconnect(master); !errors.Is(err, errCut) {
				t.Fatalf("got %v", err)
			}
			c.between.cut = nil
			c.again()
			c.later(3 * time.Minute) // the permit that was not used runs out
			c.signIn()
			made, err := c.disconnect(master)
			c.must(err)
			if made.Level != binding.LevelA || c.inChip() != 2 {
				t.Errorf("level %s (%v), %d indices", made.Level, made.WhyNotA, c.inChip())
			}
			c.opens(master)
			if n := c.machine.Loaded(); n != 0 {
				t.Errorf("%d handles left in the chip", n)
			}
		})
	}
}

// TestFirstAtALowerLevel: where the chip bears no index, the first cache is of
// level B and says why; once an administrator has made them, the next is of A.
func TestFirstAtALowerLevel(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	for _, tt := range []struct {
		refuse error
		why    string
	}{{binding.ErrNoSpace, session.WhyNoSpace}, {binding.ErrOwnerAuth, binding.BlockedOwner}} {
		c.indices.refuse = tt.refuse
		_, err := c.s.Disconnect(c.ctx(), session.CacheRequest{Master: newMaster(master), Level: binding.LevelA})
		c.refused(err, vault.LevelTooLow)
		made, err := c.disconnect(master)
		c.must(err)
		if made.Level != binding.LevelB || !slices.Equal(made.WhyNotA, []string{tt.why}) || c.inChip() != 0 {
			t.Errorf("%+v, %d indices", made, c.inChip())
		}
		c.opens(master)
		c.online()
	}
	slots, err := c.s.PlanIndices(c.ctx())
	c.must(err)
	c.must(c.chip.Provision(c.ctx(), slots, nil)) // the administrator, with the owner's password
	again, err := c.s.PlanIndices(c.ctx())
	c.must(err)
	if again.Indices != slots.Indices {
		t.Error("planned anew")
	}
	c.indices.refuse = nil // what is there already needs nobody
	c.atA()
	c.opens(master)
	if n := c.inChip(); n != 2 {
		t.Errorf("%d indices", n)
	}
}

// TestAnotherMaster: another master password ends the cache before it, and takes
// a sign-in; the one before opens nothing any more, in no copy.
func TestAnotherMaster(t *testing.T) {
	t.Parallel()
	const other = "another battery staple horse"
	c := newCopyproof(t, nil)
	c.atA()
	copied := c.copyCache()
	c.online()
	c.later(10 * time.Minute)
	_, err := c.disconnect(other)
	c.refused(err, vault.NotSignedIn)
	c.opens(master)
	made, err := c.s.Disconnect(c.ctx(), session.CacheRequest{Password: secret(accountPassword), Master: newMaster(other)})
	c.must(err)
	if made.Level != binding.LevelA {
		t.Errorf("%+v", made)
	}
	c.opens(other)
	c.refused(c.s.Unlock(c.ctx(), session.UnlockRequest{Master: ask(master)}), vault.WrongPassword)
	for _, password := range []string{master, other} {
		c.copyShut(copied, password)
	}
	// The same again keeps it, and needs no sign-in.
	c.online()
	c.later(10 * time.Minute)
	n := len(c.between.asked)
	_, err = c.disconnect(other)
	c.must(err)
	if len(c.between.asked) != n {
		t.Error("a permit for the same password")
	}
	c.opens(other)
}

// TestRevokedAtLevelA: the order ends every copy, and the server gets the chip's
// word on it; whoever comes back gets indices of a new device.
func TestRevokedAtLevelA(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.atA()
	copied := c.copyCache()
	before := c.status()
	c.hearsOfRevocation(before.Device.ID)
	c.wiped(before, cache.Revoked)
	if _, err := c.s.Check(c.ctx()); err != nil {
		t.Fatal(err)
	}
	c.deviceEnded(copied)
}

// hearsOfRevocation revokes the device, of which the open client hears at once.
func (c *copyproof) hearsOfRevocation(device vault.ID) {
	c.t.Helper()
	c.must(c.catalog.SetDeviceState(c.ctx(), c.op, device, store.DeviceRevoked, "lost"))
	stop := c.govern()
	c.until(session.CacheRevoked)
	stop()
}

// TestClearedWithoutTheChip: where the chip is away the files go; the next start
// ends the copies, and the server hears of it.
func TestClearedWithoutTheChip(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.atA()
	copied := c.copyCache()
	c.away = true
	c.again()
	if err := c.s.ClearCache(c.ctx()); !errors.Is(err, vault.ChipMissing) {
		t.Fatalf("got %v", err)
	}
	if from, err := c.s.Source(); from != session.FromServer || err != nil { // there is nothing to work with
		t.Errorf("reads from %v, %v", from, err)
	}
	c.away = false
	c.again()
	c.copyShut(copied, master)
	if done := c.online(); done.Journal != nil {
		t.Error(done.Journal)
	}
	if owed, err := c.store().ReceiptOwed(); owed || err != nil {
		t.Errorf("a receipt is owed: %t, %v", owed, err)
	}
	c.atA()
	c.opens(master)
}

// TestImportAtLevelA: a client that was set up anew takes its cache back, as long
// as it is the one that opens, and keeps it at its level.
func TestImportAtLevelA(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.atA()
	c.online()
	old := c.copyCache()
	c.atA()
	copied := c.copyCache()
	c.home = t.TempDir()
	c.again()
	c.refused(c.s.ImportCache(c.ctx(), old, session.UnlockRequest{Master: ask(master)}), vault.Superseded)
	c.must(c.s.ImportCache(c.ctx(), copied, session.UnlockRequest{Master: ask(master)}))
	if st := c.status(); st.Cache == nil || st.Cache.Level != binding.LevelA {
		t.Fatalf("%+v", st.Cache)
	}
	c.s.Lock()
	c.signIn() // as another device: the indices are the old one's
	made, err := c.disconnect(master)
	c.must(err)
	if made.Level != binding.LevelA || c.inChip() != 2 {
		t.Errorf("%+v, %d indices", made, c.inChip())
	}
	c.opens(master)
}
