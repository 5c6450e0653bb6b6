package native_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/tideover/tideover/app/native"
)

// busConfig is a bus that lets everybody do everything and knows no services
// to start: what is not mocked is not there.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`

// bus starts a D-Bus of the test's own and points a variable at it.
func bus(t *testing.T, variable string) (address string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "bus.conf")
	if err := os.WriteFile(config, []byte(busConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	address = start(t, "dbus", "dbus-daemon", "--nofork", "--nopidfile", "--config-file="+config, "--print-address=3")
	t.Setenv(variable, address)
	return address
}

const sessionVariable, systemVariable = "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS"

// noBus points a variable at a bus that is not there.
func noBus(t *testing.T, variable string) {
	t.Helper()
	t.Setenv(variable, "unix:path="+filepath.Join(t.TempDir(), "none"))
}

// service is a connection of somebody else on a bus, who has a name there.
func service(t *testing.T, address, name string) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // may be closed by the test
	if name != "" {
		if got, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil || got != dbus.RequestNameReplyPrimaryOwner {
			t.Fatalf("own %s: %v, %v", name, got, err)
		}
	}
	return conn
}

// export offers methods by their names on the bus.
func export(t *testing.T, conn *dbus.Conn, path dbus.ObjectPath, face string, methods map[string]any) {
	t.Helper()
	if err := conn.ExportMethodTable(methods, path, face); err != nil {
		t.Fatal(err)
	}
}

func emit(t *testing.T, conn *dbus.Conn, path dbus.ObjectPath, signal string, body ...any) {
	t.Helper()
	if err := conn.Emit(path, signal, body...); err != nil {
		t.Fatal(err)
	}
}

func refused(...any) *dbus.Error {
	return dbus.NewError("org.freedesktop.DBus.Error.NotSupported", nil)
}

func TestTrayHost(t *testing.T) {
	const watcher, path = "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher"
	property := func(shown any) map[string]any {
		return map[string]any{"Get": func(_, name string) (dbus.Variant, *dbus.Error) {
			if name != "IsStatusNotifierHostRegistered" || shown == nil {
				return dbus.Variant{}, refused()
			}
			return dbus.MakeVariant(shown), nil
		}}
	}
	for name, c := range map[string]struct {
		watcher bool
		shown   any
		want    native.Tray
	}{
		"no watcher":                   {false, nil, native.TrayNoHost},
		"watcher without a host":       {true, false, native.TrayNoHost},
		"watcher with a host":          {true, true, native.TrayReady},
		"watcher that knows no answer": {true, nil, native.TrayReady},
	} {
		t.Run(name, func(t *testing.T) {
			address := bus(t, sessionVariable)
			if c.watcher {
				export(t, service(t, address, watcher), path, "org.freedesktop.DBus.Properties", property(c.shown))
			}
			if got := native.TrayHost(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("no bus", func(t *testing.T) {
		noBus(t, sessionVariable)
		if got := native.TrayHost(); got != native.TrayNoBus {
			t.Errorf("got %q", got)
		}
	})
}

// TestBusThatNeverAnswers has somebody listen at the address who is no bus.
func TestBusThatNeverAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	ear, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ear.Close()
	t.Setenv(sessionVariable, "unix:path="+path)
	got := make(chan native.Tray, 1)
	go func() { got <- native.TrayHost() }()
	if got := within(t, got, "an end"); got != native.TrayNoBus {
		t.Errorf("got %q", got)
	}
}

// TestNoBusIsEverStarted gives the library what it would start a bus with: a
// variable that is not set, and dbus-launch.
func TestNoBusIsEverStarted(t *testing.T) {
	display(t) // dbus-launch wants one
	launched := fakeProgram(t, "dbus-launch")
	noBus(t, systemVariable)
	for _, address := range []string{"", "autolaunch:", "autolaunch:;unix:path=/nonexistent"} {
		t.Setenv(sessionVariable, address)
		native.TrayHost()
		_ = native.Notify(native.Note{Title: "Tideover is being tested"}, func(string, string) {}) // a real session may be there, and show it
		if err := native.OpenSession().Close(); err != nil {
			t.Error(err)
		}
		t.Setenv("WAYLAND_DISPLAY", "wayland-0") // so that the bus is asked, not X11
		if err := native.OpenIdle().Close(); err != nil {
			t.Error(err)
		}
		if got := launched(); got != nil {
			t.Errorf("%q: dbus-launch %s", address, strings.Join(got, " "))
		}
	}
}

// note is what a notification daemon was asked to show.
type note struct {
	App, Icon, Title, Body string
	Replaces               uint32
	Actions                []string
	Hints                  map[string]any
	Expires                int32
}

func TestNotify(t *testing.T) {
	const face, path = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
	for name, c := range map[string]struct {
		can  []string
		note native.Note
		want note
	}{
		"markup is escaped": {
			[]string{"body", "body-markup"},
			native.Note{Title: "A & B", Body: "<b>1 & 2</b> &amp;", Category: "network.disconnected"},
			note{Title: "A & B", Body: "&lt;b&gt;1 &amp; 2&lt;/b&gt; &amp;amp;", Hints: map[string]any{"category": "network.disconnected"}},
		},
		"plain text is not": {
			[]string{"body"},
			native.Note{Title: "Tideover", Body: "1 < 2 & 3"},
			note{Title: "Tideover", Body: "1 < 2 & 3", Hints: map[string]any{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			notes := make(chan note, 1)
			conn := service(t, bus(t, sessionVariable), face)
			export(t, conn, path, face, map[string]any{
				"GetCapabilities": func() ([]string, *dbus.Error) { return c.can, nil },
				"Notify": func(app string, replaces uint32, icon, title, body string, actions []string, hints map[string]dbus.Variant, expires int32) (uint32, *dbus.Error) {
					got := note{App: app, Icon: icon, Title: title, Body: body, Replaces: replaces, Actions: actions, Hints: map[string]any{}, Expires: expires}
					for k, v := range hints {
						got.Hints[k] = v.Value()
					}
					notes <- got
					return 7, nil
				},
			})
			if err := native.Notify(c.note, func(string, string) { t.Error("the toolkit was asked, too") }); err != nil {
				t.Fatal(err)
			}
			c.want.App, c.want.Icon, c.want.Actions, c.want.Expires = "Tideover", "tideover", []string{}, -1
			c.want.Hints["transient"], c.want.Hints["desktop-entry"] = true, "tideover"
			diff(t, c.want, within(t, notes, "note"))
		})
	}
}

func TestNotifyFallsBackToTheToolkit(t *testing.T) {
	const face, path = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
	for name, prepare := range map[string]func(*testing.T){
		"no bus":    func(t *testing.T) { noBus(t, sessionVariable) },
		"no daemon": func(t *testing.T) { bus(t, sessionVariable) },
		"daemon that fails": func(t *testing.T) {
			export(t, service(t, bus(t, sessionVariable), face), path, face, map[string]any{
				"GetCapabilities": func() ([]string, *dbus.Error) { return nil, nil },
				"Notify":          func() (uint32, *dbus.Error) { return 0, refused() },
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			prepare(t)
			var got [2]string
			if err := native.Notify(native.Note{Title: "t", Body: "<b>"}, func(title, body string) { got = [2]string{title, body} }); err != nil {
				t.Error(err)
			}
			diff(t, [2]string{"t", "<b>"}, got)
			if err := native.Notify(native.Note{Title: "t"}, nil); err != native.ErrUnsupported {
				t.Errorf("without a toolkit: %v", err)
			}
		})
	}
}
