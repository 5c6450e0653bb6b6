//go:build windows || darwin

package main

// hasDisplay is true: these systems have no other session for programs that
// people start.
func hasDisplay(func(string) string) bool { return true }
