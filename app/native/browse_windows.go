package native

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/windows"
)

// launch gives the address to the shell as what to open, with no arguments and
// no command line of ours.
func launch(address string) error { return shell("open", address) }

// showFolder explores, which a file cannot be.
func showFolder(path string) error { return shell("explore", path) }

func shell(verb, what string) error {
	v, err := windows.UTF16PtrFromString(verb)
	if err != nil {
		return err
	}
	w, err := windows.UTF16PtrFromString(what)
	if err != nil {
		return err
	}
	// Some handlers are COM objects of an apartment, which belongs to a thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if windows.CoInitializeEx(0, windows.COINIT_APARTMENTTHREADED|windows.COINIT_DISABLE_OLE1DDE) == nil {
		defer windows.CoUninitialize()
	}
	if err := windows.ShellExecute(0, v, w, nil, nil, windows.SW_SHOWNORMAL); err != nil {
		return fmt.Errorf("ShellExecute %s: %w", verb, err)
	}
	return nil
}
