package main

import (
	"bufio"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// busConfig is a bus that starts nothing by itself: what is there, a script has
// started.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`

// The names of the Secret Service, as gnome-keyring has it.
const (
	secretService = "org.freedesktop.secrets"
	secretPath    = "/org/freedesktop/secrets"
	secretLogin   = secretPath + "/collection/login"
	keyringPhrase = "the keyring's own password"
)

// keyring is a gnome-keyring of its own, on a bus of its own: another session,
// or another machine.
type keyring struct {
	folder    string
	address   string
	conn      *dbus.Conn
	processes []*exec.Cmd
}

// keyring plays "keyring start NAME", which makes a keyring and uses it; "use
// NAME"; "lock" and "unlock"; "delete TEXT", which deletes the items whose name
// has it; "names WANT…", which wants exactly these, each a part of a name.
func (s *stage) keyring(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: keyring start|use|lock|unlock|delete|names …")
	}
	if args[0] == "start" {
		k := &keyring{}
		if s.keyrings == nil {
			s.keyrings = map[string]*keyring{}
		}
		s.keyrings[args[1]] = k
		k.start(ts)
	}
	switch args[0] {
	case "start", "use":
		s.keychain = s.keyrings[args[1]]
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", s.keychain.address)
	case "lock":
		var locked []dbus.ObjectPath
		var prompt dbus.ObjectPath
		ts.Check(s.keychain.conn.Object(secretService, secretPath).
			Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{secretLogin}).Store(&locked, &prompt))
	case "unlock":
		s.keychain.unlock(ts)
	case "delete":
		for path, name := range s.keychain.items(ts) {
			if strings.Contains(name, args[1]) {
				ts.Check(s.keychain.conn.Object(secretService, path).Call("org.freedesktop.Secret.Item.Delete", 0).Err)
			}
		}
	case "names":
		names := slices.Sorted(maps.Values(s.keychain.items(ts)))
		matches := len(names) == len(args)-1
		for i := range min(len(names), len(args)-1) {
			matches = matches && strings.Contains(names[i], args[i+1])
		}
		if !matches {
			ts.Fatalf("the keyring has %q, want %q", names, args[1:])
		}
	default:
		ts.Fatalf("keyring %s: unknown", args[0])
	}
}

// command is a program that knows no session but the keyring's.
func (k *keyring) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + k.folder, "XDG_RUNTIME_DIR=" + k.folder, "XDG_DATA_HOME=" + k.folder,
		"XDG_CONFIG_HOME=" + k.folder, "XDG_CACHE_HOME=" + k.folder, "DBUS_SESSION_BUS_ADDRESS=" + k.address,
	}
	return cmd
}

func (k *keyring) start(ts *testscript.TestScript) {
	for program, pkg := range map[string]string{"dbus-daemon": "dbus", "gnome-keyring-daemon": "gnome-keyring"} {
		if _, err := exec.LookPath(program); err != nil {
			ts.Fatalf("%s is missing: apt-get install %s", program, pkg)
		}
	}
	var err error
	k.folder, err = os.MkdirTemp("/tmp", "keyring") // short: there are sockets in it
	ts.Check(err)
	ts.Defer(k.stop)
	config := filepath.Join(k.folder, "bus.conf")
	ts.Check(os.WriteFile(config, []byte(busConfig), 0o600))

	bus := k.command("dbus-daemon", "--nofork", "--nopidfile", "--config-file="+config, "--print-address=1")
	out, err := bus.StdoutPipe()
	ts.Check(err)
	ts.Check(bus.Start())
	k.processes = append(k.processes, bus)
	line, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	k.address = strings.TrimSpace(line)
	k.conn, err = dbus.Connect(k.address)
	ts.Check(err)

	owned := make(chan *dbus.Signal, 1)
	k.conn.Signal(owned)
	ts.Check(k.conn.AddMatchSignal(dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, secretService)))
	daemon := k.command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets", "--control-directory="+filepath.Join(k.folder, "keyring"))
	daemon.Stdin = strings.NewReader(keyringPhrase)
	ts.Check(daemon.Start())
	k.processes = append(k.processes, daemon)
	select {
	case <-owned:
	case <-time.After(time.Minute):
		ts.Fatalf("gnome-keyring-daemon did not come")
	}
	k.conn.RemoveSignal(owned)
}

// unlock is what a person does at the prompt of the desktop, which is not here.
// The interface is gnome-keyring's own, for its tests and for migrations.
func (k *keyring) unlock(ts *testscript.TestScript) {
	var none dbus.Variant
	var session dbus.ObjectPath
	service := k.conn.Object(secretService, secretPath)
	ts.Check(service.Call("org.freedesktop.Secret.Service.OpenSession", 0, "plain", dbus.MakeVariant("")).Store(&none, &session))
	phrase := struct {
		Session           dbus.ObjectPath
		Parameters, Value []byte
		ContentType       string
	}{session, []byte{}, []byte(keyringPhrase), "text/plain"}
	ts.Check(service.Call("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface.UnlockWithMasterPassword", 0,
		dbus.ObjectPath(secretLogin), phrase).Err)
}

func (k *keyring) stop() {
	if k.conn != nil {
		_ = k.conn.Close() // the bus ends with it
	}
	for _, p := range slices.Backward(k.processes) {
		_ = p.Process.Kill() // it may have ended
		_ = p.Wait()
	}
	_ = os.RemoveAll(k.folder)
}

// items returns the names of our items by their paths.
func (k *keyring) items(ts *testscript.TestScript) map[dbus.ObjectPath]string {
	var open, locked []dbus.ObjectPath
	ts.Check(k.conn.Object(secretService, secretPath).
		Call("org.freedesktop.Secret.Service.SearchItems", 0, map[string]string{"service": "tideover"}).Store(&open, &locked))
	names := map[dbus.ObjectPath]string{}
	for _, path := range append(open, locked...) {
		attributes, err := k.conn.Object(secretService, path).GetProperty("org.freedesktop.Secret.Item.Attributes")
		ts.Check(err)
		of, _ := attributes.Value().(map[string]string)
		names[path] = of["username"]
	}
	return names
}
