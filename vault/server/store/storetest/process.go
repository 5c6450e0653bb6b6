package storetest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/tideover/tideover/vault/server/store"
)

// helperVariable tells the test binary, started by itself, what to do.
const (
	helperVariable = "STORETEST_HELPER"
	targetVariable = "STORETEST_TARGET"
)

// Helper must be called first in TestMain of a package that runs the suite: the
// suite starts the test binary again as a second process. It returns false in
// the test itself.
func Helper(open func(ctx context.Context, target string) (store.Store, error)) bool {
	job := os.Getenv(helperVariable)
	if job == "" {
		return false
	}
	if err := help(job, open); err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		os.Exit(1)
	}
	return true
}

// help writes in a transaction, says "inside", and waits for its standard input
// to end; then it commits.
func help(job string, open func(context.Context, string) (store.Store, error)) error {
	ctx := context.Background()
	s, err := open(ctx, os.Getenv(targetVariable))
	if err != nil {
		return err
	}
	err = s.Update(ctx, func(tx store.Tx) error {
		if err := tx.AddUser(ctx, newUser(job)); err != nil {
			return err
		}
		if job == "crash" {
			if err := writeMuch(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := fmt.Println("inside"); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
	return errors.Join(err, s.Close())
}

// writeMuch writes more than any cache holds, so that part of it is on the disk.
func writeMuch(ctx context.Context, tx store.Tx) error {
	root, err := tx.RootFolder(ctx)
	if err != nil {
		return err
	}
	rows := make([]store.Entry, 9_000)
	for i := range rows {
		rows[i] = newEntry(root.ID)
		rows[i].Content.Data = make([]byte, 2000)
		_, _ = rand.Read(rows[i].Content.Data) // never fails (Go 1.24)
	}
	if err := tx.AddEntries(ctx, rows); err != nil {
		return err
	}
	_, err = tx.AppendAudit(ctx, store.AuditEvent{At: at(0), Action: "crash"})
	return err
}

// helper is the second process, inside its transaction.
type helper struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer
}

func startHelper(t *testing.T, job, target string) *helper {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := &helper{cmd: exec.Command(self)}
	h.cmd.Env = append(os.Environ(), helperVariable+"="+job, targetVariable+"="+target)
	h.cmd.Stderr = &h.stderr
	if h.stdin, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if h.cmd.ProcessState == nil { // the test failed meanwhile
			_, _ = h.cmd.Process.Kill(), h.cmd.Wait() // its end is all that matters
		}
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "inside\n" {
		t.Fatalf("second process: %q, %v\n%s", line, err, &h.stderr)
	}
	return h
}

// testCrash kills a process in the middle of a transaction. (It needs Helper.)
func testCrash(t *testing.T, g Target) {
	ctx := t.Context()
	target := g.Fresh(t)
	s := g.openAt(t, target)
	b := newBase(t, s)
	update(t, s, func(tx store.Tx) error {
		_, err := tx.AppendAudit(ctx, store.AuditEvent{At: at(0), Action: "before"})
		return err
	})
	before, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h := startHelper(t, "crash", target)
	if err := h.cmd.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := h.cmd.Wait(); !errors.As(err, &exit) {
		t.Fatalf("second process: %v", err)
	}
	counts := store.Counts{Users: 1, Folders: 1, Entries: 1, Devices: 1, AuditEvents: 1}
	// The store that was open all the time, and one that is opened afterwards.
	for _, s := range []store.Store{s, g.openAt(t, target)} {
		after, err := s.Revision(ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "revision", after, before)
		same(t, "counts", read(t, s, func(r store.Reader) (store.Counts, error) { return r.Counts(ctx) }), counts)
		update(t, s, func(tx store.Tx) error {
			if err := tx.AddEntries(ctx, []store.Entry{newEntry(b.root.ID)}); err != nil {
				return err
			}
			_, err := tx.AppendAudit(ctx, store.AuditEvent{At: at(1), Action: "after"})
			return err
		})
		verifyChain(t, s)
		before.Rev++
		before.Audit++
		counts.Entries++
		counts.AuditEvents++
	}
}

// testTwoProcesses writes from two processes at once, as the command line does
// while the server runs.
func testTwoProcesses(t *testing.T, g Target) {
	ctx := t.Context()
	target := g.Fresh(t)
	s := g.openAt(t, target)
	newBase(t, s)
	before, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h := startHelper(t, "second", target)
	same(t, "users while the other is inside", read(t, s, func(r store.Reader) (store.Counts, error) {
		return r.Counts(ctx)
	}).Users, 1)
	started, written := make(chan struct{}), make(chan error)
	go func() {
		close(started)
		written <- s.Update(ctx, func(tx store.Tx) error { return tx.AddUser(ctx, newUser("first")) })
	}()
	<-started
	if err := h.stdin.Close(); err != nil { // lets it commit
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Errorf("write while the other process writes: %v", err)
	}
	if err := h.cmd.Wait(); err != nil {
		t.Fatalf("second process: %v\n%s", err, &h.stderr)
	}
	after, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "steps of Perm", after.Perm-before.Perm, 2)
	for _, name := range []string{"first", "second"} {
		read(t, s, func(r store.Reader) (store.User, error) { return r.UserByName(ctx, name) })
	}
}
