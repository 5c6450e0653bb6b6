package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tideover/tideover/tpm/tpmtest"
)

// world is one machine with its chip, one client state and one server, all
// with the programs as they ship.
type world struct {
	t              testing.TB
	bin, dir       string
	home, tpm      string
	url, pin, data string
	password       map[string]string
	stopServer     func()
}

// build compiles the programs without a window once for a test.
func build(t testing.TB) string {
	t.Helper()
	bin := t.TempDir()
	cmd := exec.Command("go", "build", "-o", bin+"/", module+"/cmd/tideover-cli", module+"/cmd/tideover-server")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// newWorld starts a chip and `tideover-server demo`.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, bin: build(t), dir: t.TempDir(), password: map[string]string{}}
	w.home, w.data = filepath.Join(w.dir, "home"), filepath.Join(w.dir, "data")
	w.tpm = tpmtest.Start(t).Spec()
	cmd := exec.Command(filepath.Join(w.bin, "tideover-server"), "demo", "--data", w.data, "--entries", "3", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	w.stopServer = func() {
		if stopped {
			return
		}
		stopped = true
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			t.Errorf("tideover-server demo: %v\n%s", err, log.Bytes())
		}
	}
	t.Cleanup(w.stopServer)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("tideover-server demo printed nothing: %s", log.Bytes())
	}
	var ready struct {
		URL   string
		Pin   string
		Users []struct {
			Name         string
			PasswordFile string `json:"password_file"`
		}
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	w.url, w.pin = ready.URL, ready.Pin
	for _, u := range ready.Users {
		b, err := os.ReadFile(u.PasswordFile)
		if err != nil {
			t.Fatal(err)
		}
		w.password[u.Name] = strings.TrimSpace(string(b))
	}
	return w
}

// run runs a program with lines on standard input and returns what it printed;
// another exit code than want fails the test.
func (w *world) run(want int, stdin []string, program string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command(filepath.Join(w.bin, program), args...)
	cmd.Env = append(os.Environ(), "TIDEOVER_HOME="+w.home, "TIDEOVER_TPM="+w.tpm)
	if len(stdin) > 0 {
		cmd.Stdin = strings.NewReader(strings.Join(stdin, "\n") + "\n")
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		w.t.Fatalf("%s %v: exit %d, want %d\n%s%s", program, args, got, want, out.Bytes(), errOut.Bytes())
	}
	return out.String()
}

func (w *world) cli(want int, stdin []string, args ...string) string {
	w.t.Helper()
	return w.run(want, stdin, "tideover-cli", args...)
}

func (w *world) server(args ...string) string {
	w.t.Helper()
	return w.run(0, nil, "tideover-server", append(args, "--data", w.data)...)
}

// newChipSpec starts another machine's chip.
func newChipSpec(t *testing.T) string {
	t.Helper()
	return tpmtest.Start(t).Spec()
}

func itoa(i int) string { return strconv.Itoa(i) }
