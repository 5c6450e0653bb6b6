package native_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patience bounds every wait for another program; nothing waits for it to pass.
const patience = 20 * time.Second

// display starts an X server of its own and points DISPLAY at it.
func display(t *testing.T) {
	t.Helper()
	t.Setenv("DISPLAY", ":"+start(t, "xvfb", "Xvfb", "-displayfd", "3", "-screen", "0", "320x200x24", "-nolisten", "tcp"))
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("XDG_SESSION_TYPE", "x11")
}

// start runs a server that says on descriptor 3 when it can be used, and
// returns what it says. The server ends with the test.
func start(t *testing.T, apt, name string, args ...string) string {
	t.Helper()
	need(t, apt, name)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(name, args...)
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close() // the copy of the child stays
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its error says only that
	})
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("%s did not start: %v", name, err)
	}
	return strings.TrimSpace(line)
}

func need(t *testing.T, apt, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s", name, apt)
	}
	return path
}

// within returns the next value of a channel.
func within[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v, ok := <-from:
		if !ok {
			t.Fatalf("%s: the channel is closed", what)
		}
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing came", what)
	}
	panic("unreachable")
}

// xclip reads the clipboard as one target; ok is false when it is refused.
func xclip(t *testing.T, target string) (string, bool) {
	t.Helper()
	out, err := exec.Command(need(t, "xclip", "xclip"), "-selection", "clipboard", "-o", "-t", target).Output()
	return string(out), err == nil
}

// xclipIn starts an xclip that takes the clipboard and keeps it until the test
// ends; that it has it shows in the end of the copy before.
func xclipIn(t *testing.T, text string) {
	t.Helper()
	cmd := exec.Command(need(t, "xclip", "xclip"), "-selection", "clipboard", "-i", "-quiet")
	cmd.Stdin = strings.NewReader(text)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its error says only that
	})
	go func() { _, _ = io.Copy(io.Discard, said) }() // -quiet keeps it in the foreground, and it talks
}

func diff(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
