package start

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	ss "github.com/zalando/go-keyring/secret_service"
)

// patience is how long a keychain may take for one call. Nobody is asked
// anything, so it is only as slow as the computer.
const patience = 10 * time.Second

// reachable reports whether there is a session bus to ask the keychain on.
// Without one the library would start a bus and a keychain of its own, which
// outlive the program and know nothing of the user's.
func reachable() bool {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return address != "disabled:" // what the window says where there is none
	}
	// Where systemd and older logins put it; the library looks there, too.
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), name)); err == nil {
			return true
		}
	}
	return false
}

// unlocked returns nil if the keychain that the library uses can be read and
// written now without a person, errLocked if not, and else why it is not there.
func unlocked() error {
	service, err := ss.NewSecretService()
	if err != nil {
		return err
	}
	locked, err := service.GetLoginCollection().GetProperty("org.freedesktop.Secret.Collection.Locked")
	if err != nil {
		return err
	}
	if is, ok := locked.Value().(bool); !ok || is {
		return errLocked
	}
	return nil
}

// noChip reports whether the kernel knows of no TPM, neither by a device nor by
// a driver.
func noChip() bool {
	for _, pattern := range []string{"/dev/tpm*", "/sys/class/tpm/tpm*"} {
		if found, err := filepath.Glob(pattern); err != nil || len(found) > 0 {
			return false
		}
	}
	return true
}
