package present_test

import (
	"io/fs"
	"syscall"
	"testing"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
)

// Where the disk takes nothing, no server and no policy is to blame, and nobody is
// sent there.
func TestDiskThatTakesNothing(t *testing.T) {
	for _, tt := range []struct {
		why          error
		english, way string
	}{
		{syscall.ENOSPC, "The disk is full (open /home/x: no space left on device).", "Make room on the disk, then try again."},
		{syscall.EROFS, "The disk takes nothing (open /home/x: read-only file system).", "See that the folder belongs to you and can be written to, then try again."},
	} {
		err := vault.Fail(vault.ReadOnly, "%w", &fs.PathError{Op: "open", Path: "/home/x", Err: tt.why})
		got := present.Load("en").Explain(err)
		if got.Message != tt.english || got.Remedy != tt.way || got.Exit != 13 || got.ID != string(vault.ReadOnly) {
			t.Errorf("%v: %+v", tt.why, got)
		}
		if german := present.Load("de").Explain(err); german.Message == got.Message || german.Remedy == got.Remedy {
			t.Errorf("%v in German: %+v", tt.why, german)
		}
	}
}
