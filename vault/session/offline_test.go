package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

func TestDisconnectReadConnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mode(session.Disconnected)
	made := w.disconnect()
	w.mode(session.Offline)
	if made.Mode != session.Offline || made.Report.Entries != 5 || made.Generation != 1 || w.server.proved != 1 {
		t.Errorf("%+v, proved %d", made, w.server.proved)
	}
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.SignedIn {
		t.Error("Disconnect left the session's token")
	}

	w.run() // another process: locked
	w.server.down.Store(true)
	calls := len(w.server.calls)
	_, err = w.s.List(w.ctx())
	w.refused(err, vault.Locked)
	w.refused(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask("wrong")}), vault.WrongPassword)
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{User: user, Master: ask(master)}))
	e, err := w.s.Reveal(w.ctx(), w.find("/Servers/web").Entry.ID, session.ToShow, "")
	w.must(err)
	if e.Password().Text() != "pass web" {
		t.Errorf("password %q", e.Password().Text())
	}
	if code, err := w.s.Code(w.ctx(), w.find(`/a\/b`).Entry.ID, ""); err != nil || len(code.Text) != 6 {
		t.Errorf("%+v, %v", code, err)
	}
	data, err := w.s.Attachment(w.ctx(), w.find("/Servers/web"), "key.pem", "")
	if err != nil || string(data) != "PEM" {
		t.Errorf("%q, %v", data, err)
	}
	if len(w.server.calls) != calls {
		t.Errorf("working offline used the network: %v", w.server.calls)
	}

	w.run()
	w.server.down.Store(false)
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	if diff := cmp.Diff(session.Connected{Mode: session.Online, Dropped: []session.Draft{}}, done); diff != "" {
		t.Error(diff)
	}
	w.mode(session.Online)
	var types []string
	for _, e := range w.server.journal {
		types = append(types, e.Type)
	}
	if diff := cmp.Diff([]string{"failed_unlock", "unlock", "reveal", "totp", "attachment"}, types); diff != "" {
		t.Errorf("journal on the server:\n%s", diff)
	}
}

// A list, and an entry that was not revealed, can show no secret value.
func TestListingWithholdsSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	for _, i := range []*session.Item{w.find("/Servers/web"), w.find(`/a\/b`)} {
		for _, f := range i.Entry.Fields {
			if secret := f.Protected || f.Name == vault.FieldPassword || f.Name == vault.FieldOTP; secret != f.Value.IsEmpty() {
				t.Errorf("%s: secret %v, empty %v", f.Name, secret, f.Value.IsEmpty())
			}
		}
		for _, a := range i.Entry.Attachments {
			if a.Binary != nil {
				t.Errorf("%s has bytes", a.Name)
			}
		}
	}
	if w.find("/Servers/web").Entry.Value("Rack").Text() != "B 12" {
		t.Error("an open field is missing")
	}
	_, found := w.list().Search("4711")
	if len(found) != 0 {
		t.Error("a search finds secret values")
	}
	if _, found := w.list().Search("b 12 PROD"); len(found) != 1 {
		t.Errorf("%d found", len(found))
	}
}

// No secret without a journal: the cache refuses when it cannot write it.
func TestJournalIsOnDiskBeforeTheSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	id := w.find("/Servers/web").Entry.ID
	before, err := w.s.Status(w.ctx())
	w.must(err)
	_, err = w.s.Reveal(w.ctx(), id, session.ToCopy, "")
	w.must(err)
	after, err := w.s.Status(w.ctx())
	w.must(err)
	if after.Cache.JournalEvents != before.Cache.JournalEvents+1 {
		t.Errorf("%d events, then %d", before.Cache.JournalEvents, after.Cache.JournalEvents)
	}
}

func TestPolicyForbidsRevealAndCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.policy.Reveal, w.server.policy.Copy = false, true
	w.disconnect()
	w.unlock()
	id := w.find("/Servers/web").Entry.ID
	_, err := w.s.Reveal(w.ctx(), id, session.ToShow, "")
	w.refused(err, vault.NotPermitted)
	_, err = w.s.Reveal(w.ctx(), id, session.ToCopy, "")
	w.must(err)
}

func TestExpiredCacheLeadsOnline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.clock.now = w.clock.now.AddDate(0, 0, 8)
	w.mode(session.Disconnected) // nothing left to work with
	w.refused(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}), vault.Expired)
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master)})
	w.must(err)
	if !done.Renewed {
		t.Error("the cache was not renewed")
	}
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
}

func TestLostConnectionGoesOfflineByItself(t *testing.T) {
	t.Parallel()
	t.Run("with a cache", func(t *testing.T) {
		w := newWorld(t)
		w.disconnect()
		_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
		w.must(err)
		w.server.down.Store(true)
		_, err = w.s.List(w.ctx())
		w.refused(err, vault.Unreachable)
		w.mode(session.Offline)
		w.server.down.Store(false) // the server is back: nothing happens by itself
		w.mode(session.Offline)
		_, err = w.s.List(w.ctx())
		w.refused(err, vault.Locked)
		done, err := w.s.Connect(w.ctx(), session.ConnectRequest{}) // the session lives
		w.must(err)
		if done.Mode != session.Online || done.Renewed {
			t.Errorf("%+v", done)
		}
	})
	t.Run("without", func(t *testing.T) {
		w := newWorld(t)
		w.signIn()
		w.server.down.Store(true)
		_, err := w.s.List(w.ctx())
		w.refused(err, vault.Unreachable)
		w.mode(session.Disconnected)
	})
}

