package catalog_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/escrow"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

func TestRelease(t *testing.T) {
	o := newOrganisation(t)
	o.send(1)
	o.must(o.Proof(ctx, o.d.ID, 1))
	asked, err := o.ask("boss")
	o.must(err)
	if asked.Generation != 1 || asked.Asked != "boss" || !asked.Open || asked.Reason != "the board broke" {
		t.Errorf("asked: %+v", asked)
	}
	if r, err := o.LastRelease(ctx, o.d.ID); r != nil || err != nil {
		t.Errorf("told before it is released: %+v, %v", r, err)
	}
	if _, _, err := o.approve(asked.ID, "boss"); cause(err) != vault.NotPermitted {
		t.Errorf("the same administrator: %v", err)
	}
	done, secret, err := o.approve(asked.ID, "vice")
	if err != nil || !secret.Equal(machine(1)) {
		t.Fatalf("released %v, %v", secret.Equal(machine(1)), err)
	}
	if done.Asked != "boss" || done.Approved != "vice" || done.Open {
		t.Errorf("released: %+v", done)
	}
	if _, _, err := o.approve(asked.ID, "vice"); cause(err) != vault.Usage {
		t.Errorf("once more: %v", err)
	}
	if r, err := o.LastRelease(ctx, o.d.ID); err != nil || r == nil || r.ID != asked.ID || r.Approved != "vice" {
		t.Errorf("told: %+v, %v", r, err)
	}
	for _, action := range []string{catalog.ActionAskRelease, catalog.ActionApproveRelease} {
		got := o.records(catalog.AuditQuery{Action: action, Device: o.d.ID})
		if len(got) != 1 || got[0].Comment != "the board broke" || got[0].Name == "" {
			t.Errorf("%s: %+v", action, got)
		}
	}
	if got := o.records(catalog.AuditQuery{Action: catalog.ActionDeviceAlarm}); len(got) != 2 {
		t.Errorf("alarms: %+v", got)
	}
	if left := o.tokens(); left != 3 { // those of newOrganisation's sign-ins
		t.Errorf("%d tokens are left", left)
	}
}

func (o *organisation) tokens() int {
	o.t.Helper()
	n := 0
	for _, name := range []string{"boss", "vice", "ann"} {
		u, err := o.UserByName(ctx, o.op, name)
		o.must(err)
		o.must(o.db.View(ctx, func(r store.Reader) error {
			list, err := r.Tokens(ctx, u.ID)
			n += len(list)
			return err
		}))
	}
	return n
}

