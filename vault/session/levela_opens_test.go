package session_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/session"
)

// TestBudgetOfOpens: a new budget is for whoever has just signed in; what is left
// of the one before serves on until then.
func TestBudgetOfOpens(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.must(c.catalog.Set(c.ctx(), c.op, "opens", "3"))
	c.atA()
	if n := c.inChip(); n != 3 {
		t.Fatalf("%d indices", n)
	}
	c.opens(master)
	c.opens(master)
	c.online()
	c.later(10 * time.Minute)
	_, err := c.disconnect(master)
	c.must(err)
	if o := c.status().Cache.Opens; o == nil || o.Limit-o.Used != 1 {
		t.Errorf("opens: %+v", o)
	}
	c.opens(master)
	c.refused(c.s.Unlock(c.ctx(), session.UnlockRequest{Master: ask(master)}), vault.Expired)
	if done := c.online(); done.Refill != nil {
		t.Fatal(done.Refill)
	}
	if o := c.status().Cache.Opens; o == nil || o.Limit-o.Used != 3 {
		t.Errorf("opens: %+v", o)
	}
}

// TestBudgetThatIsDropped: where the policy counts openings no more, a cache whose
// budget is used up does not stay shut for ever.
func TestBudgetThatIsDropped(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.must(c.catalog.Set(c.ctx(), c.op, "opens", "1"))
	c.atA()
	c.opens(master)
	c.refused(c.s.Unlock(c.ctx(), session.UnlockRequest{Master: ask(master)}), vault.Expired)
	c.must(c.catalog.Set(c.ctx(), c.op, "opens", "0"))
	c.online()
	c.atA()
	if n := c.inChip(); n != 2 {
		t.Errorf("%d indices, want the counter and pin_fail", n)
	}
	c.opens(master)
	c.opens(master)
	if o := c.status().Cache.Opens; o != nil {
		t.Errorf("opens: %+v", o)
	}
}

// TestRenewedManyTimes: the server gives a new budget of openings only so often a
// day. Who renews often asks for none, and no administrator hears of it.
func TestRenewedManyTimes(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.must(c.catalog.Set(c.ctx(), c.op, "opens", "20"))
	c.atA()
	alarms := len(c.details(catalog.ActionAlarm))
	for n := range 6 { // one more than the server gives a day
		done, err := c.s.Connect(c.ctx(), session.ConnectRequest{Password: secret(accountPassword), Master: ask(master)})
		c.must(err)
		if done.Stale != nil || !done.Renewed || done.Level != binding.LevelA {
			t.Fatalf("%d: %+v", n, done)
		}
	}
	if now := c.details(catalog.ActionAlarm); len(now) != alarms {
		t.Errorf("alarms: %q", now)
	}
	c.opens(master)
}

// TestSessionCutAway: openings that somebody has cut out of the journal are told
// with the next cache, whoever has opened it since.
func TestSessionCutAway(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	c.must(c.catalog.Set(c.ctx(), c.op, "opens", "20"))
	c.atA()
	c.opens(master)
	journal := filepath.Join(filepath.Dir(c.status().Cache.Path), "journal")
	before, err := os.ReadFile(journal)
	c.must(err)
	c.opens(master)
	c.must(os.WriteFile(journal, before, 0o600))
	c.again()
	for range 2 {
		done, err := c.s.Connect(c.ctx(), session.ConnectRequest{Password: secret(accountPassword), Master: ask(master)})
		c.must(err)
		if done.Stale != nil || done.Journal != nil {
			t.Errorf("%+v", done)
		}
	}
	lost := slices.DeleteFunc(c.details(catalog.ActionAlarm), func(d string) bool { return !strings.Contains(d, "1 openings of cache") })
	if len(lost) != 1 {
		t.Errorf("alarms: %q", c.details(catalog.ActionAlarm))
	}
}
