//go:build linux && amd64

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// ledWord, as first argument, makes this program the start of what the hand
// leads: it tells the kernel which calls the hand wants to see, and becomes the
// program. All other calls cost nothing then.
const ledWord = "work-led"

// Of seccomp(2) and bpf: what is loaded, compared and answered.
// (linux/seccomp.h, linux/bpf_common.h, linux/audit.h.)
const (
	prSetNoNewPrivs, prSetSeccomp = 38, 22
	modeFilter                    = 2
	bpfLoad, bpfEqual, bpfReturn  = 0x20, 0x15, 0x06
	answerTrace, answerAllow      = 0x7ff00000, 0x7fff0000
)

type (
	bpfStep struct {
		code   uint16
		yes    uint8
		no     uint8
		number uint32
	}
	bpfProgram struct {
		length uint16
		steps  *bpfStep
	}
)

// led becomes the program at path. A process that this one starts has the filter
// and no hand, so its watched calls fail: it is for programs that start none.
func led(order, path string, argv []string) error {
	var o handOrder
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		return err
	}
	steps := []bpfStep{{code: bpfLoad}} // the number of the call is the first word
	calls := o.watched()
	for i, n := range calls {
		steps = append(steps, bpfStep{bpfEqual, uint8(len(calls) - i), 0, n})
	}
	steps = append(steps, bpfStep{bpfReturn, 0, 0, answerAllow}, bpfStep{bpfReturn, 0, 0, answerTrace})
	program := bpfProgram{uint16(len(steps)), &steps[0]}
	runtime.LockOSThread() // what is set is this thread's, and what it becomes
	if _, _, e := syscall.RawSyscall6(sysPrctl, prSetNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		return fmt.Errorf("no new privileges: %w", e)
	}
	if _, _, e := syscall.RawSyscall(sysPrctl, prSetSeccomp, modeFilter, uintptr(unsafe.Pointer(&program))); e != 0 {
		return fmt.Errorf("filter calls: %w", e)
	}
	return syscall.Exec(path, argv, os.Environ())
}