func TestReleaseRefuses(t *testing.T) {
	o := newOrganisation(t)
	if _, err := o.ask("boss"); cause(err) != vault.NotFound {
		t.Errorf("nothing is escrowed: %v", err)
	}
	o.send(1)
	o.user("single", catalog.Administrators)
	for name, c := range map[string]struct {
		as     catalog.SignIn
		reason string
		want   vault.Cause
	}{
		"no administrator":      {o.as("ann"), "x", vault.NotPermitted},
		"no second factor":      {o.as("single"), "x", vault.NotPermitted},
		"no code":               {catalog.SignIn{Name: "boss", Password: vault.SecretText(password)}, "x", vault.SecondFactor},
		"wrong code":            {catalog.SignIn{Name: "boss", Password: vault.SecretText(password), OTP: vault.SecretText("000000")}, "x", vault.WrongCredentials},
		"wrong password":        {catalog.SignIn{Name: "boss", Password: vault.SecretText("x"), OTP: o.as("boss").OTP}, "x", vault.WrongCredentials},
		"nobody":                {catalog.SignIn{Name: "nobody", Password: vault.SecretText(password)}, "x", vault.WrongCredentials},
		"no reason":             {o.as("boss"), " \t", vault.Usage},
		"a reason of two lines": {o.as("boss"), "a\nb", vault.Usage},
	} {
		if _, err := o.AskRelease(ctx, o.op, catalog.ReleaseRequest{Device: o.d.ID, Reason: c.reason, As: c.as}); cause(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := o.AskRelease(ctx, o.signIn("single"), catalog.ReleaseRequest{Device: o.d.ID, Reason: "x", As: o.as("boss")}); cause(err) != vault.NotPermitted {
		t.Errorf("over the network: %v", err)
	}
	// A code counts once, here as in a sign-in.
	o.wait(2 * time.Minute)
	in := o.as("vice")
	_, err := o.SignIn(ctx, in)
	o.must(err)
	if _, err := o.AskRelease(ctx, o.op, catalog.ReleaseRequest{Device: o.d.ID, Reason: "x", As: in}); cause(err) != vault.WrongCredentials {
		t.Errorf("a code that was used: %v", err)
	}

	asked, err := o.ask("boss")
	o.must(err)
	o.must(o.CancelRelease(ctx, o.op, asked.ID, "it was found"))
	if _, _, err := o.approve(asked.ID, "vice"); cause(err) != vault.Usage {
		t.Errorf("cancelled: %v", err)
	}
	asked, err = o.ask("boss")
	o.must(err)
	o.wait(24 * time.Hour)
	if _, _, err := o.approve(asked.ID, "vice"); cause(err) != vault.NotPermitted {
		t.Errorf("after a day: %v", err)
	}
	asked, err = o.ask("boss")
	o.must(err)
	boss, err := o.UserByName(ctx, o.op, "boss")
	o.must(err)
	o.must(o.SetUserState(ctx, o.op, boss.ID, store.UserDisabled))
	if _, _, err := o.approve(asked.ID, "vice"); cause(err) != vault.NotPermitted {
		t.Errorf("who asked was disabled: %v", err)
	}
	o.must(o.SetUserState(ctx, o.op, boss.ID, store.UserActive))
	o.must(o.SetDeviceState(ctx, o.op, o.d.ID, store.DeviceSuspended, "why"))
	if _, _, err := o.approve(asked.ID, "vice"); cause(err) != vault.NotPermitted {
		t.Errorf("a suspended device: %v", err)
	}
	if _, err := o.ask("boss"); cause(err) != vault.NotPermitted {
		t.Errorf("a suspended device is asked for: %v", err)
	}
}

// TestEscrowsKept follows which secrets the server has.
func TestEscrowsKept(t *testing.T) {
	o := newOrganisation(t)
	for _, c := range []struct {
		name string
		do   func()
		want string
	}{
		{"pending", func() { o.send(1) }, "[1]"},
		{"another pending one", func() { o.send(2) }, "[2]"},
		{"proven", func() { o.must(o.Proof(ctx, o.d.ID, 2)) }, "[2]"},
		{"proven and pending", func() { o.send(3) }, "[3 2]"},
		{"proven, and a newer pending one", func() { o.send(4) }, "[4 2]"},
		{"sent again without", func() { o.sendWith(request(o.d, o.cache, 4)) }, "[2]"},
		{"with again", func() { o.send(4) }, "[4 2]"},
		{"newer proven", func() { o.must(o.Proof(ctx, o.d.ID, 4)) }, "[4]"},
		{"a key that is not the server's", func() {
			r := request(o.d, o.cache, 5)
			r.Escrow = catalog.Escrow{Key: "0123456789abcdef", Wrapped: make([]byte, escrow.WrappedSize)}
			o.sendWith(r)
		}, "[4]"},
		{"too short", func() {
			r := request(o.d, o.cache, 5)
			r.Escrow = catalog.Escrow{Key: o.sub.KID, Wrapped: make([]byte, escrow.WrappedSize-1)}
			o.sendWith(r)
		}, "[4]"},
		{"suspended", func() {
			o.must(o.SetDeviceState(ctx, o.op, o.d.ID, store.DeviceSuspended, ""))
			o.must(o.SetDeviceState(ctx, o.op, o.d.ID, store.DeviceApproved, ""))
		}, "[4]"},
		{"cleared", func() { o.must(o.Cleared(ctx, o.d.ID, 4)) }, "[]"},
		{"user disabled", func() {
			o.send(6)
			o.must(o.SetUserState(ctx, o.op, o.ann.User(), store.UserDisabled))
		}, "[]"},
		{"offline use off", func() {
			o.must(o.SetUserState(ctx, o.op, o.ann.User(), store.UserActive))
			o.ann = o.signIn("ann")
			o.send(7)
			o.must(o.SetOffline(ctx, o.op, false))
		}, "[]"},
		{"restored", func() {
			o.must(o.SetOffline(ctx, o.op, true))
			o.send(8)
			done, err := o.Restore(ctx, o.op, catalog.Restoring{Backup: "file"})
			o.must(err)
			if !done.RecoveryOff {
				t.Error("the console does not hear that recovery is off")
			}
		}, "[]"},
	} {
		c.do()
		if got := o.kept(); got != c.want {
			t.Errorf("%s: kept %s, want %s", c.name, got, c.want)
		}
	}
	if r, err := o.Recovery(ctx, o.op); err != nil || r.On {
		t.Errorf("after a restore: %+v, %v", r, err)
	}
}

func TestRevokedDeviceHasNone(t *testing.T) {
	o := newOrganisation(t)
	o.send(1)
	asked, err := o.ask("boss")
	o.must(err)
	o.must(o.SetDeviceState(ctx, o.op, o.d.ID, store.DeviceRevoked, "lost"))
	if got := o.kept(); got != "[]" {
		t.Errorf("kept %s", got)
	}
	if _, _, err := o.approve(asked.ID, "vice"); cause(err) != vault.Usage {
		t.Errorf("approved after it was revoked: %v", err)
	}
	list, err := o.Releases(ctx, o.op)
	if err != nil || len(list) != 1 || list[0].EndedWhy == "" || list[0].Open {
		t.Errorf("requests: %+v, %v", list, err)
	}
}

func TestRecoveryOff(t *testing.T) {
	o := newOrganisation(t)
	o.send(1)
	asked, err := o.ask("boss")
	o.must(err)
	if err := o.RecoveryOn(ctx, o.op, o.sub, vault.SecretText("x")); cause(err) != vault.Usage {
		t.Errorf("on and on: %v", err)
	}
	if r, err := o.Recovery(ctx, o.op); err != nil || !r.On || r.Escrowed != 1 || r.Key.KID != o.sub.KID {
		t.Errorf("on: %+v, %v", r, err)
	}
	for name, act := range map[string]func() error{
		"on":  func() error { return o.RecoveryOn(ctx, o.ann, o.sub, vault.SecretText("x")) },
		"off": func() error { _, err := o.RecoveryOff(ctx, o.ann); return err },
	} {
		if err := act(); cause(err) != vault.NotPermitted {
			t.Errorf("%s over the network: %v", name, err)
		}
	}
	n, err := o.RecoveryOff(ctx, o.op)
	if err != nil || n != 1 || o.kept() != "[]" {
		t.Errorf("off: %d, kept %s, %v", n, o.kept(), err)
	}
	if _, err := o.RecoveryOff(ctx, o.op); cause(err) != vault.Usage {
		t.Errorf("off and off: %v", err)
	}
	if key, err := o.RecoveryKey(ctx); err != nil || key.KID != "" {
		t.Errorf("listed: %+v, %v", key, err)
	}
	if _, _, err := o.approve(asked.ID, "vice"); cause(err) != vault.Usage {
		t.Errorf("approved after it was turned off: %v", err)
	}
	o.must(o.db.View(ctx, func(r store.Reader) error {
		all, err := r.Settings(ctx)
		for _, s := range all {
			if bytes.Contains([]byte(s.Name), []byte("recovery")) {
				t.Errorf("left: %s", s.Name)
			}
		}
		return err
	}))
	// Another key opens nothing of before, and what is sent to the old one is not kept.
	old := o.sub
	o.turnOn()
	r := request(o.d, o.cache, 2)
	r.Escrow = catalog.Escrow{Key: old.KID, Wrapped: make([]byte, escrow.WrappedSize)}
	o.sendWith(r)
	if got := o.kept(); got != "[]" {
		t.Errorf("kept %s", got)
	}
	if got := o.records(catalog.AuditQuery{Action: catalog.ActionRecovery}); len(got) != 3 {
		t.Errorf("audit: %+v", got)
	}
}

// TestEscrowChanged flips bytes of what the database has: the release counts,
// and gives nothing.
func TestEscrowChanged(t *testing.T) {
	o := newOrganisation(t)
	for i, c := range []struct {
		name   string
		change func(*store.Escrow)
	}{
		{"wrapped", func(e *store.Escrow) { e.Wrapped[100] ^= 1 }},
		{"record", func(e *store.Escrow) { e.Record[0] ^= 1 }},
		{"user", func(e *store.Escrow) { e.User = vault.NewID() }},
	} {
		o.send(uint64(i) + 1)
		asked, err := o.ask("boss")
		o.must(err)
		o.must(o.db.Update(ctx, func(tx store.Tx) error {
			all, err := tx.Escrows(ctx, o.d.ID)
			if err != nil {
				return err
			}
			c.change(&all[0])
			return tx.PutEscrow(ctx, all[0])
		}))
		if _, secret, err := o.approve(asked.ID, "vice"); cause(err) != vault.Damaged || !secret.IsEmpty() {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, _, err := o.approve(asked.ID, "vice"); cause(err) != vault.Usage {
			t.Errorf("%s, once more: %v", c.name, err)
		}
	}
}
