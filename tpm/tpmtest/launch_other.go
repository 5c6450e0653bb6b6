//go:build !linux

package tpmtest

import "os/exec"

// dieWithParent has no means here: a test that panics leaves its swtpm behind.
func dieWithParent(*exec.Cmd) {}
