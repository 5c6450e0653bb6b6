package native_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/tideover/tideover/app/native"
)

const (
	loginName, loginPath = "org.freedesktop.login1", dbus.ObjectPath("/org/freedesktop/login1")
	ownPath, otherPath   = loginPath + "/session/c1", loginPath + "/session/c2"
)

// logind is what we use of the real one: sessions, and delay locks, which are
// descriptors that it watches for their end.
type logind struct {
	t    *testing.T
	conn *dbus.Conn
	mu   sync.Mutex
	// asked holds the arguments of every Inhibit, and locks the pipes: the end
	// that logind keeps and the end that it gives away.
	asked [][4]string
	locks [][2]*os.File
}

func startLogind(t *testing.T, knowsUs bool) *logind {
	t.Helper()
	l := &logind{t: t, conn: service(t, bus(t, systemVariable), "")}
	session := func(known bool) (dbus.ObjectPath, *dbus.Error) {
		if !known {
			return "/", dbus.NewError("org.freedesktop.login1.NoSessionForPID", nil)
		}
		return ownPath, nil
	}
	export(t, l.conn, loginPath, loginName+".Manager", map[string]any{
		"Inhibit":         l.inhibit,
		"GetSession":      func(id string) (dbus.ObjectPath, *dbus.Error) { return session(knowsUs && id == "c1") },
		"GetSessionByPID": func(pid uint32) (dbus.ObjectPath, *dbus.Error) { return session(knowsUs && int(pid) == os.Getpid()) },
	})
	if _, err := l.conn.RequestName(loginName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_SESSION_ID", "")
	noBus(t, sessionVariable)
	return l
}

func (l *logind) inhibit(what, who, why, mode string) (dbus.UnixFD, *dbus.Error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, dbus.MakeFailedError(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, [4]string{what, who, why, mode})
	l.locks = append(l.locks, [2]*os.File{r, w})
	l.t.Cleanup(func() { _, _ = r.Close(), w.Close() }) // closed twice: the second time is refused
	return dbus.UnixFD(w.Fd()), nil
}

// given closes logind's own copies of what it gave away. It is called when the
// other side is known to have got them.
func (l *logind) given() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lock := range l.locks {
		_ = lock[1].Close() // may be closed already
	}
}

// held reports which of the locks are held.
func (l *logind) held() []bool {
	l.t.Helper()
	l.given()
	l.mu.Lock()
	defer l.mu.Unlock()
	var held []bool
	for _, lock := range l.locks {
		state := []unix.PollFd{{Fd: int32(lock[0].Fd()), Events: unix.POLLIN}}
		if _, err := unix.Poll(state, 0); err != nil {
			l.t.Fatal(err)
		}
		held = append(held, state[0].Revents&unix.POLLHUP == 0)
	}
	return held
}

func (l *logind) prepare(what string, coming bool) {
	l.t.Helper()
	emit(l.t, l.conn, loginPath, loginName+".Manager.PrepareFor"+what, coming)
}

func openSession(t *testing.T) *native.Session {
	t.Helper()
	s := native.OpenSession()
	t.Cleanup(func() { _ = s.Close() }) // may be closed by the test; never fails
	return s
}

// next waits for one event and checks its kind.
func next(t *testing.T, s *native.Session, want native.Kind) native.Event {
	t.Helper()
	e := within(t, s.Events(), string(want))
	if e.Kind != want {
		t.Fatalf("got %q, want %q", e.Kind, want)
	}
	return e
}

func TestSleepWaitsForHandled(t *testing.T) {
	l := startLogind(t, true)
	s := openSession(t)
	diff(t, []string{"org.freedesktop.login1", "org.freedesktop.login1 delay"}, s.Sources())
	diff(t, [][4]string{{"shutdown:sleep", "Tideover", "Locks the vault first", "delay"}}, l.asked)
	diff(t, []bool{true}, l.held())

	l.prepare("Sleep", true)
	first := next(t, s, native.Sleeping)
	diff(t, []bool{true}, l.held())
	first.Handled()
	diff(t, []bool{false}, l.held())
	first.Handled()

	l.prepare("Sleep", false)
	next(t, s, native.Woke).Handled() // nothing waits for that
	diff(t, []bool{false, true}, l.held())
	first.Handled() // much too late: this is the lock of the next sleep
	diff(t, []bool{false, true}, l.held())

	l.prepare("Sleep", true)
	late := next(t, s, native.Sleeping)
	l.prepare("Sleep", false) // nobody answered in time, and it slept
	next(t, s, native.Woke)
	diff(t, []bool{false, false, true}, l.held())
	late.Handled()
	diff(t, []bool{false, false, true}, l.held())

	if err := s.Close(); err != nil {
		t.Error(err)
	}
	diff(t, []bool{false, false, false}, l.held())
}

func TestShutdownWaitsForHandled(t *testing.T) {
	l := startLogind(t, true)
	s := openSession(t)
	l.prepare("Shutdown", true)
	end := next(t, s, native.SessionEnding)
	diff(t, []bool{true}, l.held())
	end.Handled()
	diff(t, []bool{false}, l.held())
	l.prepare("Shutdown", false) // it was called off: a new lock, and nothing to tell
	l.prepare("Sleep", true)
	next(t, s, native.Sleeping)
	diff(t, []bool{false, true}, l.held())
}

