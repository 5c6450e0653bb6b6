package apptest

import (
	"image"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestWindow(t *testing.T) {
	s := Start(t, Options{Width: 640, Height: 480})
	sheet := filepath.Join(t.TempDir(), "sheet.png")
	s.Picture(sheet)
	p := s.Run(exec.Command("display", "-title", "Low water", "-resize", "200x100!", sheet))
	w := s.Window("Low water")
	w.Activate()
	w.Resize(300, 200)
	if got := w.Place().Size(); got != image.Pt(300, 200) {
		t.Errorf("resized to %v", got)
	}
	w.Maximise()
	if got := w.Place().Size(); got.X < 630 {
		t.Errorf("maximised to %v", got)
	}
	w.Restore()
	w.Minimise()
	w.Activate()
	if w.Minimised() {
		t.Error("in front, and minimised")
	}
	w.Close()
	w.Gone()
	if got := s.Windows(); len(got) != 0 {
		t.Errorf("windows: %q", got)
	}
	if code := p.Exit(); code != 0 {
		t.Errorf("exit code %d: %s", code, p.Said())
	}
}

func TestRunTellsHowAProgramEnded(t *testing.T) {
	s := Start(t, Options{Width: 64, Height: 48})
	p := s.Run(exec.Command("sh", "-c", "echo one; echo two >&2; exit 3"))
	if code, said := p.Exit(), p.Said(); code != 3 || said != "one\ntwo\n" {
		t.Errorf("got %d, %q", code, said)
	}
}
