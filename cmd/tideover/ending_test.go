package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tideover/tideover/app/apptest"
)

// Whoever logs out of the desktop ends the window by a signal, and it ends as by
// its own command: what it knows of its looks is kept, and the home is free for
// the next start. The toolkit would end at once, or never.
func TestEndsBySignal(t *testing.T) {
	t.Parallel()
	s := newStage(t, apptest.Options{})
	for width := 820; width <= 1100; width += 140 {
		cmd := s.program()
		ended := s.Spawn(cmd)
		s.See("Sign in")
		s.Window("Tideover").Resize(width, 640)
		s.Gone("Starting") // it is drawn in its new size
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-ended
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		b, err := os.ReadFile(filepath.Join(s.home, "window.json"))
		var kept struct{ Width int }
		if err != nil || json.Unmarshal(b, &kept) != nil || kept.Width != width {
			t.Errorf("kept %s, %v; the window was %d wide", b, err, width)
		}
	}
}
