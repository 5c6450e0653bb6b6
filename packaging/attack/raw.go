//go:build linux && amd64

package main

import "unsafe"

// pointer is the address of a list for the kernel; 0 for an empty one.
func pointer(list []uint32) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(list)))
}
