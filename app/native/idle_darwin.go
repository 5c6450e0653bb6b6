package native

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"time"
)

// ioreg reads HIDIdleTime of the I/O Registry, in nanoseconds: without cgo the
// only way to know.
type ioreg struct{}

func openIdle() idleSource { return ioreg{} }

func (ioreg) since() (time.Duration, error) {
	out, err := exec.Command("/usr/sbin/ioreg", "-c", "IOHIDSystem", "-d", "4").Output()
	if err != nil {
		return 0, fmt.Errorf("ioreg: %w", err)
	}
	_, after, found := bytes.Cut(out, []byte(`"HIDIdleTime" = `))
	digits, _, _ := bytes.Cut(after, []byte("\n"))
	ns, err := strconv.ParseInt(string(bytes.TrimSpace(digits)), 10, 64)
	if !found || err != nil {
		return 0, ErrUnsupported
	}
	return time.Duration(ns), nil
}

func (ioreg) name() string { return "IOHIDSystem" }
func (ioreg) close()       {}
