package tpmtest

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes cmd end when this process does, even by a panic.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
