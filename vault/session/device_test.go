package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// A check asks the server how the device stands: with a session, with one that
// the server has ended, and offline, where there is none.
func TestCheckAsksHowTheDeviceStands(t *testing.T) {
	for name, before := range map[string]func(*world){
		"signed in":                      func(w *world) { w.signIn() },
		"offline":                        func(w *world) { w.disconnect() },
		"with a session that has ended":  func(w *world) { w.signIn(); w.server.token = "another" },
		"disconnected, after a sign-out": func(w *world) { w.signIn(); w.must(w.s.SignOut(w.ctx())) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			before(w)
			mode, err := w.s.Mode(w.ctx())
			w.must(err)
			for _, state := range []wire.DeviceState{wire.DeviceSuspended, wire.DeviceApproved} {
				w.server.device.State = state
				st, err := w.s.Check(w.ctx())
				w.must(err)
				want := mode
				if state == wire.DeviceSuspended && mode == session.Offline {
					want = session.Disconnected // its cache opens again when it is resumed
				}
				if st.Device.State != state || st.Server.Reachable == nil || !*st.Server.Reachable || st.Mode != want {
					t.Errorf("%+v, want device %s, mode %s", st, state, want)
				}
			}
			w.server.down.Store(true)
			w.server.device.State = wire.DeviceSuspended
			st, err := w.s.Check(w.ctx())
			w.must(err)
			if *st.Server.Reachable || st.Device.State != wire.DeviceApproved {
				t.Errorf("without a server: %+v", st)
			}
		})
	}
}

// Who is offline hears of a revocation with the next check, and then the cache
// and what was not sent are dealt with.
func TestCheckCarriesOutARevocation(t *testing.T) {
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.run()
	w.server.device.State = wire.DeviceRevoked
	st, err := w.s.Check(w.ctx())
	w.must(err)
	if st.Cache == nil || st.Cache.State != cache.Revoked || st.Device.State != wire.DeviceRevoked || st.Mode != session.Disconnected {
		t.Errorf("%+v", st)
	}
	if n := len(w.server.journal); n < 2 || w.server.journal[n-1].Type != "clear" {
		t.Errorf("journal %+v", w.server.journal)
	}
}

// A revoked device stays revoked. Its user may come back with another key, which
// the policy lets in or makes wait, and old caches stay closed.
func TestRevokedDeviceComesBackAsAnother(t *testing.T) {
	w := newWorld(t)
	w.server.welcome = wire.DevicePending
	w.disconnect()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	first := st.Device.ID
	copied := filepath.Join(t.TempDir(), "copy.kdbx")
	copyFile(t, st.Cache.Path, copied)

	w.server.device.State = wire.DeviceRevoked
	w.server.refusesJournal = false
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	// The session that heard of it gets no cache, and no other identity.
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.refused(err, vault.Revoked)
	if n := len(w.server.publicKeys); n != 1 {
		t.Errorf("%d device keys before the next sign-in", n)
	}
	var state struct {
		Accounts []struct {
			Device struct {
				KeyBlob []byte `json:"key_blob"`
				Public  []byte `json:"public"`
			} `json:"device"`
		} `json:"accounts"`
	}
	w.must(json.Unmarshal(w.stateBytes(), &state))
	if d := state.Accounts[0].Device; d.KeyBlob != nil || d.Public != nil {
		t.Error("the key of the revoked device is still there")
	}

	w.signIn()
	st, err = w.s.Status(w.ctx())
	w.must(err)
	if st.Device.ID == first || st.Device.State != wire.DevicePending || len(w.server.publicKeys) != 2 {
		t.Errorf("%+v, %d keys; the first was %s", st.Device, len(w.server.publicKeys), first)
	}
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.refused(err, vault.ApprovalPending)
	w.server.device.State = wire.DeviceApproved
	w.refused(w.s.ImportCache(w.ctx(), copied, session.UnlockRequest{Master: ask(master)}), vault.Revoked)
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	w.unlock()
	w.refused(w.s.ImportCache(w.ctx(), copied, session.UnlockRequest{Master: ask(master)}), vault.Wiped)
}

