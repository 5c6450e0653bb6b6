//go:build !unix && !windows

package locked

func conceal([]byte) {}

func expose([]byte) {}

// lock refuses: this system is none of those we know.
func lock([]byte) bool { return false }

func unlock([]byte) {}
