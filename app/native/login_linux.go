package native

import (
	"fmt"
	"sync"
	"syscall"

	"github.com/godbus/dbus/v5"
)

const (
	loginName = "org.freedesktop.login1"
	loginPath = "/org/freedesktop/login1"
)

// login is logind (org.freedesktop.login1(5)): the lock of the session, sleep
// and shutdown, and a delay lock so that it waits for us before either.
type login struct {
	manager dbus.BusObject
	mu      sync.Mutex
	delay   delay
	shut    bool
}

func openLogin(conn *dbus.Conn) (*login, error) {
	l := &login{manager: conn.Object(loginName, loginPath)}
	var there bool
	if err := ask(conn.BusObject(), "org.freedesktop.DBus.NameHasOwner", []any{loginName}, []any{&there}); err != nil || !there {
		return nil, fmt.Errorf("logind: %w: %w", ErrUnsupported, err)
	}
	session := []dbus.MatchOption{dbus.WithMatchPathNamespace(loginPath + "/session")}
	if own := ownSession(l.manager); own != "" {
		session[0] = dbus.WithMatchObjectPath(own)
	}
	const manager, one = loginName + ".Manager", loginName + ".Session"
	for _, rule := range [][]dbus.MatchOption{
		{dbus.WithMatchInterface(manager), dbus.WithMatchMember("PrepareForSleep")},
		{dbus.WithMatchInterface(manager), dbus.WithMatchMember("PrepareForShutdown")},
		append([]dbus.MatchOption{dbus.WithMatchInterface(one), dbus.WithMatchMember("Lock")}, session...),
		append([]dbus.MatchOption{dbus.WithMatchInterface(one), dbus.WithMatchMember("Unlock")}, session...),
	} {
		if err := conn.AddMatchSignal(append(rule, dbus.WithMatchSender(loginName))...); err != nil {
			return nil, fmt.Errorf("logind: %w", err)
		}
	}
	l.hold()
	return l, nil
}

// heard turns a signal into an event. It runs on one goroutine.
func (l *login) heard(s *dbus.Signal, to *Session) {
	coming := len(s.Body) == 1 && s.Body[0] == true
	switch s.Name {
	case loginName + ".Session.Lock":
		to.send(Event{Kind: ScreenLocked})
	case loginName + ".Session.Unlock":
		to.send(Event{Kind: ScreenUnlocked})
	case loginName + ".Manager.PrepareForSleep":
		if coming {
			to.send(Event{Kind: Sleeping, handled: l.held()})
			return
		}
		l.hold() // for the next time
		to.send(Event{Kind: Woke})
	case loginName + ".Manager.PrepareForShutdown":
		if coming {
			to.send(Event{Kind: SessionEnding, handled: l.held()})
			return
		}
		l.hold() // it was called off
	}
}

// hold takes a new delay lock in place of the one before. Without it (a policy
// may forbid it) the lock of the vault races with the sleep, and mostly wins.
func (l *login) hold() {
	var fd dbus.UnixFD
	err := ask(l.manager, loginName+".Manager.Inhibit",
		[]any{"shutdown:sleep", "Tideover", "Locks the vault first", "delay"}, []any{&fd})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay.let()
	l.delay = delay{}
	if err == nil {
		l.delay = newDelay(int(fd))
	}
	if l.shut {
		l.delay.let()
	}
}

func (l *login) delays() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delay.release != nil
}

// held returns what lets logind go on now, and not a later time: an answer that
// comes after the sleep must not give up the lock for the next one.
func (l *login) held() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delay.let
}

func (l *login) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut = true
	l.delay.let()
}

// delay is one delay lock of logind: a descriptor that is held by being open.
type delay struct{ release func() }

func (d delay) let() {
	if d.release != nil {
		d.release()
	}
}

func newDelay(fd int) delay {
	return delay{once(func() { _ = syscall.Close(fd) })} // ours alone; there is nothing to do if it fails
}
