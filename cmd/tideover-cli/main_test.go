package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tideover/tideover/cmd/internal/scripttest"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/cache"
)

func TestMain(m *testing.M) {
	// The least that a cache allows: the stories are about everything else.
	testscript.Main(m, map[string]func(){
		"tideover-cli":        func() { os.Exit(run(os.Args[1:], cache.FloorCost(), socketKeys())) },
		"tideover-cli-imaged": func() { os.Exit(runImaged()) },
	})
}

// TestScripts plays the stories of testdata: the real client and the real
// server on a software TPM, one file per user story and one per refusal.
//
// Commands of ours beside testscript's and those of scripttest:
//
//	demo start|stop              the server; URL, PIN, CA and the password files ALICE, BOB, CAROL are set
//	server ARG…                  tideover-server with the demo's data
//	tripwire                     takes the stopped demo's address; "tripwire check" wants that nobody came
//	wire start|count|cut BYTES|mend   a line to the demo that can be cut; see brokenWire
//	chip reboot|powercut|clear|forward DURATION|other   the machine's TPM
//	chip copy|restore            its state, as a snapshot of a virtual machine has it
//	keyring start|use|lock|unlock|delete|names   a keychain; see there. Without one there is none
//	key plug NAME [PIN]|unplug   a security key in software; see socketKeys
//	lines FILE ARG…              writes the arguments as lines; @FILE stands for the file's first line
//	firstline NAME FILE          puts a file's first line into the environment
//	searched none|some PATH NAME=SECRET…   looks for secrets in files; see there
//	otp NAME FILE [next]         puts the one-time code of a secret file into the environment, or the one after it
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	server := buildServer(t)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stage{t: t, binary: server, machine: tpmtest.Start(t)}
			t.Cleanup(s.close)
			testscript.Run(t, testscript.Params{Files: []string{file}, Setup: s.setup, Cmds: scripttest.Commands(map[string]func(*testscript.TestScript, bool, []string){
				"demo": s.demo, "server": s.server, "tripwire": s.tripwire, "wire": s.brokenWire, "chip": s.chip, "keyring": s.keyring,
				"lines": lines, "firstline": firstLine, "otp": code, "searched": searched,
				"key": s.key,
			})})
		})
	}
}

// buildServer builds the server for all scripts.
func buildServer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tideover-server")
	build := exec.Command("go", "build", "-o", path, "../tideover-server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v: %s", err, out)
	}
	return path
}

// stage is what one script plays on.
type stage struct {
	t       *testing.T
	binary  string // of the server
	machine *tpmtest.Machine
	other   *tpmtest.Machine
	copied  tpmtest.Snapshot
	process *exec.Cmd
	address string // of the demo, once it has run
	wire    net.Listener
	callers atomic.Int64
	line    *brokenWire

	keys     keyDrawer
	keyrings map[string]*keyring
	keychain *keyring // the one in use
}

func (s *stage) setup(env *testscript.Env) error {
	scripttest.Prepare(env)
	env.Setenv("TIDEOVER_HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("TIDEOVER_TPM", s.machine.Spec())
	env.Setenv("LANG", "C")
	env.Setenv("MASTER", "Ebbe und Flut 1729 am Kai")
	// No keychain: a bus that is not there. Without this a library may start one.
	env.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	return nil
}

func (s *stage) close() {
	if s.process != nil {
		_ = s.process.Process.Kill() // it may have ended
		_ = s.process.Wait()
	}
	if s.wire != nil {
		_ = s.wire.Close()
	}
}

func (s *stage) demo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: demo start|stop")
	}
	switch args[0] {
	case "start":
		s.startDemo(ts, args[1:])
	case "stop":
		if s.process == nil {
			ts.Fatalf("demo: not running")
		}
		ts.Check(s.process.Process.Signal(syscall.SIGTERM))
		ts.Check(s.process.Wait())
		s.process = nil
	default:
		ts.Fatalf("demo %s: unknown", args[0])
	}
}

// ready is the line that the demo prints.
type ready struct {
	URL    string `json:"url"`
	Pin    string `json:"pin"`
	CAFile string `json:"ca_file"`
	Users  []struct {
		Name         string  `json:"name"`
		PasswordFile string  `json:"password_file"`
		OTPFile      *string `json:"otp_secret_file"`
	} `json:"users"`
}

func (s *stage) startDemo(ts *testscript.TestScript, more []string) {
	listen := s.address
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	args := append([]string{"demo", "--data", ts.MkAbs("data"), "--listen", listen, "--entries", "30", "--json"}, more...)
	s.process = exec.Command(s.binary, args...)
	var stderr bytes.Buffer
	s.process.Stderr = &stderr
	out, err := s.process.StdoutPipe()
	ts.Check(err)
	ts.Check(s.process.Start())
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		_ = s.process.Wait() // to have all of its errors
		s.process = nil
		ts.Fatalf("demo: %v: %s", err, stderr.Bytes())
	}
	var r ready
	ts.Check(json.Unmarshal(line, &r))
	s.address = strings.TrimPrefix(r.URL, "https://")
	ts.Setenv("URL", r.URL)
	ts.Setenv("PIN", r.Pin)
	ts.Setenv("CA", r.CAFile)
	for _, u := range r.Users {
		ts.Setenv(strings.ToUpper(u.Name), u.PasswordFile)
		if u.OTPFile != nil {
			ts.Setenv(strings.ToUpper(u.Name)+"_OTP", *u.OTPFile)
		}
	}
}

func (s *stage) server(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(s.binary, append(args, "--data", ts.MkAbs("data"))...)
	if (err != nil) != neg {
		ts.Fatalf("tideover-server %v: %v: %s", args, err, ts.ReadFile("stderr"))
	}
}

// tripwire listens where the demo was and counts who comes.
func (s *stage) tripwire(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 1 && args[0] == "check" {
		ts.Check(s.wire.Close())
		s.wire = nil
		if n := s.callers.Load(); n > 0 {
			ts.Fatalf("the server was called %d times", n)
		}
		return
	}
	l, err := net.Listen("tcp", s.address)
	ts.Check(err)
	s.wire = l
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.callers.Add(1)
			_ = conn.Close() // nobody should be there
		}
	}()
}

func (s *stage) chip(ts *testscript.TestScript, _ bool, args []string) {
	switch args[0] {
	case "reboot":
		s.machine.Reboot()
	case "copy":
		s.copied = s.machine.Snapshot()
	case "restore":
		s.machine.Restore(s.copied)
	case "powercut":
		s.machine.PowerCut()
	case "clear":
		s.machine.Clear()
	case "forward":
		d, err := time.ParseDuration(args[1])
		ts.Check(err)
		s.machine.AdvanceClock(d)
	case "other":
		if s.other == nil {
			s.other = tpmtest.Start(s.t)
		}
		ts.Setenv("OTHER_TPM", s.other.Spec())
	default:
		ts.Fatalf("chip %s: unknown", args[0])
	}
}

func lines(ts *testscript.TestScript, _ bool, args []string) {
	var b strings.Builder
	for _, a := range args[1:] {
		if path, ok := strings.CutPrefix(a, "@"); ok {
			a, _, _ = strings.Cut(ts.ReadFile(path), "\n")
		}
		b.WriteString(a + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

func firstLine(ts *testscript.TestScript, _ bool, args []string) {
	line, _, _ := strings.Cut(ts.ReadFile(args[1]), "\n")
	ts.Setenv(args[0], line)
}