// The key is kept until what it has to sign is with the server.
func TestRevokedDeviceSendsItsJournalFirst(t *testing.T) {
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.run()
	w.server.device.State = wire.DeviceRevoked
	w.server.losesJournal = true
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	if len(w.server.journal) != 0 {
		t.Fatal("the journal was not to arrive")
	}
	w.server.losesJournal = false
	_, err = w.s.Check(w.ctx())
	w.must(err)
	if len(w.server.journal) == 0 {
		t.Error("the journal was left behind")
	}
}

// The master password must differ from the account's, which the session has not
// kept: it knows a slow digest, and that only with this machine.
func TestMasterPasswordDiffersFromTheAccounts(t *testing.T) {
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

// A session from before there was a digest has nothing to compare with. The
// account password is asked for, before the new master password is.
func TestOlderSessionAsksForTheAccountPassword(t *testing.T) {
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

// A client that was set up anew takes back a cache of this machine; others do
// not, and nothing else is taken for one.
func TestImportOnAClientThatWasNeverUsed(t *testing.T) {
	w := newWorld(t)
	w.disconnect()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	copied := filepath.Join(t.TempDir(), "copy.kdbx")
	copyFile(t, st.Cache.Path, copied)
	broken := filepath.Join(t.TempDir(), "broken.kdbx")
	w.must(os.WriteFile(broken, []byte("no cache"), 0o600))
	imports := func(w *world, path, password string) error {
		return w.s.ImportCache(w.ctx(), path, session.UnlockRequest{Master: ask(password)})
	}

	elsewhere := newWorld(t)
	w.refused(imports(elsewhere, copied, master), vault.OtherMachine)
	w.refused(imports(elsewhere, broken, master), vault.Damaged)
	missing := filepath.Join(t.TempDir(), "missing.kdbx")
	var problem *vault.Problem
	if err := imports(elsewhere, missing, master); !errors.As(err, &problem) || problem.Cause != vault.NotFound ||
		problem.Detail != missing || !errors.Is(err, session.ErrNoFile) {
		t.Errorf("no file: %v", err)
	}

	w.home = t.TempDir()
	w.run()
	w.refused(imports(w, broken, master), vault.Damaged)
	w.refused(imports(w, copied, "wrong"), vault.WrongPassword)
	if st, err := w.s.Status(w.ctx()); err != nil || st.User != "" || st.Cache != nil {
		t.Errorf("after refusals: %+v, %v", st, err)
	}
	w.must(imports(w, copied, master))
	w.mode(session.Disconnected)
	w.run()
	calls := len(w.server.calls)
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{User: user, Master: ask(master)}))
	w.find("/Servers/web")
	if len(w.server.calls) != calls {
		t.Error("working offline used the network")
	}
	st, err = w.s.Status(w.ctx())
	w.must(err)
	if st.User != user || st.Server.URL != url || st.Server.Pin != w.server.pin() || st.Server.Kind != session.Tideover || st.Cache.State != cache.Usable {
		t.Errorf("%+v", st)
	}
	// Coming back online, the server is the one of the file, and this machine
	// another device.
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master)})
	w.must(err)
	if !done.Renewed || len(w.server.publicKeys) != 2 {
		t.Errorf("%+v, %d device keys", done, len(w.server.publicKeys))
	}
}

// Online the tree has no history: the number comes with the entry. It is the
// one that the cache has.
func TestHistoryIsTheSameOnAndOffline(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	online, err := w.s.History(w.ctx(), w.find("/Servers/web"))
	w.must(err)
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	w.unlock()
	offline, err := w.s.History(w.ctx(), w.find("/Servers/web"))
	w.must(err)
	if online != 1 || offline != 1 {
		t.Errorf("%d online, %d offline, want 1", online, offline)
	}
}
