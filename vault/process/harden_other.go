//go:build !linux && !darwin && !windows

package process

// Harden does nothing here: this system is none of those we know.
func Harden() {}