// Disconnect/Cache… without a server offers the earlier cache, or says that
// there is none (PPS-26, PPS-27).
func TestDisconnectWithoutServer(t *testing.T) {
	t.Parallel()
	request := session.CacheRequest{Master: newMaster(master)}
	t.Run("none", func(t *testing.T) {
		w := newWorld(t)
		w.signIn()
		w.server.down.Store(true)
		_, err := w.s.Disconnect(w.ctx(), request)
		w.refused(err, vault.NoCache)
		w.mode(session.Disconnected)
	})
	t.Run("earlier", func(t *testing.T) {
		w := newWorld(t)
		w.disconnect()
		_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
		w.must(err)
		w.server.down.Store(true)
		_, err = w.s.Disconnect(w.ctx(), request)
		w.refused(err, vault.Unreachable)
		w.mode(session.Offline)
		_, err = w.s.Disconnect(w.ctx(), request) // and again, offline already
		w.refused(err, vault.Unreachable)
		w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
	})
	t.Run("never signed in", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.s.Disconnect(w.ctx(), request)
		w.refused(err, vault.NotSignedIn)
	})
}

// What Disconnect refuses changes nothing: the user is online as before.
func TestDisconnectRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	for name, tt := range map[string]struct {
		set    func(*world)
		master string
		want   vault.Cause
	}{
		"pending":           {func(w *world) { w.server.device.State = wire.DevicePending }, master, vault.ApprovalPending},
		"denied":            {func(w *world) { w.server.device.State = wire.DeviceDenied }, master, vault.ApprovalDenied},
		"suspended":         {func(w *world) { w.server.device.State = wire.DeviceSuspended }, master, vault.Suspended},
		"not permitted":     {func(w *world) { w.server.allowed = false }, master, vault.NotPermitted},
		"level":             {func(w *world) { w.server.policy.MinLevel = "A" }, master, vault.LevelTooLow},
		"comment":           {func(w *world) { w.server.comment = true }, master, vault.CommentRequired},
		"short":             {func(*world) {}, "short", vault.WeakPassword},
		"guessable":         {func(*world) {}, "passwordpassword", vault.WeakPassword},
		"account's":         {func(*world) {}, account, vault.WeakPassword},
		"wrong credentials": {func(w *world) { w.server.passwords[user] = "another" }, master, vault.WrongCredentials},
	} {
		device, allowed, comment := w.server.device, w.server.allowed, w.server.comment
		policy, password := w.server.policy, w.server.passwords[user]
		tt.set(w)
		_, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Password: secret(account), Master: newMaster(tt.master)})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
		w.mode(session.Online)
		st, err := w.s.Status(w.ctx())
		w.must(err)
		if st.Cache != nil {
			t.Errorf("%s: a cache is there: %+v", name, st.Cache)
		}
		w.server.device, w.server.allowed, w.server.comment = device, allowed, comment
		w.server.policy, w.server.passwords[user] = policy, password
	}
}

func TestPleasantServerIsLocallyGoverned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.kind = session.Pleasant
	w.server.expiry = w.clock.now.Add(48 * time.Hour)
	made := w.disconnect()
	if made.Lease != nil || !made.Expires.Equal(w.server.expiry) {
		t.Errorf("%+v", made)
	}
	w.run()
	w.unlock()
	if w.find("/Servers/web").Edit != "" {
		t.Error("edited?")
	}
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.Cache.Governed || !st.Device.ID.IsZero() {
		t.Errorf("%+v", st)
	}
	w.clock.now = w.clock.now.Add(49 * time.Hour)
	w.run()
	w.refused(w.s.Unlock(w.ctx(), session.UnlockRequest{Master: ask(master)}), vault.Expired)
}

// A device that the server revokes or wipes keeps no cache, from the next
// contact on.
func TestServerOrdersAreObeyed(t *testing.T) {
	t.Parallel()
	for state, want := range map[wire.DeviceState]vault.Cause{
		wire.DeviceWiped: vault.Wiped, wire.DeviceRevoked: vault.Revoked,
	} {
		t.Run(string(state), func(t *testing.T) {
			w := newWorld(t)
			w.disconnect()
			w.server.device.State = state
			_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
			w.must(err)
			st, err := w.s.Status(w.ctx())
			w.must(err)
			if st.Cache == nil || st.Cache.State != cache.State(want) {
				t.Errorf("cache %+v", st.Cache)
			}
			if w.server.cleared == 0 {
				t.Error("the server was not told")
			}
			w.refused(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}), want)
		})
	}
}
