package process

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// clearRegisters has every thread write its registers over those that an
// earlier signal found in it: a vector register holds 16 bytes of a secret or
// more while it is copied, and Go's scheduler interrupts threads by a signal,
// SIGURG, because a stray one does no harm (runtime/signal_unix.go, sigPreempt).
func clearRegisters() {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return // a sandbox without /proc
	}
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = unix.Tgkill(os.Getpid(), id, unix.SIGURG) // it may have ended
		}
	}
}
