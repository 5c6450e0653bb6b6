package locked

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// conceal does nothing: vault/process keeps the whole heap out of reports.
func conceal([]byte) {}

func expose([]byte) {}

// lock keeps pages out of the paging file; false: Windows refuses, beyond the
// process's minimum working set as a rule (VirtualLock).
func lock(p []byte) bool { return windows.VirtualLock(address(p), uintptr(len(p))) == nil }

func unlock(p []byte) { _ = windows.VirtualUnlock(address(p), uintptr(len(p))) } // the pages were locked: nothing can fail

func address(p []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p))) }
