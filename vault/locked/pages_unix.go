//go:build unix && !linux

package locked

import "golang.org/x/sys/unix"

// conceal does nothing: only Linux lets a page be left out of dumps.
func conceal([]byte) {}

func expose([]byte) {}

// lock keeps pages out of swap; false: the system refuses (mlock(2)).
func lock(p []byte) bool { return unix.Mlock(p) == nil }

func unlock(p []byte) { _ = unix.Munlock(p) } // the pages were locked: nothing can fail
