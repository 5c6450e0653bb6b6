package process

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// werNoHeap keeps the heap out of error reports (werapi.h,
// WER_FAULT_REPORTING_FLAG_NOHEAP).
const werNoHeap = 1

// Harden keeps the memory of this process out of error reports, and ends it
// without one where Windows would ask. Call it first in main. What the system
// refuses stays as it was: the program is no worse than without. It may be
// called again. A dump that somebody takes with a tool is not prevented.
func Harden() {
	windows.SetErrorMode(windows.SetErrorMode(0) | windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX)
	kernel := windows.NewLazySystemDLL("kernel32.dll")
	get, set := kernel.NewProc("WerGetFlags"), kernel.NewProc("WerSetFlags")
	if get.Find() != nil || set.Find() != nil { // before Windows Vista
		return
	}
	var flags uint32
	_, _, _ = get.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&flags))) // 0 if it fails, as at the start
	_, _, _ = set.Call(uintptr(flags | werNoHeap))                                         // refused: as it was
}
