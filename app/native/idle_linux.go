package native

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/screensaver"
	"github.com/jezek/xgb/xproto"
)

// openIdle does not ask Xwayland: it sees only what is typed into X programs,
// and would call a busy user idle.
func openIdle() idleSource {
	wayland := os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("XDG_SESSION_TYPE") == "wayland"
	if os.Getenv("DISPLAY") != "" && !wayland {
		if x, err := openXIdle(); err == nil {
			return x
		}
	}
	conn, err := sessionBus()
	if err != nil {
		return nil
	}
	for _, way := range []busIdle{
		{"org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core", "GetIdletime", conn},
		{"org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "GetSessionIdleTime", conn},
	} {
		if _, err := way.ask(); err == nil {
			return way
		}
	}
	_ = conn.Close() // of no use to anybody
	return nil
}

// xIdle asks the extension MIT-SCREEN-SAVER of the X server.
type xIdle struct {
	conn *xgb.Conn
	root xproto.Drawable
}

func openXIdle() (*xIdle, error) {
	const extension = "MIT-SCREEN-SAVER"
	conn, err := dialX()
	if err != nil {
		return nil, fmt.Errorf("X11: %w", err)
	}
	known, err := xproto.QueryExtension(conn, uint16(len(extension)), extension).Reply()
	if err == nil && !known.Present {
		err = ErrUnsupported
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("X11: %s: %w", extension, err)
	}
	// Not screensaver.Init: it writes into maps of its package that the readers
	// of all other connections use, without a lock. Of those we need nothing.
	conn.ExtLock.Lock()
	conn.Extensions[extension] = known.MajorOpcode
	conn.ExtLock.Unlock()
	go func() { // nobody asked for events, but a full queue would stop the replies
		for event, err := conn.WaitForEvent(); event != nil || err != nil; event, err = conn.WaitForEvent() {
		}
	}()
	return &xIdle{conn: conn, root: xproto.Drawable(xproto.Setup(conn).DefaultScreen(conn).Root)}, nil
}

func (x *xIdle) since() (time.Duration, error) {
	info, err := screensaver.QueryInfo(x.conn, x.root).Reply()
	if err != nil {
		return 0, fmt.Errorf("X11: %w", err)
	}
	if info == nil {
		return 0, errors.New("X11: the display is gone")
	}
	return time.Duration(info.MsSinceUserInput) * time.Millisecond, nil
}

func (x *xIdle) name() string { return "X11 MIT-SCREEN-SAVER" }
func (x *xIdle) close()       { x.conn.Close() }

// busIdle asks a desktop over D-Bus, in milliseconds: Mutter as uint64, and KDE
// as uint32 (the old specification said seconds; whoever followed it is X11).
type busIdle struct {
	service string
	path    dbus.ObjectPath
	method  string
	conn    *dbus.Conn
}

// since takes a zero for no answer: desktops that cannot tell (KDE on Wayland)
// answer so for ever, and a vault that believed them would never lock. Where it
// is true, the window has just had input itself or will know in a moment.
func (b busIdle) since() (time.Duration, error) {
	idle, err := b.ask()
	if err == nil && idle == 0 {
		err = ErrUnsupported
	}
	return idle, err
}

func (b busIdle) ask() (time.Duration, error) {
	var ms any
	if err := ask(b.conn.Object(b.service, b.path), b.service+"."+b.method, nil, []any{&ms}); err != nil {
		return 0, err
	}
	const most = uint64(time.Duration(1<<63-1) / time.Millisecond)
	switch v := ms.(type) {
	case uint64:
		return time.Duration(min(v, most)) * time.Millisecond, nil
	case uint32:
		return time.Duration(v) * time.Millisecond, nil
	}
	return 0, fmt.Errorf("%s: answers with %T", b.method, ms)
}

func (b busIdle) name() string { return b.service }
func (b busIdle) close()       { _ = b.conn.Close() } // nothing to lose
