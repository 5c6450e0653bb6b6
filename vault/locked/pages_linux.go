package locked

import "golang.org/x/sys/unix"

// conceal keeps pages out of core dumps (madvise(2), since Linux 3.4).
func conceal(p []byte) { _ = unix.Madvise(p, unix.MADV_DONTDUMP) } // there may be none anyway

// expose is the opposite: the pages are the heap's again.
func expose(p []byte) { _ = unix.Madvise(p, unix.MADV_DODUMP) } // a dump with too little is no harm

// lock keeps pages out of swap; false: the system refuses, for RLIMIT_MEMLOCK
// as a rule (mlock(2)).
func lock(p []byte) bool { return unix.Mlock(p) == nil }

func unlock(p []byte) { _ = unix.Munlock(p) } // the pages were locked: nothing can fail
