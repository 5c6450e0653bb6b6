package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/tideover/tideover/app/apptest"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// A cache opens on its own machine until it ends, and the window says which of
// the two is the matter. Without a cache nobody is offered to work with one.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, apptest.Options{})
	s.serve()
	s.cached("alice")
	s.server.quit()

	s.open("after this cache was made", "--tpm", tpmtest.Start(t).Spec())
	s.close()

	s.machine.AdvanceClock(8 * 24 * time.Hour)
	s.open("has ended")
	s.close()

	s.home = filepath.Join(t.TempDir(), "new")
	s.open("Sign in")
	s.Gone("Work Offline")
	s.close()
}

// The icon in the tray goes by the mode, and its menu has the verbs.
func TestTray(t *testing.T) {
	t.Parallel()
	s := newStage(t, apptest.Options{})
	tray := s.Tray()
	s.serve()
	s.open("Sign in")
	tray.SeeTooltip("Disconnected")
	grey := tray.IconColour()
	s.signIn("alice")
	s.entries("db-prod.example")
	tray.SeeTooltip("Online")
	green := tray.IconColour()
	s.disconnect()
	tray.SeeTooltip("Working Offline")
	blue := tray.IconColour()
	if grey == green || green == blue || blue == grey {
		t.Errorf("icons: %v, %v, %v", grey, green, blue)
	}
	for _, label := range []string{"Show", "Go Online", "Go Offline", "Lock", "Exit"} {
		tray.See(label)
	}
	tray.Click("Lock")
	s.See("Master password")

	// A second start shows the first one's window, and ends.
	s.Window("alice").Minimise()
	second := s.program()
	if code := s.Run(second).Exit(); code != 0 {
		t.Errorf("the second start ended with %d", code)
	}
	s.See("Master password")

	// So does a press on the icon.
	s.Window("alice").Minimise()
	tray.Activate()
	s.See("Master password")

	tray.Click("Exit")
	<-s.ended
	tray.Gone()
}
