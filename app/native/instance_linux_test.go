package native_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tideover/tideover/app/native"
)

// The test binary is the other process: with this variable set it claims the
// home that the variable names, says how that went, and lives until its
// standard input ends.
const otherHome = "TIDEOVER_TEST_CLAIM"

func TestMain(m *testing.M) {
	home := os.Getenv(otherHome)
	if home == "" {
		os.Exit(m.Run())
	}
	i, err := native.Claim(context.Background(), home)
	switch {
	case errors.Is(err, native.ErrRunning):
		os.Stdout.WriteString("running\n")
		return
	case err != nil:
		os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("first\n")
	go func() {
		for range i.Shows() {
			os.Stdout.WriteString("show\n")
		}
	}()
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until the test ends
}

type other struct {
	cmd  *exec.Cmd
	said chan string
}

func claimElsewhere(t *testing.T, home string) *other {
	t.Helper()
	o := &other{cmd: exec.Command(os.Args[0]), said: make(chan string, 8)}
	o.cmd.Env = append(os.Environ(), otherHome+"="+home)
	if _, err := o.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.kill)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			o.said <- lines.Text()
		}
		close(o.said)
	}()
	return o
}

func (o *other) kill() {
	_ = o.cmd.Process.Signal(syscall.SIGKILL)
	_ = o.cmd.Wait() // killed: its error says only that
}

// homes are the places of the socket: the runtime folder, the home, and the
// temporary files when both are too long or missing.
func homes(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"plain": t.TempDir(), "long": filepath.Join(t.TempDir(), strings.Repeat("long/", 40))}
}

func TestSecondStartShowsTheFirst(t *testing.T) {
	for _, runtime := range []string{"with", "without"} {
		t.Setenv("XDG_RUNTIME_DIR", map[string]string{"with": runtimeDir(t), "without": ""}[runtime])
		for name, home := range homes(t) {
			t.Run(name+" home, "+runtime+" runtime folder", func(t *testing.T) {
				i, err := native.Claim(t.Context(), home)
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					o := claimElsewhere(t, home)
					if got := within(t, o.said, "the second process"); got != "running" {
						t.Fatalf("the second process says %q", got)
					}
					within(t, i.Shows(), "show")
				}
				if err := i.Close(); err != nil {
					t.Fatal(err)
				}
				o := claimElsewhere(t, home)
				if got := within(t, o.said, "a process after the end"); got != "first" {
					t.Errorf("after the end another says %q", got)
				}
			})
		}
	}
}

func TestCrashLeavesNothingInTheWay(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	home := t.TempDir()
	o := claimElsewhere(t, home)
	if got := within(t, o.said, "the first process"); got != "first" {
		t.Fatal(got)
	}
	if _, err := native.Claim(t.Context(), home); !errors.Is(err, native.ErrRunning) {
		t.Fatalf("while it runs: %v", err)
	}
	if got := within(t, o.said, "show"); got != "show" {
		t.Fatal(got)
	}
	o.kill()
	if _, err := os.Stat(filepath.Join(home, "window.sock")); err != nil {
		t.Fatalf("no stale socket, the test is worth nothing: %v", err)
	}
	i, err := native.Claim(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if got := within(t, claimElsewhere(t, home).said, "another"); got != "running" {
		t.Error(got)
	}
}

func TestHomesAreApart(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", runtimeDir(t))
	for range 2 {
		i, err := native.Claim(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer i.Close()
	}
}

func TestOneHomeByTwoNames(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	home, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(home, link); err != nil {
		t.Fatal(err)
	}
	i, err := native.Claim(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if _, err := native.Claim(t.Context(), link); !errors.Is(err, native.ErrRunning) {
		t.Errorf("by its other name: %v", err)
	}
}

func TestSocketIsPrivateAndHearsOneWord(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	home := t.TempDir()
	i, err := native.Claim(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	path := filepath.Join(home, "window.sock")
	if at, err := os.Stat(path); err != nil || at.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", at.Mode(), err)
	}
	for _, word := range []string{"quit\n", "showX", strings.Repeat("x", 1<<16), "s"} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(word)) // refused halfway when it is long
		_ = conn.(*net.UnixConn).CloseWrite()
		_ = conn.SetDeadline(time.Now().Add(patience))
		if n, err := conn.Read(make([]byte, 8)); n > 0 || err == nil {
			t.Errorf("%.8q is answered", word)
		}
		_ = conn.Close()
	}
	if len(i.Shows()) != 0 {
		t.Error("something was taken for a wish")
	}
	if _, err := native.Claim(t.Context(), home); !errors.Is(err, native.ErrRunning) {
		t.Errorf("afterwards: %v", err)
	}
}

func runtimeDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
