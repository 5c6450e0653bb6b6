package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// The session ends: by its length, by idleness, by a lock from elsewhere, by
// the end of the lease.
func TestOpenCacheIsLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	began := w.clock.now
	for _, tt := range []struct {
		name string
		end  func(*world)
		want vault.Cause
	}{
		{"elsewhere", func(w *world) { w.must(w.start().LockEverywhere(w.ctx())) }, vault.Locked},
		{"idle", func(w *world) { w.clock.now = w.clock.now.Add(301 * time.Second) }, vault.Locked},
		{"session", func(w *world) {
			for range 15 { // in use all the time
				w.clock.now = w.clock.now.Add(4 * time.Minute)
				if w.clock.now.Sub(began) < time.Hour {
					w.list()
				}
			}
		}, vault.Locked},
		{"lease", func(w *world) { w.clock.now = w.clock.now.AddDate(0, 0, 8) }, vault.Expired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.clock.now = began
			w.unlock()
			w.list()
			tt.end(w)
			w.refused(w.s.Keep(w.ctx()), tt.want)
			w.refused(w.s.Keep(w.ctx()), tt.want)
			if w.s.Unlocked() {
				t.Error("open still")
			}
			_, err := w.s.List(w.ctx())
			w.refused(err, tt.want)
			w.s.Lock()
			w.must(w.s.Keep(w.ctx())) // a lock on purpose is no end
		})
	}
}

// The password is not asked for before everything else is in order, and a
// script stops before the last tries.
func TestUnlockAsksLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := 0
	r := session.UnlockRequest{Master: func(context.Context, cache.Status) (vault.Secret, error) {
		asked++
		return secret("wrong"), nil
	}}
	w.refused(w.s.Unlock(w.ctx(), r), vault.NoCache)
	w.disconnect()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if !st.Cache.Tries.Known || st.Cache.Tries.Left < 3 {
		t.Fatalf("tries %+v", st.Cache.Tries)
	}
	r.KeepTries = st.Cache.Tries.Left - 2
	for range 2 {
		w.refused(w.s.Unlock(w.ctx(), r), vault.WrongPassword)
	}
	err = w.s.Unlock(w.ctx(), r)
	w.refused(err, vault.TooManyAttempts)
	var p *vault.Problem
	if !errors.As(err, &p) || p.TriesLeft == nil || *p.TriesLeft != r.KeepTries {
		t.Errorf("%+v", p)
	}
	w.clock.now = w.clock.now.AddDate(0, 0, 8)
	w.refused(w.s.Unlock(w.ctx(), r), vault.Expired)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

// The name that opens a cache is the one typed at caching, whole (PPS-04).
func TestUserNameInTheFormTypedAtCaching(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	for _, name := range []string{"bob", "Bob@Example.com", "BOB@EXAMPLE.COM", "bob@example", "carol"} {
		w.refused(w.s.WorkOffline(w.ctx(), session.UnlockRequest{User: name, Master: ask(master)}), vault.NoCache)
	}
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{User: user, Master: ask(master)}))
	w.run()
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{User: "  " + user + "\t", Master: ask(master)}))
}

// Whether another user has a cache here is nothing to tell while somebody works
// offline: the answer to every other name is the same.
func TestOtherNamesAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.passwords["Zu\u0308rich"] = account
	target := w.server.target()
	w.must(w.s.SignIn(w.ctx(), session.SignInRequest{Target: target, Credentials: session.Credentials{User: "Zu\u0308rich", Password: secret(account)}}))
	_, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{User: "Z\u00fcrich", Master: ask(master)}))
	w.run()
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	w.server.user = vault.NewID() // the account of somebody else
	w.disconnect()

	for _, name := range []string{"Z\u00fcrich", "z\u00fcrich", "nobody"} {
		err := w.s.WorkOffline(w.ctx(), session.UnlockRequest{User: name, Master: ask(master)})
		w.refused(err, vault.NoCache)
		if want := "no_cache: " + name; err.Error() != want {
			t.Errorf("%v, want %s and nothing more", err, want)
		}
	}
}

func TestCachesOfTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	other := w.start()
	w.refused(other.Unlock(w.ctx(), session.UnlockRequest{Master: ask(master)}), vault.Busy)
	if st, err := other.Status(w.ctx()); err != nil || st.Cache.State != cache.Usable {
		t.Errorf("status beside an open cache: %v", err)
	}
}
