package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/session"
)

// TestLevelA: from the terms of the first cache to the receipt of its end, at
// the server. Nothing on the way asks for more than the passwords.
func TestLevelA(t *testing.T) {
	t.Parallel()
	c := newCopyproof(t, nil)
	terms, err := c.s.CacheTerms(c.ctx())
	c.must(err)
	if terms.Level != binding.LevelA || terms.WhyNotA != nil || terms.Problem != nil || terms.Held || terms.Password {
		t.Fatalf("terms: %+v", terms)
	}
	first := c.atA()
	if n := c.inChip(); n != 2 {
		t.Errorf("%d indices in the chip", n)
	}
	c.opens(master)
	c.wrongAndRight()

	// With the lease only the server is asked, without anybody's password.
	c.again()
	before := c.status().Cache.Lease.Seq
	c.pass(time.Hour)
	stop := c.govern()
	c.until(session.LeaseRenewed)
	stop()
	if seq := c.status().Cache.Lease.Seq; seq <= before {
		t.Errorf("lease %d after %d", seq, before)
	}

	// Content: with the open cache, and no permit.
	n := len(c.between.asked)
	c.wrong(vault.WrongPassword)
	done, err := c.s.Connect(c.ctx(), session.ConnectRequest{Password: secret(accountPassword), Master: ask(master)})
	c.must(err)
	if done.Stale != nil || done.Level != binding.LevelA || len(c.between.asked) != n {
		t.Fatalf("%+v, %d permits", done, len(c.between.asked)-n)
	}
	c.toldOf(1)
	terms, err = c.s.CacheTerms(c.ctx())
	c.must(err)
	if terms.Level != binding.LevelA || !terms.Held || terms.Password {
		t.Errorf("terms: %+v", terms)
	}

	c.must(c.s.ClearCache(c.ctx()))
	if st := c.status(); st.Cache != nil {
		t.Errorf("%+v", st.Cache)
	}
	c.receipt()
	second := c.atA()
	if second.Generation <= first.Generation+1 || c.inChip() != 2 {
		t.Errorf("generation %d after %d, %d indices", second.Generation, first.Generation, c.inChip())
	}
	c.opens(master)
}

// receipt wants the server to have the chip's word that nothing opens any more.
func (c *copyproof) receipt() {
	c.t.Helper()
	cleared := c.details(catalog.ActionCleared)
	if len(cleared) == 0 || !strings.Contains(cleared[len(cleared)-1], "certifies its counter at") {
		c.t.Errorf("the server heard of the end: %q", cleared)
	}
	if owed, err := c.store().ReceiptOwed(); owed || err != nil {
		c.t.Errorf("a receipt is owed: %t, %v", owed, err)
	}
}

// toldOf wants whoever has opened the cache to hear of so many wrong passwords.
func (c *copyproof) toldOf(want int) {
	c.t.Helper()
	if n := c.s.FailedBefore(); n != want {
		c.t.Errorf("told of %d wrong passwords, not of %d", n, want)
	}
}

// wrongAndRight costs a try, and gives it back.
func (c *copyproof) wrongAndRight() {
	c.t.Helper()
	c.wrong("wrong_password")
	if left := c.status().Cache.Tries.Left; left != 9 {
		c.t.Errorf("%d tries left", left)
	}
	c.must(c.s.Unlock(c.ctx(), session.UnlockRequest{Master: ask(master)}))
	c.s.Lock()
	c.toldOf(1)
	c.toldOf(0)
	if left := c.status().Cache.Tries.Left; left != 10 {
		c.t.Errorf("%d tries left", left)
	}
	if st := c.status(); st.Cache.State != cache.Usable {
		c.t.Errorf("%+v", st.Cache)
	}
}
