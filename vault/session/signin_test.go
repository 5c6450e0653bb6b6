package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sign := func(target session.Target, name, password, otp string) error {
		return w.s.SignIn(w.ctx(), session.SignInRequest{
			Target: target, Credentials: session.Credentials{User: name, Password: secret(password), OTP: secret(otp)},
		})
	}
	unknown := session.Target{URL: url}
	w.refused(sign(unknown, user, account, ""), vault.IdentityUnknown)
	w.refused(w.s.Meet(w.ctx(), unknown), vault.IdentityUnknown)
	if w.server.calls["sign in"] != 0 {
		t.Fatal("a password went to a server that nobody knows")
	}
	w.refused(sign(w.server.target(), user, "wrong", ""), vault.WrongCredentials)
	w.server.otp = "123456"
	w.refused(sign(w.server.target(), user, account, ""), vault.SecondFactor)
	w.refused(sign(w.server.target(), user, account, "000000"), vault.WrongCredentials)
	w.mode(session.Disconnected)
	w.must(sign(session.Target{URL: url + "/", Pin: w.server.pin()}, user, account, "123456"))
	w.mode(session.Online)
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if !st.SignedIn || st.User != user || st.Server.Pin != w.server.pin() || st.Server.URL != url || st.Device.State != "approved" {
		t.Errorf("%+v", st)
	}

	w.server.otp = ""
	w.run()
	w.list()                                                        // the token was kept
	w.must(sign(unknown, "carol", w.server.passwords["carol"], "")) // pinned: no flag is needed
	if st, err = w.s.Status(w.ctx()); err != nil || st.User != "carol" {
		t.Errorf("%+v, %v", st, err)
	}
	w.must(w.s.SignOut(w.ctx()))
	w.mode(session.Disconnected)
	_, err = w.s.List(w.ctx())
	w.refused(err, vault.NotSignedIn)
}

// What a server was at the first sign-in it must stay: a server that does not
// govern, or has another key, is another server.
func TestServerIsPinned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	signIns := w.server.calls["sign in"]
	again := func() error {
		return w.s.SignIn(w.ctx(), session.SignInRequest{
			Target: session.Target{URL: url}, Credentials: session.Credentials{User: user, Password: secret(account)},
		})
	}
	w.server.kind = session.Pleasant
	w.refused(again(), vault.IdentityChanged)
	w.server.kind = session.Tideover
	old := w.server.root
	w.server.root = newKey(t)
	w.refused(again(), vault.IdentityChanged)
	// Not even with the new pin, as long as the old server's cache is there.
	w.refused(w.s.Meet(w.ctx(), w.server.target()), vault.IdentityChanged)
	if w.server.calls["sign in"] != signIns {
		t.Error("a password went to another server")
	}
	w.server.root = old
	w.must(again())
}

func TestNoPlaceForSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, noChip := range []bool{true, false} {
		s := session.New(session.Config{
			Home: w.home, Clock: w.clock, NoChip: noChip,
			Dial: func(session.Target) (session.Remote, error) { return w.server, nil },
		})
		err := s.SignIn(context.Background(), session.SignInRequest{
			Target: w.server.target(), Credentials: session.Credentials{User: user, Password: secret(account)},
		})
		want := vault.ChipMissing // which is there, and cannot be used now
		if noChip {
			want = vault.NoSecretStore
		}
		w.refused(err, want)
	}
	if len(w.server.calls) != 0 {
		t.Error("the server was asked")
	}
}

// While somebody is offline nobody signs in, whoever it is, and the refusal
// says who is offline (PPS-20).
func TestNobodySignsInWhileSomebodyIsOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	calls := w.server.calls["probe"]
	for _, name := range []string{user, "carol"} {
		err := w.s.SignIn(w.ctx(), session.SignInRequest{
			Target: w.server.target(), Credentials: session.Credentials{User: name, Password: secret(w.server.passwords[name])},
		})
		w.refused(err, vault.SomeoneOffline)
		var p *vault.Problem
		if !errors.As(err, &p) || p.Detail != user {
			t.Errorf("%v does not name %s", err, user)
		}
	}
	if w.server.calls["probe"] != calls {
		t.Error("the refusal used the network")
	}
	_, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Password: secret(account), Master: newMaster(master)})
	w.refused(err, vault.SomeoneOffline)
	w.mode(session.Offline)
}

func TestNothingSecretIsInTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.must(w.s.Edit(w.ctx(), w.find("/Servers/web"), func(e *vault.Entry) error {
		e.Set(vault.FieldPassword, secret("edited password"), true)
		return nil
	}))
	raw := w.stateBytes()
	for _, s := range []string{account, master, w.server.token, "edited password", "Servers", "pass web"} {
		if bytes.Contains(raw, []byte(s)) {
			t.Errorf("the state file holds %q", s)
		}
	}
}

// The master password must differ from the account's, which the session has not
// kept: it knows a slow digest, and that only with this machine.
func TestMasterPasswordDiffersFromTheAccounts(t *testing.T) {
	t.Parallel()
	const strong, other = "Kranich stolpert 41 Lu\u0308fter", "Ebbe und Flut 1729 am Kai"
	w := newWorld(t)
	w.server.passwords[user] = strong
	w.must(w.s.SignIn(w.ctx(), session.SignInRequest{
		Target: w.server.target(), Credentials: session.Credentials{User: user, Password: secret(strong)},
	}))
	w.run() // another process, which was never told the password
	for _, same := range []string{strong, "Kranich stolpert 41 L\u00fcfter"} {
		_, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(same)})
		w.refused(err, vault.WeakPassword)
	}
	w.mode(session.Online)
	_, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(other)})
	w.must(err)

	// The account password was changed to the master password: the cache is not
	// renewed with it.
	w.server.passwords[user] = other
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(other), Master: ask(other)})
	w.must(err)
	w.refused(done.Stale, vault.WeakPassword)
}

// Where the policy says so, one password does for both, and a cache is renewed
// with it; where it no longer does, that one is not renewed.
func TestMasterPasswordMayBeTheAccounts(t *testing.T) {
	t.Parallel()
	const one = "Kranich stolpert 41 L\u00fcfter"
	w := newWorld(t)
	w.server.passwords[user] = one
	w.server.policy.MasterPassword.Account = true
	w.must(w.s.SignIn(w.ctx(), session.SignInRequest{
		Target: w.server.target(), Credentials: session.Credentials{User: user, Password: secret(one)},
	}))
	terms, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	if terms.Rules.Differs || terms.Password {
		t.Errorf("the terms are %+v, password %v", terms.Rules, terms.Password)
	}
	renewed := func(meanwhile func()) error {
		t.Helper()
		_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(one)})
		w.must(err)
		meanwhile()
		done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(one), Master: ask(one)})
		w.must(err)
		return done.Stale
	}
	w.must(renewed(func() {}))
	w.refused(renewed(func() { w.server.policy.MasterPassword.Account = false }), vault.WeakPassword)
}

// A session from before there was a digest has nothing to compare with. The
// account password is asked for, before the new master password is.
func TestOlderSessionAsksForTheAccountPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	var state map[string]any
	w.must(json.Unmarshal(w.stateBytes(), &state))
	blob, err := w.chip.Protect(w.ctx(), []byte(w.server.token))
	w.must(err)
	state["accounts"].([]any)[0].(map[string]any)["token"] = blob
	raw, err := json.Marshal(state)
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.home, "state.json"), raw, 0o600))
	w.run()

	w.list() // it is a session all the same
	terms, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	if !terms.Password {
		t.Error("the terms do not say that the account password is needed")
	}
	asked := false
	r := session.CacheRequest{Master: func(context.Context, policy.MasterRules) (vault.Secret, error) {
		asked = true
		return secret(master), nil
	}}
	_, err = w.s.Disconnect(w.ctx(), r)
	w.refused(err, vault.NotSignedIn)
	if asked {
		t.Error("the master password was asked for in vain")
	}
	r.Password = secret(account)
	_, err = w.s.Disconnect(w.ctx(), r)
	w.must(err)
}
