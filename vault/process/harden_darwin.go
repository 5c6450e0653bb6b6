package process

import "golang.org/x/sys/unix"

// Harden forbids core dumps of this process and attaching to it. Call it first
// in main. What the system refuses stays as it was: the program is no worse than
// without. It may be called again.
func Harden() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // going down is always allowed
	_ = unix.PtraceDenyAttach()                          // ptrace(2), PT_DENY_ATTACH
}
