//go:build !linux

package native

// StartNoBus does nothing: there are no session buses here.
func StartNoBus() {}
