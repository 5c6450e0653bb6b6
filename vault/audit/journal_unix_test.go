//go:build unix

package audit_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tideover/tideover/vault/audit"
)

// TestJournalOnFullDisk runs itself in a process that may not let files grow.
// Events go on into the space allocated before; then Append refuses.
func TestJournalOnFullDisk(t *testing.T) {
	if path := os.Getenv("AUDIT_TEST_FULL"); path != "" {
		fillUp(path)
		return
	}
	path := filepath.Join(t.TempDir(), "journal")
	appendN(t, open(t, path), 1)
	cmd := exec.Command(os.Args[0], "-test.run=^TestJournalOnFullDisk$")
	cmd.Env = append(os.Environ(), "AUDIT_TEST_FULL="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	n := strings.Count(string(out), "appended\n")
	if n < 100 || !strings.Contains(string(out), "read_only") {
		t.Fatalf("appended %d:\n%s", n, out)
	}
	if got := len(open(t, path).Unsent(10000)); got != n+1 {
		t.Errorf("%d events on disk, %d were confirmed", got, n+1)
	}
}

// fillUp appends until that fails, where no file can grow.
func fillUp(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	info, err := os.Stat(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	limit := syscall.Rlimit{Cur: uint64(info.Size()), Max: uint64(info.Size())}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println(err)
		return
	}
	j, err := audit.OpenJournal(path, device)
	for err == nil {
		if _, err = j.Append(audit.Event{At: noon, Type: audit.Reveal, Entry: entry}); err == nil {
			fmt.Println("appended")
		}
	}
	fmt.Println(err)
}
