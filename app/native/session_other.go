//go:build !linux && !windows

package native

// listenSession hears nothing: distributed notifications and power events of
// macOS cannot be had without cgo.
func listenSession(*Session) ([]string, func()) { return nil, func() {} }
