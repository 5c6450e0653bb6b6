//go:build !linux

package start

// reachable reports whether there is a keychain at all: Windows and macOS have
// one in every session.
func reachable() bool { return true }
