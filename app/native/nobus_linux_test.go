package native_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/tideover/tideover/app/native"
)

// A library that connects to the session bus would start one where there is
// none; after StartNoBus it is told that it cannot.
func TestStartNoBus(t *testing.T) {
	// The library looks for the program that starts a bus in the path.
	folder := t.TempDir()
	trace := filepath.Join(folder, "started")
	launch := "#!/bin/sh\n: > " + trace + "\n"
	if err := os.WriteFile(filepath.Join(folder, "dbus-launch"), []byte(launch), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	t.Setenv("XDG_RUNTIME_DIR", folder)
	t.Setenv(sessionVariable, "")

	native.StartNoBus()
	if conn, err := dbus.SessionBusPrivate(); err == nil {
		_ = conn.Close() // the one of the person who runs this
	}
	if _, err := os.Stat(trace); err == nil {
		t.Error("a bus was started")
	}
}

// The bus that is there stays the one that is used.
func TestStartNoBusLeavesTheBus(t *testing.T) {
	address := bus(t, sessionVariable)
	native.StartNoBus()
	if got := os.Getenv(sessionVariable); got != address {
		t.Errorf("the bus is %q now, was %q", got, address)
	}
}
