package cmd_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const leaverMaster = "Ebbe und Flut 1729 am Kai"

// leaver is somebody with an open cache who is about to lose it.
type leaver struct {
	*world
	name       string
	device     string
	cache      string // file
	governance string // address of the listener for devices
}

// newLeaver has a user take a cache offline from a server with a listener for
// devices of its own.
func newLeaver(t testing.TB) *leaver {
	t.Helper()
	l := &leaver{world: newWorld(t), name: "alice"}
	l.stopServer()
	l.serve("127.0.0.1:0")
	l.cli(0, []string{l.password[l.name]}, "sign-in", "--server", l.url, "--pin", l.pin, "--user", l.name, "--password-stdin")
	l.cli(0, []string{leaverMaster}, "cache", "--master-password-stdin")
	var st struct {
		Device struct{ ID string }
		Cache  struct{ Path string }
	}
	if err := json.Unmarshal([]byte(l.cli(0, nil, "status", "--json")), &st); err != nil {
		t.Fatal(err)
	}
	l.device, l.cache = st.Device.ID, st.Cache.Path
	return l
}

// serve starts the server, with its listener for devices at that address.
func (l *leaver) serve(governance string) {
	l.t.Helper()
	cmd := exec.Command(filepath.Join(l.bin, "tideover-server"), "serve", "--data", l.data, "--listen", "127.0.0.1:0",
		"--governance-listen", governance, "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	stopped := false
	l.stopServer = func() {
		if stopped {
			return
		}
		stopped = true
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			l.t.Errorf("tideover-server serve: %v", err)
		}
	}
	l.t.Cleanup(l.stopServer)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		l.t.Fatal("tideover-server serve printed nothing")
	}
	var ready struct {
		URL, Pin      string
		GovernanceURL string `json:"governance_url"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		l.t.Fatal(err)
	}
	l.url, l.pin, l.governance = ready.URL, ready.Pin, strings.TrimPrefix(ready.GovernanceURL, "https://")
}

// moveAway puts the server's main listener where the client does not look: the
// one for devices is all that can be reached.
func (l *leaver) moveAway() {
	l.t.Helper()
	at := l.governance
	l.stopServer()
	l.serve(at)
}

// loses opens the cache in a shell, does what ends it, and returns how long the
// shell stayed open after that. The shell must end as one that was revoked.
func (l *leaver) loses(ends func()) time.Duration {
	l.t.Helper()
	shell := exec.Command(filepath.Join(l.bin, "tideover-cli"), "shell", "--master-password-stdin")
	shell.Env = append(os.Environ(), "TIDEOVER_HOME="+l.home, "TIDEOVER_TPM="+l.tpm)
	in, err := shell.StdinPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	out, err := shell.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	var errOut strings.Builder
	shell.Stderr = &errOut
	if err := shell.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = shell.Process.Kill() }) // it has ended, unless the test failed
	if _, err := io.WriteString(in, leaverMaster+"\nls\n"); err != nil {
		l.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for open := false; !open; { // until it answers
		if !lines.Scan() {
			l.t.Fatalf("the shell did not open: %s", &errOut)
		}
		open = strings.Contains(lines.Text(), "Team")
	}
	start := time.Now()
	ends()
	for lines.Scan() { // until it closes its output
	}
	err = shell.Wait()
	took := time.Since(start)
	_ = in.Close() // its reader is gone
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 6 {
		l.t.Fatalf("the shell ended with %v, want exit code 6\n%s", err, &errOut)
	}
	if _, err := os.Stat(l.cache); !errors.Is(err, os.ErrNotExist) {
		l.t.Errorf("the cache file is still there: %v", err)
	}
	var audit struct {
		Records []struct{ Action, Device string }
	}
	if err := json.Unmarshal([]byte(l.server("audit", "list", "--action", "cache.cleared", "--json")), &audit); err != nil {
		l.t.Fatal(err)
	}
	if len(audit.Records) == 0 || audit.Records[0].Device != l.device {
		l.t.Errorf("no receipt in the audit: %+v", audit)
	}
	return took
}

// leavers are the ways in which somebody with an open cache leaves.
func leavers() map[string]func(*leaver) time.Duration {
	return map[string]func(*leaver) time.Duration{
		"revoked": func(l *leaver) time.Duration {
			return l.loses(func() { l.server("device", "revoke", l.device) })
		},
		"disabled": func(l *leaver) time.Duration {
			l.moveAway()
			return l.loses(func() { l.server("user", "disable", l.name) })
		},
	}
}

// TestLeaver: who is revoked while connected, and who is disabled while only the
// listener for devices can be reached, loses the cache at once, and the audit has
// the receipt.
func TestLeaver(t *testing.T) {
	for name, leave := range leavers() {
		t.Run(name, func(t *testing.T) {
			t.Logf("gone after %v", leave(newLeaver(t)).Round(time.Millisecond))
		})
	}
}

// BenchmarkLeaver measures it: from before the administrator's command starts to
// after the client's program has ended, cache gone and receipt given.
func BenchmarkLeaver(b *testing.B) {
	for name, leave := range leavers() {
		b.Run(name, func(b *testing.B) {
			took, n := time.Duration(0), 0
			for b.Loop() {
				took += leave(newLeaver(b))
				n++
			}
			b.ReportMetric(float64(took.Milliseconds())/float64(n), "ms-to-gone")
			b.ReportMetric(0, "ns/op") // that has the server's start in it
		})
	}
}
