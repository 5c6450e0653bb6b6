package cache

import (
	"os"

	"golang.org/x/sys/windows"
)

// renameThrough renames and returns when that is on disk: Windows cannot sync
// a folder.
func renameThrough(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(f, t, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// syncDir does nothing; see renameThrough.
func syncDir(string) error { return nil }
