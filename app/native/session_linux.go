package native

import (
	"os"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// lockScreens are the interfaces with a signal ActiveChanged(bool): KDE and the
// specification, GNOME, and the relatives of GNOME's old one.
var lockScreens = []string{
	"org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver", "org.cinnamon.ScreenSaver",
	"org.mate.ScreenSaver", "org.xfce.ScreenSaver",
}

// desktop listens on both buses. One goroutine, run, has it.
type desktop struct {
	to      *Session
	login   *login
	system  chan *dbus.Signal // nil: no such bus
	session chan *dbus.Signal
}

func listenSession(s *Session) (sources []string, stop func()) {
	d := &desktop{to: s}
	var conns []*dbus.Conn
	if conn, err := systemBus(); err == nil {
		conns = append(conns, conn)
		d.system = signals(conn)
		if d.login, err = openLogin(conn); err == nil {
			sources = append(sources, loginName)
			if d.login.delays() {
				sources = append(sources, loginName+" delay")
			}
		}
	}
	if conn, err := sessionBus(); err == nil {
		conns = append(conns, conn)
		d.session = signals(conn)
		if listenLockScreens(conn) {
			sources = append(sources, "ScreenSaver")
		}
	}
	ended := make(chan struct{})
	go func() { defer close(ended); d.run() }()
	return sources, func() {
		for _, c := range conns {
			_ = c.Close() // nothing to lose
		}
		<-ended
		if d.login != nil {
			d.login.close()
		}
	}
}

// signals must be called before matches are made, so that nothing is missed.
// The library queues what is not read yet.
func signals(conn *dbus.Conn) chan *dbus.Signal {
	c := make(chan *dbus.Signal, 8)
	conn.Signal(c)
	return c
}

func listenLockScreens(conn *dbus.Conn) bool {
	for _, name := range lockScreens {
		if conn.AddMatchSignal(dbus.WithMatchInterface(name), dbus.WithMatchMember("ActiveChanged")) != nil {
			return false
		}
	}
	return true
}

func (d *desktop) run() {
	for {
		select {
		case <-d.to.quit:
			return
		case s, ok := <-d.system:
			if !ok {
				d.system = nil // the bus is gone: nothing more from there
				continue
			}
			if d.login != nil {
				d.login.heard(s, d.to)
			}
		case s, ok := <-d.session:
			if !ok {
				d.session = nil
				continue
			}
			d.lockScreen(s)
		}
	}
}

func (d *desktop) lockScreen(s *dbus.Signal) {
	from, found := strings.CutSuffix(s.Name, ".ActiveChanged")
	if !found || !slices.Contains(lockScreens, from) || len(s.Body) != 1 {
		return
	}
	switch active, ok := s.Body[0].(bool); {
	case !ok:
	case active:
		d.to.send(Event{Kind: ScreenLocked})
	default:
		d.to.send(Event{Kind: ScreenUnlocked})
	}
}

// ownSession returns the path of our session at logind, or "" if it does not
// know us (started by a service manager of the user): then all sessions that
// this user may see count. To lock once too often does no harm.
func ownSession(manager dbus.BusObject) dbus.ObjectPath {
	var path dbus.ObjectPath
	if id := os.Getenv("XDG_SESSION_ID"); id != "" {
		if ask(manager, loginName+".Manager.GetSession", []any{id}, []any{&path}) == nil {
			return path
		}
	}
	if ask(manager, loginName+".Manager.GetSessionByPID", []any{uint32(os.Getpid())}, []any{&path}) == nil {
		return path
	}
	return ""
}
