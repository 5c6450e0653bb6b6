//go:build linux || darwin

package convert

import (
	"runtime/debug"
	"syscall"
)

// legacyMemory is what the child may use in all. gokeepasslib holds the file,
// the XML and its structures at once: 1.3 GB for 100,000 entries, measured.
const legacyMemory = 3 << 30

// limitMemory makes the garbage collector work hard below the limit and the
// system refuse above it.
func limitMemory() {
	debug.SetMemoryLimit(legacyMemory / 2)
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: legacyMemory, Max: legacyMemory}) // a system that refuses still has the soft limit and the time limit
}
