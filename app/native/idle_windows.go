package native

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

type winIdle struct{ lastInput, ticks *windows.LazyProc }

func openIdle() idleSource {
	return winIdle{
		lastInput: windows.NewLazySystemDLL("user32.dll").NewProc("GetLastInputInfo"),
		ticks:     windows.NewLazySystemDLL("kernel32.dll").NewProc("GetTickCount"),
	}
}

func (w winIdle) since() (time.Duration, error) {
	info := struct{ size, time uint32 }{size: 8} // LASTINPUTINFO
	if ok, _, err := w.lastInput.Call(uintptr(unsafe.Pointer(&info))); ok == 0 {
		return 0, fmt.Errorf("GetLastInputInfo: %w", err)
	}
	now, _, _ := w.ticks.Call()
	// Both count milliseconds in 32 bits and wrap after 49 days; so does this.
	return time.Duration(uint32(now)-info.time) * time.Millisecond, nil
}

func (winIdle) name() string { return "GetLastInputInfo" }
func (winIdle) close()       {}
