//go:build linux && amd64

package main

import (
	"syscall"
	"unsafe"
)

// pointer is the address of a list for the kernel; 0 for an empty one.
func pointer(list []uint32) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(list)))
}

// sysProcessVMReadv reads another process's memory. (arch/x86/entry/syscalls.)
const sysProcessVMReadv = 310

// readMemory asks the kernel for a byte of a process's memory, where a Go
// program's text is. EPERM: it has no right; what else it says comes after that.
func readMemory(pid int) syscall.Errno {
	type vector struct{ base, length uintptr }
	var b [1]byte
	here, there := vector{uintptr(unsafe.Pointer(&b)), 1}, vector{0x401000, 1}
	_, _, e := syscall.Syscall6(sysProcessVMReadv, uintptr(pid), uintptr(unsafe.Pointer(&here)), 1, uintptr(unsafe.Pointer(&there)), 1, 0)
	return e
}
