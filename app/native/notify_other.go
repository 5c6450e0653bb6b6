//go:build !linux

package native

// notify leaves it to the toolkit.
func notify(Note) error { return ErrUnsupported }
