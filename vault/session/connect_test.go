package session_test

import (
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

func TestConnectRenewsTheCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.run()
	// A slip of the finger must not become the next master password.
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master + "r")})
	w.refused(err, vault.WrongPassword)
	w.mode(session.Offline)

	w.clock.now = w.clock.now.Add(24 * time.Hour)
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master)})
	w.must(err)
	if !done.Renewed {
		t.Error("not renewed")
	}
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.Cache.Generation != 2 || !st.Cache.Created.Equal(w.clock.now) || st.Mode != session.Online {
		t.Errorf("%s, cache %+v", st.Mode, st.Cache)
	}
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
}

// With the flag an open cache is renewed without its password, and a locked one
// stays.
func TestConnectWithTheFlag(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]bool{"open": true, "locked": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.refused(w.s.SetAutoCache(w.ctx(), true), vault.NotSignedIn)
			w.disconnect()
			w.must(w.s.SetAutoCache(w.ctx(), true))
			if open {
				w.unlock()
			}
			done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
			w.must(err)
			if done.Renewed != open || done.Mode != session.Online {
				t.Errorf("%+v", done)
			}
			w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
		})
	}
}

func TestConnectRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.refused(err, vault.NotSignedIn)
	w.disconnect()
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{})
	w.refused(err, vault.NotSignedIn) // Disconnect deleted the token
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret("wrong")})
	w.refused(err, vault.WrongCredentials)
	w.server.down.Store(true)
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.refused(err, vault.Unreachable)
	w.mode(session.Offline)
}

// Going offline keeps the session, so that Go Online asks for nothing; a token
// that has ended is none.
func TestGoOfflineKeepsTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.server.expires = w.clock.now.Add(time.Hour)
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	w.refused(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask("wrong")}), vault.WrongPassword)
	w.mode(session.Online) // a wrong password leaves it
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
	w.mode(session.Offline)
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{})
	w.must(err)
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
	w.clock.now = w.clock.now.Add(2 * time.Hour)
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{})
	w.refused(err, vault.NotSignedIn)
	w.must(w.s.SignOut(w.ctx()))
	w.mode(session.Offline) // sticky
}

// What tells the session of the computer's life: rows of the table, with the
// effects of a real cache.
func TestHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	happened := func(e session.Event, server bool, want session.Mode) {
		t.Helper()
		if got, err := w.s.Happened(w.ctx(), e, server); got != want || err != nil {
			t.Errorf("%s, server %v: %s, %v; want %s", e, server, got, err, want)
		}
		w.run()
		w.mode(want)
	}
	w.signIn()
	happened(session.Resume, true, session.Online)
	happened(session.Restart, true, session.Disconnected)
	w.disconnect()
	happened(session.Shutdown, true, session.Offline)
	happened(session.ConnectionRegained, true, session.Offline)
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	happened(session.Logoff, true, session.Online)
	happened(session.ConnectionLost, false, session.Offline)
}

// A server that has forgotten the device gets to know it again, as the same one.
func TestForgottenDeviceIsEnrolledAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.server.forgot = true
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	if n := w.server.calls["register"]; n < 3 {
		t.Errorf("registered %d times", n)
	}
	if len(w.server.publicKeys) != 1 {
		t.Errorf("%d device keys", len(w.server.publicKeys))
	}
}

// An alarm about the journal is told, and never keeps anybody offline.
func TestRefusedJournalDoesNotBlockConnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.server.refusesJournal = true
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	w.refused(done.Journal, vault.Damaged)
	w.mode(session.Online)
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.Cache.JournalEvents == 0 {
		t.Error("the journal was thrown away")
	}
	w.server.refusesJournal = false
	done, err = w.s.Connect(w.ctx(), session.ConnectRequest{})
	w.must(err)
	if done.Journal != nil || len(w.server.journal) == 0 {
		t.Errorf("%v, %d events", done.Journal, len(w.server.journal))
	}
}