func TestLoginSessionLocks(t *testing.T) {
	for name, c := range map[string]struct {
		knowsUs bool
		id      string
		want    []native.Kind
	}{
		"our session, by its id":      {true, "c1", []native.Kind{native.ScreenLocked, native.ScreenUnlocked}},
		"our session, by our process": {true, "", []native.Kind{native.ScreenLocked, native.ScreenUnlocked}},
		"no session of ours: all are": {false, "", []native.Kind{native.ScreenLocked, native.ScreenUnlocked, native.ScreenLocked, native.ScreenUnlocked}},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLogind(t, c.knowsUs)
			t.Setenv("XDG_SESSION_ID", c.id)
			s := openSession(t)
			for _, path := range []dbus.ObjectPath{otherPath, ownPath} {
				emit(t, l.conn, path, loginName+".Session.Lock")
				emit(t, l.conn, path, loginName+".Session.Unlock")
			}
			l.prepare("Sleep", true) // the end: signals of one sender keep their order
			for _, kind := range append(c.want, native.Sleeping) {
				next(t, s, kind)
			}
		})
	}
}

// TestOnlyLogindIsHeard has another program send logind's signals.
func TestOnlyLogindIsHeard(t *testing.T) {
	l := startLogind(t, true)
	s := openSession(t)
	liar := service(t, os.Getenv(systemVariable), "")
	emit(t, liar, ownPath, loginName+".Session.Unlock")
	emit(t, liar, loginPath, loginName+".Manager.PrepareForSleep", true)
	// The bus passes on in the order in which it reads; an answer to the liar
	// says that it has read all of the above.
	if err := liar.BusObject().Call("org.freedesktop.DBus.GetId", 0).Err; err != nil {
		t.Fatal(err)
	}
	emit(t, l.conn, ownPath, loginName+".Session.Lock")
	next(t, s, native.ScreenLocked)
}

func TestLogindThatForbidsToDelay(t *testing.T) {
	conn := service(t, bus(t, systemVariable), loginName)
	export(t, conn, loginPath, loginName+".Manager", map[string]any{})
	noBus(t, sessionVariable)
	s := openSession(t)
	diff(t, []string{"org.freedesktop.login1"}, s.Sources())
	emit(t, conn, loginPath, loginName+".Manager.PrepareForSleep", true)
	next(t, s, native.Sleeping).Handled()
	emit(t, conn, loginPath, loginName+".Manager.PrepareForSleep", false)
	next(t, s, native.Woke)
}

func TestLockScreens(t *testing.T) {
	for _, name := range []string{
		"org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver", "org.cinnamon.ScreenSaver",
		"org.mate.ScreenSaver", "org.xfce.ScreenSaver",
	} {
		t.Run(name, func(t *testing.T) {
			noBus(t, systemVariable)
			conn := service(t, bus(t, sessionVariable), name)
			s := openSession(t)
			diff(t, []string{"ScreenSaver"}, s.Sources())
			path := dbus.ObjectPath("/org/whatever/ScreenSaver")
			emit(t, conn, path, name+".ActiveChanged") // nonsense says nothing
			emit(t, conn, path, name+".ActiveChanged", "true")
			emit(t, conn, path, name+".ActiveChanged", true, true)
			emit(t, conn, path, name+".ActiveChanged", true)
			next(t, s, native.ScreenLocked).Handled()
			emit(t, conn, path, name+".ActiveChanged", false)
			next(t, s, native.ScreenUnlocked)
		})
	}
}

func TestEventsWaitUntilTheyAreRead(t *testing.T) {
	noBus(t, systemVariable)
	const name = "org.gnome.ScreenSaver"
	conn := service(t, bus(t, sessionVariable), name)
	s := openSession(t)
	const pairs = 200
	for range pairs {
		emit(t, conn, "/x", name+".ActiveChanged", true)
		emit(t, conn, "/x", name+".ActiveChanged", false)
	}
	for range pairs {
		next(t, s, native.ScreenLocked)
		next(t, s, native.ScreenUnlocked)
	}
}

func TestSessionWithoutAnyBus(t *testing.T) {
	noBus(t, systemVariable)
	noBus(t, sessionVariable)
	s := openSession(t)
	if got := s.Sources(); len(got) != 0 {
		t.Errorf("sources: %q", got)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if e, ok := <-s.Events(); ok {
		t.Errorf("got %q after the end", e.Kind)
	}
}

// TestBusThatGoes ends one bus; the other is still heard, and Close ends.
func TestBusThatGoes(t *testing.T) {
	const name = "org.gnome.ScreenSaver"
	conn := service(t, bus(t, sessionVariable), name)
	var s *native.Session
	t.Run("both are there", func(t *testing.T) {
		export(t, service(t, bus(t, systemVariable), loginName), loginPath, loginName+".Manager", map[string]any{})
		s = native.OpenSession()
		diff(t, []string{"org.freedesktop.login1", "ScreenSaver"}, s.Sources())
	}) // its end kills the bus
	emit(t, conn, "/x", name+".ActiveChanged", true)
	next(t, s, native.ScreenLocked)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestLockIsNotInherited starts a program while the sleep waits: if it got the
// lock's descriptor, the sleep would wait for the browser.
func TestLockIsNotInherited(t *testing.T) {
	l := startLogind(t, true)
	openSession(t)
	diff(t, []bool{true}, l.held())
	dir := t.TempDir()
	seen := filepath.Join(dir, "seen")
	script := "#!/bin/sh\nls -l /proc/$$/fd > '" + seen + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	if err := native.OpenURL("https://example.com/"); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lock, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", l.locks[0][0].Fd())) // "pipe:[123]", the same for both ends
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(seen); err != nil || strings.Contains(string(text), lock) {
		t.Errorf("the browser has %s: %v\n%s", lock, err, text)
	}
}
