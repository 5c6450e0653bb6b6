// Package apptest uses a program as a person does: it looks at the screen and
// reads what stands there, types, and moves the mouse. It knows nothing of the
// program's widgets, so that what passes here is the shipped binary, with its
// real window, keyboard, clipboard and session bus.
//
// A Screen is a fresh Xvfb with a window manager and a session bus of its own;
// reading is done by tesseract, typing by xdotool. Its tray and its notifications
// are no pictures but what programs say on the bus. The package is for tests and
// for taking pictures; it is never linked into a program that ships, and it
// imports none of ours.
//
// The invariant: waiting is for something to be seen, never for time to pass.
package apptest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xproto"
)

// Patience is how long a person waits for something to show up before the
// program counts as broken. It is no measure of speed.
const Patience = 2 * time.Minute

// T is what a Screen needs of a test; *testing.T is one.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(func())
	TempDir() string
}

// Options describe a screen.
type Options struct {
	Width, Height int    // pixels; zero: 1280 × 820
	Scale         int    // pixels for a point, by which letters grow; zero: 1
	Language      string // of what stands there, as tesseract calls it; empty: "eng"
	Failed        string // folder for pictures of what was seen instead; empty: none
}

// Screen is one screen with a person before it.
type Screen struct {
	t       T
	options Options
	display string // ":12"
	bus     string // address of the session bus
	home    string
	conn    *xgb.Conn
	root    xproto.Window
	changed chan struct{} // something was painted
	asks    uint32        // the atom of a ping
	pings   uint32        // sent to windows
	ponged  atomic.Uint32 // the last that was answered

	keyboard map[byte]xproto.Keysym // by keycode

	sights []*sight // the last, newest first; of the test's goroutine

	mu      sync.Mutex
	painted chan time.Time // nil: nobody measures
}

// Start starts a screen that ends with the test.
func Start(t T, o Options) *Screen {
	t.Helper()
	if o.Width == 0 {
		o.Width, o.Height = 1280, 820
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Language == "" {
		o.Language = "eng"
	}
	s := &Screen{t: t, options: o, home: t.TempDir(), changed: make(chan struct{}, 1)}
	need(t, "Xvfb", "xvfb")
	need(t, "openbox", "openbox")
	need(t, "dbus-daemon", "dbus-daemon")
	need(t, "tesseract", "tesseract-ocr")
	need(t, "xdotool", "xdotool")
	s.startDisplay()
	s.startBus()
	s.connect()
	s.spawn(exec.Command("openbox", "--sm-disable"))
	// A program that starts before it would take the screen for one without.
	s.wait("see a window manager", func() bool { return len(s.property(s.root, "_NET_SUPPORTING_WM_CHECK")) > 0 })
	return s
}

func need(t T, program, debian string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is missing: install the package %s", program, debian)
	}
}

// startDisplay starts Xvfb on a display that nobody uses; it says which.
func (s *Screen) startDisplay() {
	s.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		s.t.Fatalf("make a pipe: %v", err)
	}
	geometry := fmt.Sprintf("%dx%dx24", s.options.Width, s.options.Height)
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", geometry, "-nolisten", "tcp", "-noreset")
	x.ExtraFiles = []*os.File{w}
	s.spawn(x)
	_ = w.Close() // the server has its own
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		s.t.Fatalf("Xvfb did not start: %v", err)
	}
	_ = r.Close() // read to its end
	s.display = ":" + strings.TrimSpace(line)
}

// startBus starts a session bus. A program that finds none would start its own
// and leave it behind.
func (s *Screen) startBus() {
	s.t.Helper()
	d := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address")
	out, err := d.StdoutPipe()
	if err != nil {
		s.t.Fatalf("make a pipe: %v", err)
	}
	s.spawn(d)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatalf("dbus-daemon did not start: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // it says no more
	s.bus = strings.TrimSpace(line)
}

// connect opens a connection of our own, which is told of everything painted.
func (s *Screen) connect() {
	s.t.Helper()
	xgb.Logger.SetOutput(io.Discard) // it would tell that there is no password to this display
	first, err := learnEvents(s.display)
	if err != nil {
		s.t.Fatalf("DAMAGE: %v", err)
	}
	conn, err := xgb.NewConnDisplay(s.display)
	if err != nil {
		s.t.Fatalf("connect to the display: %v", err)
	}
	s.conn = conn
	s.root = xproto.Setup(conn).DefaultScreen(conn).Root
	s.asks = uint32(s.atom("_NET_WM_PING"))
	// Answers of windows to the window manager come to the root.
	xproto.ChangeWindowAttributes(conn, s.root, xproto.CwEventMask,
		[]uint32{xproto.EventMaskPropertyChange | xproto.EventMaskStructureNotify | xproto.EventMaskSubstructureNotify})
	if _, err := extend(conn, "XTEST"); err != nil {
		s.t.Fatalf("XTEST: %v", err)
	}
	s.readKeyboard()
	if reply, err := extend(conn, "DAMAGE"); err != nil || reply.FirstEvent != first {
		s.t.Fatalf("DAMAGE: %+v, %v; its events began with %d before", reply, err, first)
	}
	if _, err := damage.QueryVersion(conn, 1, 1).Reply(); err != nil {
		s.t.Fatalf("DAMAGE: %v", err)
	}
	id, err := damage.NewDamageId(conn)
	if err != nil {
		s.t.Fatalf("DAMAGE: %v", err)
	}
	if err := damage.CreateChecked(conn, id, xproto.Drawable(s.root), damage.ReportLevelRawRectangles).Check(); err != nil {
		s.t.Fatalf("DAMAGE: %v", err)
	}
	go func() {
		for {
			ev, err := conn.WaitForEvent()
			if ev == nil && err == nil {
				return // closed
			}
			switch e := ev.(type) {
			case damage.NotifyEvent:
				s.wasPainted(time.Now())
			case xproto.ClientMessageEvent:
				s.pong(e)
			}
			select {
			case s.changed <- struct{}{}:
			default: // told already
			}
		}
	}()
	s.t.Cleanup(conn.Close)
}

// Env returns the environment of a program on this screen: its display, bus,
// an empty home, and nothing of whoever runs the test but the path.
func (s *Screen) Env(more ...string) []string {
	env := []string{
		"DISPLAY=" + s.display, "DBUS_SESSION_BUS_ADDRESS=" + s.bus,
		"HOME=" + s.home, "XDG_CONFIG_HOME=" + filepath.Join(s.home, ".config"), "XDG_RUNTIME_DIR=" + s.home,
		"PATH=" + os.Getenv("PATH"), "LANG=en_US.UTF-8", "LIBGL_ALWAYS_SOFTWARE=1",
	}
	return append(env, more...)
}

// Home returns the empty home folder of the person.
func (s *Screen) Home() string { return s.home }

// Spawn starts a program on this screen, with Env if it has no environment of
// its own, and kills it with the test. The channel is closed when it has ended.
func (s *Screen) Spawn(cmd *exec.Cmd) <-chan struct{} {
	s.t.Helper()
	if cmd.Env == nil {
		cmd.Env = s.Env()
	}
	return s.spawn(cmd)
}

func (s *Screen) spawn(cmd *exec.Cmd) <-chan struct{} {
	s.t.Helper()
	if cmd.Env == nil {
		cmd.Env = s.Env()
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start %s: %v", cmd.Path, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed by us, or judged by whoever started it
		close(ended)
	}()
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	})
	return ended
}
