package process

import "golang.org/x/sys/unix"

// Harden forbids core dumps of this process and attaching to it. Call it first
// in main. What the system refuses stays as it was: the program is no worse than
// without. It may be called again.
//
// It takes both: the limit does not hold where the kernel pipes dumps into a
// program, and the flag ends at exec (core(5), prctl(2)). Without the flag every
// program of the same user could read /proc/PID/mem.
func Harden() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // going down is always allowed
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)     // a sandbox may forbid it
}
