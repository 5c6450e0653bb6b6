package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
)

func open(t *testing.T, path string) *audit.Journal {
	t.Helper()
	j, err := audit.OpenJournal(path, device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func appendN(t *testing.T, j *audit.Journal, n int) {
	t.Helper()
	for i := range n {
		if _, err := j.Append(audit.Event{At: noon, Type: audit.Reveal, Entry: entry, Detail: fmt.Sprint(i), Generation: 3}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestJournalResumes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	var want []audit.Event
	for round := range 3 {
		j := open(t, path)
		if diff := cmp.Diff(want, j.Unsent(100)); diff != "" && round > 0 {
			t.Fatalf("round %d (-want +got):\n%s", round, diff)
		}
		appendN(t, j, 4)
		want = j.Unsent(100)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(want) != 12 {
		t.Fatalf("%d events, want 12", len(want))
	}
	if _, err := audit.Verify(audit.NewHead(device), want); err != nil {
		t.Fatal(err)
	}
}

func TestJournalIsOnDiskWhenAppendReturns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	for i := range 5 {
		appendN(t, j, 1)
		c, err := audit.ReadJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Events) != i+1 {
			t.Fatalf("%d events on disk after %d", len(c.Events), i+1)
		}
	}
}

// TestJournalTornRecord cuts the last record at every length, with and without
// the allocated space behind it, as a power cut may.
func TestJournalTornRecord(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	j := open(t, path)
	appendN(t, j, 2)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	appendN(t, j, 1)
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	start, end := firstDifference(before, after), lastDifference(before, after)
	for cut := start; cut < end; cut++ {
		for _, tail := range [][]byte{nil, make([]byte, len(after)-cut)} {
			torn := append(bytes.Clone(after[:cut]), tail...)
			if c, err := audit.ParseJournal(torn); err != nil || len(c.Events) != 2 {
				t.Fatalf("cut at %d of %d: %d events, %v", cut, end, len(c.Events), err)
			}
			if cut%16 != 0 {
				continue // writing takes its time
			}
			if err := os.WriteFile(path, torn, 0o600); err != nil {
				t.Fatal(err)
			}
			j, err := audit.OpenJournal(path, device)
			if err != nil {
				t.Fatalf("cut at %d of %d: %v", cut, end, err)
			}
			if got := len(j.Unsent(100)); got != 2 {
				t.Fatalf("cut at %d: %d events, want 2", cut, got)
			}
			appendN(t, j, 1)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			c, err := audit.ReadJournal(path)
			if err != nil || len(c.Events) != 3 {
				t.Fatalf("cut at %d, appended: %d events, %v", cut, len(c.Events), err)
			}
		}
	}
}

// TestJournalTornPage leaves the second half of a record without the first, as
// a disk may that writes pages in its own order.
func TestJournalTornPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	appendN(t, j, 2)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	appendN(t, j, 1)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	start, end := firstDifference(before, b), lastDifference(before, b)
	clear(b[start-1 : (start+end)/2])
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	appendN(t, again, 1)
	if c, err := audit.ReadJournal(path); err != nil || len(c.Events) != 3 {
		t.Fatalf("%d events, %v", len(c.Events), err)
	}
}

func firstDifference(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

func lastDifference(a, b []byte) int {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] != b[i] {
			return i + 1
		}
	}
	return 0
}

// TestJournalEdited flips every byte of a journal but those of its last
// record, which looks like a torn one.
func TestJournalEdited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	appendN(t, j, 6)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := len(bytes.TrimRight(b, "\x00"))
	record := (used - 96) / 6
	for i := range used - 3*record { // a torn record may be as long as the longest: about two of these
		bad := bytes.Clone(b)
		bad[i] ^= 0x40
		_, err := audit.ParseJournal(bad)
		if !errors.Is(err, vault.Damaged) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	for i := used - 3*record; i < len(b); i += 1 + i/used*500 { // the empty space now and then
		bad := bytes.Clone(b)
		bad[i] ^= 0x40
		if c, err := audit.ParseJournal(bad); err == nil && len(c.Events) > 6 {
			t.Fatalf("byte %d flipped: %d events", i, len(c.Events))
		}
	}
}

func TestJournalOfAnotherDevice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	appendN(t, open(t, path), 1)
	if _, err := audit.OpenJournal(path, vault.ID{5}); !errors.Is(err, vault.Damaged) {
		t.Fatalf("got %v, want damaged", err)
	}
}

func TestJournalSent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	appendN(t, j, 5)
	all := j.Unsent(100)
	if err := j.Sent(3); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all[3:], j.Unsent(100)); diff != "" {
		t.Errorf("after Sent (-want +got):\n%s", diff)
	}
	appendN(t, j, 1)
	if got := j.Unsent(1); len(got) != 1 || got[0].Seq != 4 {
		t.Errorf("Unsent(1) = %v", got)
	}
	if err := j.Sent(2); err != nil {
		t.Errorf("Sent of what is gone: %v", err)
	}
	if err := j.Sent(7); err == nil {
		t.Error("Sent of what never was: no error")
	}
	if err := j.Sent(6); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if got := again.Unsent(100); len(got) != 0 {
		t.Errorf("%d events left", len(got))
	}
	appendN(t, again, 1)
	got := again.Unsent(1)
	head := audit.Head{Seq: all[4].Seq, Hash: all[4].Hash}
	if _, err := audit.Verify(head, got); err == nil {
		t.Error("event 7 follows event 5")
	}
	if got[0].Seq != 7 {
		t.Errorf("the chain goes on with %d, want 7", got[0].Seq)
	}
}

func TestJournalGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", audit.MaxDetailBytes)
	for range 150 { // more than half of what is allocated first
		if _, err := j.Append(audit.Event{At: noon, Type: audit.Reveal, Detail: long}); err != nil {
			t.Fatal(err)
		}
	}
	after, err := os.Stat(path)
	if err != nil || after.Size() <= before.Size() {
		t.Errorf("%d bytes after %d, %v", after.Size(), before.Size(), err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(open(t, path).Unsent(1000)); got != 150 {
		t.Fatalf("%d events, want 150", got)
	}
}

func TestJournalConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				if _, err := j.Append(audit.Event{At: noon, Type: audit.Copy}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if c, err := audit.ReadJournal(path); err != nil || len(c.Events) != 40 {
		t.Fatalf("%d events, %v", len(c.Events), err)
	}
}

func TestJournalClosed(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "journal"))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(audit.Event{At: noon, Type: audit.Copy}); err == nil {
		t.Fatal("Append to a closed journal")
	}
}

func TestJournalWhereNothingCanBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := audit.OpenJournal(filepath.Join(file, "journal"), device)
	if !errors.Is(err, vault.ReadOnly) {
		t.Fatalf("got %v, want read_only", err)
	}
}
