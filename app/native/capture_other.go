//go:build !windows

package native

// ExcludeFromCapture returns ErrUnsupported: X11 and Wayland have no such
// thing, and NSWindow.sharingType needs cgo.
func ExcludeFromCapture(uintptr, bool) error { return ErrUnsupported }
