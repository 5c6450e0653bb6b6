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
	"syscall"
	"testing"

	"github.com/tideover/tideover/app/apptest"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/cache"
)

// asProgram in the environment makes the test's binary the window itself, race
// detector included; the least cost that a cache allows is all that differs from
// what ships.
const asProgram = "TIDEOVER_TEST_IS_THE_WINDOW"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:], cache.FloorCost()))
	}
	os.Exit(m.Run())
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
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	args := []string{"--home", s.home, "--tpm", s.machine.Spec()}
	if s.server != nil {
		args = append(args, "--ca", s.server.CAFile)
	}
	cmd := exec.Command(self, append(args, more...)...)
	cmd.Env = s.Env(asProgram+"=1", "LANG=en_US.UTF-8", "GORACE=halt_on_error=1 exitcode=66")
	cmd.Stderr = os.Stderr
	s.ended = s.Spawn(cmd)
	s.See(text)
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
	d := &demo{t: t, binary: filepath.Join(t.TempDir(), "tideover-server"), data: filepath.Join(t.TempDir(), "data")}
	build := exec.Command("go", "build", "-o", d.binary, "../tideover-server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v: %s", err, out)
	}
	t.Cleanup(d.quit)
	return d
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

// run gives the server's own command line a command on the demo's data.
func (d *demo) run(args ...string) string {
	d.t.Helper()
	out, err := exec.Command(d.binary, append(args, "--data", d.data)...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("tideover-server %v: %v: %s", args, err, out)
	}
	return string(out)
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
