//go:build !linux

package start

import (
	"runtime"
	"time"
)

// patience is how long a keychain may take for one call: macOS may ask the
// person for its password.
const patience = 2 * time.Minute

// reachable reports whether there is a keychain at all: Windows and macOS have
// one in every session.
func reachable() bool { return true }

// unlocked returns nil: these keychains are unlocked with the session.
func unlocked() error { return nil }

// noChip reports whether there is surely no TPM. Windows does not tell a chip
// that is missing from one that is switched off, so the person has to say so
// (--tpm none); Macs have none.
func noChip() bool { return runtime.GOOS == "darwin" }
