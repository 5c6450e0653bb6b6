package start

import (
	"os"
	"path/filepath"
	"strconv"
)

// reachable reports whether there is a session bus to ask the keychain on.
// Without one the library would start a bus and a keychain of its own, which
// outlive the program and know nothing of the user's.
func reachable() bool {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	// Where systemd and older logins put it; the library looks there, too.
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), name)); err == nil {
			return true
		}
	}
	return false
}
