package native

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// ExcludeFromCapture keeps a window out of screenshots, recordings and shared
// screens, or lets it in again. window is its HWND, of this process. Before
// Windows 10 2004, which cannot leave it out, it is captured as a black area.
func ExcludeFromCapture(window uintptr, exclude bool) error {
	const none, monitor, leaveOut = 0x00, 0x01, 0x11 // WDA_NONE, WDA_MONITOR, WDA_EXCLUDEFROMCAPTURE
	set := windows.NewLazySystemDLL("user32.dll").NewProc("SetWindowDisplayAffinity")
	tries := []uintptr{none}
	if exclude {
		tries = []uintptr{leaveOut, monitor}
	}
	var err error
	for _, affinity := range tries {
		ok, _, e := set.Call(window, affinity)
		if ok != 0 {
			return nil
		}
		err = fmt.Errorf("SetWindowDisplayAffinity: %w", e)
	}
	return err
}
