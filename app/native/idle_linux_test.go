package native_test

import (
	"math"
	"os/exec"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/tideover/tideover/app/native"
)

const (
	mutterIdle, mutterPath = "org.gnome.Mutter.IdleMonitor", dbus.ObjectPath("/org/gnome/Mutter/IdleMonitor/Core")
	saverIdle, saverPath   = "org.freedesktop.ScreenSaver", dbus.ObjectPath("/org/freedesktop/ScreenSaver")
)

func openIdle(t *testing.T) *native.Idle {
	t.Helper()
	i := native.OpenIdle()
	t.Cleanup(func() { _ = i.Close() }) // never fails
	return i
}

// wayland is a desktop where X11 must not be asked, even though it is there.
func wayland(t *testing.T) {
	t.Helper()
	t.Setenv("DISPLAY", ":0")
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	t.Setenv("XDG_SESSION_TYPE", "wayland")
}

func TestIdleOfX11(t *testing.T) {
	display(t)
	noBus(t, sessionVariable)
	i := openIdle(t)
	if i.Source() != "X11 MIT-SCREEN-SAVER" {
		t.Fatalf("source: %q", i.Source())
	}
	since := func() time.Duration {
		idle, known := i.Since()
		if !known || idle < 0 {
			t.Fatalf("got %v, %v", idle, known)
		}
		return idle
	}
	deadline := time.Now().Add(patience)
	for first := since(); since() <= first; { // each question is a round trip; time passes by itself
		if time.Now().After(deadline) {
			t.Fatal("nobody is there, and the time since the last input does not grow")
		}
	}
	// Nothing but an input makes it less.
	for before := since(); ; {
		if out, err := exec.Command(need(t, "xdotool", "xdotool"), "key", "shift").CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		now := since()
		if now < before {
			break
		}
		if before = now; time.Now().After(deadline) {
			t.Fatal("a key was pressed, and the time since the last input is no less")
		}
	}
}

// idleAnswers is a desktop that answers with v, whichever of the two is asked.
func idleAnswers(v any) map[string]any {
	var method any
	switch v := v.(type) {
	case uint64:
		method = func() (uint64, *dbus.Error) { return v, nil }
	case uint32:
		method = func() (uint32, *dbus.Error) { return v, nil }
	case string:
		method = func() (string, *dbus.Error) { return v, nil }
	default:
		return map[string]any{}
	}
	return map[string]any{"GetIdletime": method, "GetSessionIdleTime": method}
}

func TestIdleOfADesktop(t *testing.T) {
	for name, c := range map[string]struct {
		mutter, saver any // what they answer; nil: they are not there
		source        string
		idle          time.Duration
		known         bool
	}{
		"GNOME":                      {uint64(61_000), nil, mutterIdle, 61 * time.Second, true},
		"KDE":                        {nil, uint32(2_500), saverIdle, 2500 * time.Millisecond, true},
		"both":                       {uint64(1_000), uint32(9_000), mutterIdle, time.Second, true},
		"one that cannot tell":       {nil, uint32(0), saverIdle, 0, false},
		"one that is busy for long":  {uint64(math.MaxUint64), nil, mutterIdle, math.MaxInt64 / time.Millisecond * time.Millisecond, true},
		"one that answers with text": {nil, "now", "", 0, false},
		"one without the method":     {nil, struct{}{}, "", 0, false},
		"next to a broken one":       {"now", uint32(7), saverIdle, 7 * time.Millisecond, true},
		"none":                       {nil, nil, "", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			wayland(t)
			address := bus(t, sessionVariable)
			if c.mutter != nil {
				export(t, service(t, address, mutterIdle), mutterPath, mutterIdle, idleAnswers(c.mutter))
			}
			if c.saver != nil {
				export(t, service(t, address, saverIdle), saverPath, saverIdle, idleAnswers(c.saver))
			}
			i := openIdle(t)
			idle, known := i.Since()
			if i.Source() != c.source || idle != c.idle || known != c.known {
				t.Errorf("got %q, %v, %v, want %q, %v, %v", i.Source(), idle, known, c.source, c.idle, c.known)
			}
		})
	}
}

func TestIdleOfADesktopThatGoes(t *testing.T) {
	wayland(t)
	conn := service(t, bus(t, sessionVariable), mutterIdle)
	export(t, conn, mutterPath, mutterIdle, map[string]any{"GetIdletime": func() (uint64, *dbus.Error) { return 5, nil }})
	i := openIdle(t)
	if idle, known := i.Since(); idle != 5*time.Millisecond || !known {
		t.Fatalf("got %v, %v", idle, known)
	}
	if _, err := conn.ReleaseName(mutterIdle); err != nil {
		t.Fatal(err)
	}
	if idle, known := i.Since(); known {
		t.Errorf("got %v of nobody", idle)
	}
}

func TestIdleWithoutADesktop(t *testing.T) {
	t.Setenv("DISPLAY", "")
	noBus(t, sessionVariable)
	i := openIdle(t)
	if idle, known := i.Since(); known || idle != 0 || i.Source() != "" {
		t.Errorf("got %v, %v by %q", idle, known, i.Source())
	}
}
