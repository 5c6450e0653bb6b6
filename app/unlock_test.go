package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
)

const keyWord = "Ebbe und Flut 1729 am Kai"

func (e *entrance) open(word string) {
	e.t.Helper()
	e.unlock.unlock(doorUser, []byte(word))
	e.settle()
}

// One person's day: online, offline by the tray, locked, no server.
func TestWorkOffline(t *testing.T) {
	e := newEntrance(t, tpmtest.Start(t).Open(t))
	e.signIn(doorWord)
	e.settle()
	e.isAt(e.main, session.Online)
	if _, err := e.session.Disconnect(t.Context(), session.CacheRequest{
		Password: vault.SecretText(doorWord),
		Master:   func(context.Context, policy.MasterRules) (vault.Secret, error) { return vault.SecretText(keyWord), nil },
	}); err != nil {
		t.Fatal(err)
	}

	// Offline and locked: the master password, and nothing else, opens it.
	e.lock()
	e.until(func() bool { return e.status.Mode == session.Offline })
	e.isAt(e.unlock, session.Offline)
	e.want("1 entry")
	e.open("wrong")
	e.isAt(e.unlock, session.Offline)
	e.want("The master password is wrong")
	e.want("tries left")
	e.open(keyWord)
	e.isAt(e.main, session.Offline)

	// Online again: Go Offline asks for it too, though the cache is open still.
	if _, err := e.session.Connect(t.Context(), session.ConnectRequest{Password: vault.SecretText(doorWord)}); err != nil {
		t.Fatal(err)
	}
	e.enter()
	e.settle()
	e.isAt(e.main, session.Online)
	e.do(present.CmdTrayGoOffline, "")
	e.isAt(e.unlock, session.Online)
	e.open("wrong")
	e.isAt(e.unlock, session.Online)
	e.want("The master password is wrong")
	e.unlock.back()
	e.settle()
	e.isAt(e.main, session.Online)
	e.do(present.CmdWorkOffline, "")
	e.lock()
	e.settle()
	e.unlock.back()
	e.isAt(e.login, session.Online)

	// Another name has no cache here.
	e.do(present.CmdWorkOffline, "")
	e.unlock.unlock("max", []byte(keyWord))
	e.settle()
	e.isAt(e.unlock, session.Online)
	e.want("There is no offline cache")

	// No server at the login: the prompt opens by itself and says why.
	e.unlock.back()
	e.door.down = true
	e.signIn(doorWord)
	e.until(func() bool { return e.here == place(e.unlock) })
	e.settle()
	e.want("vault.example:10001 does not answer.")
	e.open(keyWord)
	e.isAt(e.main, session.Offline)

	// So it does when the program begins, unless somebody is typing.
	e.door.mu.Lock()
	e.door.down = false
	e.door.mu.Unlock()
	if _, err := e.session.Connect(t.Context(), session.ConnectRequest{Password: vault.SecretText(doorWord)}); err != nil {
		t.Fatal(err)
	}
	e.enter()
	e.settle()
	e.do(present.CmdSignOut, "")
	e.settle()
	e.isAt(e.login, session.Disconnected)
	e.door.mu.Lock()
	e.door.down = true
	e.door.mu.Unlock()
	e.login.begin()
	e.until(func() bool { return e.here == place(e.unlock) })
	e.isAt(e.unlock, session.Disconnected)
	e.want("vault.example:10001 does not answer.")
	e.unlock.back()
	e.isAt(e.login, session.Disconnected)
	test.Type(e.cfg.Window.Canvas().Focused(), "geh")
	e.login.begin()
	e.until(func() bool { return e.login.notice != nil })
	e.isAt(e.login, session.Disconnected)
	e.want("The server cannot be reached")
}

// Too many wrong passwords: none is asked for any more, the time until the next
// is counted, and no reading of the chip sets it back.
func TestLockedOut(t *testing.T) {
	e := newEntrance(t, tpmtest.Start(t).Open(t))
	e.signIn(doorWord)
	e.settle()
	if _, err := e.session.Disconnect(t.Context(), session.CacheRequest{
		Password: vault.SecretText(doorWord),
		Master:   func(context.Context, policy.MasterRules) (vault.Secret, error) { return vault.SecretText(keyWord), nil },
	}); err != nil {
		t.Fatal(err)
	}
	e.lock()
	e.until(func() bool { return e.status.Mode == session.Offline })
	for e.status.Cache.State == cache.Usable {
		e.open("wrong")
	}
	e.want("takes none for now")
	e.want("You can try again in")
	if got := e.reads(); strings.Contains(got, "Type the master password") || strings.Contains(got, "Master password") {
		t.Errorf("a password is asked for: %q", got)
	}
	end := e.unlock.locked.until
	e.refresh()
	e.settle()
	if got := e.unlock.locked.until; !got.Equal(end) || !e.unlock.locked.tick.running() {
		t.Errorf("the end went from %v to %v", end, got)
	}
}

// The soonest end holds until there are more failures, or it is long over.
func TestLockoutHolds(t *testing.T) {
	var l lockout
	began := time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		at     time.Duration
		failed int
		want   time.Duration
	}{
		{0, 5, 10 * time.Minute},
		{4 * time.Minute, 5, 10 * time.Minute},
		{5 * time.Minute, 6, 15 * time.Minute},
		{15*time.Minute + 30*time.Second, 5, 15 * time.Minute},
		{17 * time.Minute, 5, 27 * time.Minute},
	} {
		now := began.Add(step.at)
		until := now.Add(10 * time.Minute) // as every reading says
		st := session.Status{Cache: &cache.Status{State: cache.LockedOut, Problem: &vault.Problem{Cause: vault.ChipLocked, Until: until}}}
		st.Cache.Tries.Failed = step.failed
		var got *vault.Problem
		if !errors.As(l.judge(st, now).Cache.Problem, &got) || !got.Until.Equal(began.Add(step.want)) {
			t.Errorf("after %v: %v, want %v", step.at, got.Until.Sub(began), step.want)
		}
	}
	if l.judge(session.Status{}, began); !l.until.IsZero() {
		t.Error("an end without a cache")
	}
}

// A cancelled unlocking opens nothing, and no later password profits from it.
func TestUnlockCancelled(t *testing.T) {
	e := newEntrance(t, nil)
	e.unlock.unlock(doorUser, []byte(keyWord))
	e.unlock.cancel()
	if e.unlock.task.running() || e.busy != 0 {
		t.Error("the attempt goes on")
	}
	e.unlock.unlock(doorUser, []byte("wrong"))
	e.settle()
	e.isAt(e.login, session.Disconnected)
	if e.unlock.err == nil || e.session.Unlocked() {
		t.Errorf("opened, %v", e.unlock.err)
	}
}
