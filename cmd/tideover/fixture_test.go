package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tideover/tideover/app/apptest"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/cache"
)

// asProgram in the environment makes the test's binary the window itself; the
// least cost that a cache allows is all that differs from what ships.
const asProgram = "TIDEOVER_TEST_IS_THE_WINDOW"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:], cache.FloorCost()))
	}
	code := m.Run()
	_ = os.RemoveAll(programs.dir) // of the temporary folder
	os.Exit(code)
}

// programs are the other programs of ours, each built once for all stories.
var programs struct {
	mu   sync.Mutex
	dir  string
	here map[string]bool
}

// master is the master password of every cache in the stories.
const master = "Ebbe und Flut 1729 am Kai"

// stage is a person's desk: a screen, a machine with its chip, a server
// somewhere, and a folder for the program.
type stage struct {
	*apptest.Screen

	t       *testing.T
	machine *tpmtest.Machine
	home    string
	server  *demo
	ended   <-chan struct{} // of the window that was opened last
	ground  color.RGBA      // of the main window where nothing stands in front
}

func newStage(t *testing.T, o apptest.Options) *stage {
	t.Helper()
	if o.Failed == "" {
		o.Failed = os.Getenv("TIDEOVER_TEST_PICTURES")
	}
	return &stage{Screen: apptest.Start(t, o), t: t, machine: tpmtest.Start(t), home: filepath.Join(t.TempDir(), "home")}
}

// open starts the window and waits until it says text.
func (s *stage) open(text string, more ...string) {
	s.t.Helper()
	s.ended = s.Spawn(s.program(more...))
	s.See(text)
}

// program is the window, not started yet.
func (s *stage) program(more ...string) *exec.Cmd {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	args := []string{"--home", s.home, "--tpm", s.machine.Spec()}
	if s.server != nil {
		args = append(args, "--ca", s.server.CAFile)
	}
	cmd := exec.Command(self, append(args, more...)...)
	cmd.Env = s.Env(asProgram + "=1")
	cmd.Stderr = os.Stderr
	return cmd
}

// cached has the command line client make a cache, and leaves it offline.
func (s *stage) cached(user string) {
	s.t.Helper()
	cli := build(s.t, "tideover-cli")
	password := s.server.password(user)
	for _, step := range []struct {
		args  []string
		stdin string
	}{
		{[]string{"sign-in", "--server", s.server.URL, "--ca", s.server.CAFile, "--user", user, "--password-stdin"}, password + "\n"},
		{[]string{"cache", "--master-password-stdin"}, master + "\n"},
	} {
		cmd := exec.Command(cli, append(step.args, "--home", s.home, "--tpm", s.machine.Spec())...)
		cmd.Env = s.Env()
		cmd.Stdin = strings.NewReader(step.stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			s.t.Fatalf("tideover-cli %v: %v: %s", step.args, err, out)
		}
	}
}

// disconnect makes a cache and goes offline with it.
func (s *stage) disconnect() {
	s.t.Helper()
	s.Click("Disconnect/Cache")
	s.See("will be kept on this computer")
	s.See("two-factor sign-in")
	s.Key("Return")
	s.See("Choose a master password")
	s.Type(master)
	s.Key("Tab")
	s.Type(master)
	s.Key("Return")
	s.See("Working Offline")
}

// serve starts the demo, again at the same address after quit.
func (s *stage) serve() {
	s.t.Helper()
	if s.server == nil {
		s.server = newDemo(s.t)
	}
	s.server.start()
}

// signIn signs a user of the demo in at the login of a new client.
func (s *stage) signIn(user string) {
	s.t.Helper()
	s.See("Sign in to your password server")
	s.Type(s.server.URL)
	s.Key("Tab")
	s.Type(user)
	s.Key("Tab")
	s.Type(s.server.password(user))
	s.Key("Return")
}

// An empty place of the group tree, which every dialog darkens.
const groundX, groundY = 150, 600

// closed waits until no dialog is open.
func (s *stage) closed() {
	s.t.Helper()
	s.SeeColour(groundX, groundY, s.ground)
}

// entries waits for the list, with text in it.
func (s *stage) entries(text string) {
	s.t.Helper()
	s.See(text)
	s.ground = s.Colour(groundX, groundY)
}

// menu chooses from the main menu.
func (s *stage) menu(title, item string) {
	s.t.Helper()
	s.Click(title)
	s.Click(item)
}

// close ends the window as a person does and waits until it is gone.
func (s *stage) close() {
	s.t.Helper()
	s.Key("ctrl+q")
	<-s.ended
}

// demo is a server with invented entries.
type demo struct {
	ready

	t       *testing.T
	binary  string
	data    string
	process *exec.Cmd
}

// ready is the line that it prints.
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

func newDemo(t *testing.T) *demo {
	t.Helper()
	d := &demo{t: t, binary: build(t, "tideover-server"), data: filepath.Join(t.TempDir(), "data")}
	t.Cleanup(d.quit)
	return d
}

// build builds another program of ours, unless an earlier story did.
func build(t *testing.T, name string) string {
	t.Helper()
	programs.mu.Lock()
	defer programs.mu.Unlock()
	if programs.dir == "" {
		dir, err := os.MkdirTemp("", "tideover-")
		if err != nil {
			t.Fatal(err)
		}
		programs.dir, programs.here = dir, map[string]bool{}
	}
	path := filepath.Join(programs.dir, name)
	if programs.here[name] {
		return path
	}
	cmd := exec.Command("go", "build", "-o", path, "../"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v: %s", name, err, out)
	}
	programs.here[name] = true
	return path
}

func (d *demo) start() {
	d.t.Helper()
	listen := "127.0.0.1:0"
	if d.URL != "" {
		listen = strings.TrimPrefix(d.URL, "https://")
	}
	d.process = exec.Command(d.binary, "demo", "--data", d.data, "--listen", listen, "--entries", "30", "--json")
	var stderr bytes.Buffer
	d.process.Stderr = &stderr
	out, err := d.process.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.process.Start(); err != nil {
		d.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		_ = d.process.Wait() // to have all of its errors
		d.process = nil
		d.t.Fatalf("demo: %v: %s", err, stderr.Bytes())
	}
	if err := json.Unmarshal(line, &d.ready); err != nil {
		d.t.Fatal(err)
	}
}

// quit ends the server as an outage does; the data stays.
func (d *demo) quit() {
	if d.process == nil {
		return
	}
	_ = d.process.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = d.process.Wait()
	d.process = nil
}

func (d *demo) password(user string) string {
	d.t.Helper()
	for _, u := range d.Users {
		if u.Name == user {
			b, err := os.ReadFile(u.PasswordFile)
			if err != nil {
				d.t.Fatal(err)
			}
			return strings.TrimSuffix(string(b), "\n")
		}
	}
	d.t.Fatalf("the demo has no user %s", user)
	return ""
}
