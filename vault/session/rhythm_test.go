package session_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// bubble is a client without a chip, whose server is in memory: time is that of
// the bubble.
type bubble struct {
	t      *testing.T
	server *fakeServer
	clock  *fakeClock
	s      *session.Session

	mu   sync.Mutex // Govern's goroutine tells, and the test listens meanwhile
	told []session.NewsKind
}

func newBubble(t *testing.T, kind session.Kind) *bubble {
	t.Helper()
	clock := &fakeClock{time.Now()}
	b := &bubble{t: t, clock: clock, server: newServer(t, clock)}
	b.server.kind = kind
	b.s = session.New(session.Config{
		Home: t.TempDir(), Keeper: session.NewKeychain(&keychain{items: map[string]string{}}), Clock: clock,
		Name: "test", OS: "linux", Version: "0",
		Dial: func(session.Target) (session.Remote, error) { return b.server, nil },
	})
	t.Cleanup(b.s.Close)
	err := b.s.SignIn(t.Context(), session.SignInRequest{
		Target: session.Target{URL: url}, Credentials: session.Credentials{User: user, Password: secret(account)},
	})
	if err != nil {
		t.Fatal(err)
	}
	clear(b.server.calls)
	return b
}

// govern runs the governance for a time, and does between at each hour.
func (b *bubble) govern(hours int, between func(hour int)) {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.s.Govern(ctx, func(n session.News) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.told = append(b.told, n.Kind)
		})
	}()
	for hour := range hours {
		time.Sleep(time.Hour)
		synctest.Wait()
		if between != nil {
			between(hour)
		}
	}
	stop()
	<-ended
}

// heard returns what was told, and begins anew.
func (b *bubble) heard() []session.NewsKind {
	b.mu.Lock()
	defer b.mu.Unlock()
	told := b.told
	b.told = nil
	return told
}

func (b *bubble) count(kind session.NewsKind) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, k := range b.told {
		if k == kind {
			n++
		}
	}
	return n
}

// A client that runs meets its server once in a quarter of an hour, and no more:
// the same contact asks for orders and tells that the server is there.
func TestOneContactServesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, session.Tideover)
		b.govern(24, nil)
		least, most := 24*60/18, 24*60/12+2
		for _, call := range []string{"probe", "orders", "events"} {
			if n := b.server.calls[call]; n < least || n > most {
				t.Errorf("%d times %s in a day, want %d to %d", n, call, least, most)
			}
		}
		if met := b.count(session.ServerMet); met != b.server.calls["probe"] {
			t.Errorf("met %d times in %d contacts", met, b.server.calls["probe"])
		}
		if n := b.server.calls["me"] + b.server.calls["device"] + b.server.calls["device state"]; n != 0 {
			t.Errorf("asked in other ways: %v", b.server.calls)
		}
	})
}

// That a server is away is told once, and that it is back with the first contact
// after it, within minutes.
func TestServerIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, session.Tideover)
		b.govern(4, func(hour int) {
			switch hour {
			case 0:
				b.server.down.Store(true)
			case 1:
				if n := b.count(session.GovernorAway); n != 1 {
					t.Errorf("told %d times in an hour that nobody answers", n)
				}
				b.server.down.Store(false)
				b.heard()
			case 2:
				if told := b.heard(); !slices.Contains(told, session.ServerMet) {
					t.Errorf("told %v", told)
				}
			}
		})
	})
}

// Where nobody governs, whoever shows the client is told when to ask, and
// nothing is asked by itself.
func TestUngovernedIsToldWhenToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, session.Pleasant)
		b.govern(24, nil)
		if n := b.count(session.Ungoverned); n < 90 || n > 96 || len(b.told) != n {
			t.Errorf("told %v", b.told)
		}
		if len(b.server.calls) != 0 {
			t.Errorf("asked %v", b.server.calls)
		}
	})
}

// A device that waits for an administrator hears of the decision with the next
// contact.
func TestDeviceHearsOfItsApproval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, session.Tideover)
		for _, state := range []wire.DeviceState{wire.DevicePending, wire.DeviceDenied, wire.DeviceApproved} {
			b.server.device.State = state
			if state == wire.DevicePending { // as the sign-in is told
				err := b.s.SignIn(t.Context(), session.SignInRequest{
					Target: session.Target{URL: url}, Credentials: session.Credentials{User: user, Password: secret(account)},
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			b.told = nil
			b.govern(1, nil)
			st, err := b.s.Status(t.Context())
			if err != nil || st.Device.State != state {
				t.Errorf("the device is %s, %v; want %s", st.Device.State, err, state)
			}
			if got, want := b.count(session.DeviceDecided) == 1, state != wire.DevicePending; got != want {
				t.Errorf("%s: told %v", state, b.told)
			}
		}
	})
}
