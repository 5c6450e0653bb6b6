package audit_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
)

// TestJournalSentUnsynced: the shorter journal is in place, and its folder
// cannot be synced. What was appended then lay where the longer one had ended:
// the next reader found an edited journal, and set all of it aside.
func TestJournalSentUnsynced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	j := open(t, path)
	appendN(t, j, 3)
	if err := os.Chmod(dir, 0o300); err != nil { // names can be changed, and the folder not be opened to sync it
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := unprivileged(); err != nil {
			t.Error(err)
		} else if err := j.Sent(2); !errors.Is(err, vault.ReadOnly) {
			t.Errorf("Sent: %v", err)
		}
	}()
	<-done
	if _, err := j.Append(audit.Event{At: noon, Type: audit.Reveal, Entry: entry}); !errors.Is(err, vault.ReadOnly) {
		t.Errorf("Append to a journal that may be lost: %v", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := audit.ReadJournal(path)
	if err != nil || len(c.Events) != 1 || c.Base.Seq != 2 {
		t.Errorf("on disk: %d events after %d, %v", len(c.Events), c.Base.Seq, err)
	}
}

// unprivileged takes root's rights from the thread of the calling goroutine,
// with which it ends: nothing else ever runs on it.
func unprivileged() error {
	runtime.LockOSThread()
	if os.Getuid() != 0 {
		return nil
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&head, &none[0])
}
