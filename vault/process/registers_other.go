//go:build !linux

package process

// clearRegisters does nothing: what a signal leaves behind is known of Linux
// only.
func clearRegisters() {}
