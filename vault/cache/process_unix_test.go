//go:build unix

package cache_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// child is what another process of the same program is told to do.
type child struct {
	Dir, Chip string
	Now       time.Time
	NoGrowth  bool // no file may grow: a disk that is full
}

const childVar = "CACHE_TEST_CHILD"

// TestMain becomes the other process if it is told to.
func TestMain(m *testing.M) {
	if order := os.Getenv(childVar); order != "" {
		var c child
		err := json.Unmarshal([]byte(order), &c)
		if err == nil {
			err = c.run()
		}
		fmt.Println("done:", err)
		return
	}
	// What is synced here is synced thousands of times, and what a power cut leaves
	// of it is made by mortalDisk: no disk is needed for it.
	const shared = "/dev/shm" // of Linux (shm_overview(7))
	if info, err := os.Stat(shared); err == nil && info.IsDir() && os.Getenv("TMPDIR") == "" {
		if err := os.Setenv("TMPDIR", shared); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// run opens the cache, says so, and holds it until standard input ends.
func (c child) run() error {
	chip, err := tpm.Open(context.Background(), c.Chip)
	if err != nil {
		return err
	}
	defer func() { _ = chip.Close() }()
	s, err := cache.Open(cache.Options{Dir: c.Dir, Chip: chip, Now: func() time.Time { return c.Now }})
	if err != nil {
		return err
	}
	if c.NoGrowth {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{}); err != nil {
			return err
		}
		st, err := s.Status(context.Background())
		fmt.Println("status:", st.State, err)
	}
	o, err := s.Unlock(context.Background(), cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		return err
	}
	defer o.Close()
	fmt.Println("open")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// start runs another process; lines gives what it says.
func (c child) start(t *testing.T) (cmd *exec.Cmd, in io.WriteCloser, lines *bufio.Scanner) {
	t.Helper()
	order, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+string(order))
	cmd.Stderr = os.Stderr
	in, err = cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, in, bufio.NewScanner(out)
}

func TestTwoProcesses(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	other := child{Dir: w.dir, Chip: w.machine.Spec(), Now: w.now}
	busy := func() {
		t.Helper()
		if _, err := w.unlock(master); !errors.Is(err, vault.Busy) {
			t.Errorf("Unlock: %v", err)
		}
		if err := w.try(content("two"), nil); !errors.Is(err, vault.Busy) {
			t.Errorf("Prepare: %v", err)
		}
		if err := w.store().Clear(context.Background(), cache.ByUser); !errors.Is(err, vault.Busy) {
			t.Errorf("Clear: %v", err)
		}
		if _, err := w.store().Renew(context.Background(), "x"); !errors.Is(err, vault.Busy) {
			t.Errorf("Renew: %v", err)
		}
		if err := w.store().Sent(context.Background(), 1); !errors.Is(err, vault.Busy) {
			t.Errorf("Sent: %v", err)
		}
		if st := w.status(); st.State != cache.Usable || st.JournalEvents != 1 {
			t.Errorf("Status: %s, %d events", st.State, st.JournalEvents)
		}
		if events, err := w.store().Unsent(context.Background(), 10); err != nil || len(events) != 1 {
			t.Errorf("Unsent: %d events, %v", len(events), err)
		}
	}

	cmd, _, lines := other.start(t)
	if !lines.Scan() || lines.Text() != "open" {
		t.Fatalf("the other process says %q", lines.Text())
	}
	busy()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	w.opens("one")

	_, in, lines := other.start(t)
	if !lines.Scan() || lines.Text() != "open" {
		t.Fatalf("the other process says %q", lines.Text())
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || lines.Text() != "done: <nil>" {
		t.Fatalf("the other process says %q", lines.Text())
	}
	w.opens("one")
}

// TestFullDisk opens nothing where nothing can be recorded, and says why.
func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	_, _, lines := child{Dir: w.dir, Chip: w.machine.Spec(), Now: w.now, NoGrowth: true}.start(t)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	all := strings.Join(said, "\n")
	if !strings.Contains(all, "status: usable <nil>") || !strings.Contains(all, "done: read_only") || strings.Contains(all, "open\n") {
		t.Fatalf("the other process says\n%s", all)
	}
	w.opens("one")
}

// TestTwoStoresOfOneProcess are as foreign to each other as two processes.
func TestTwoStoresOfOneProcess(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	s := w.store()
	o, err := s.Unlock(context.Background(), cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.unlock(master); !errors.Is(err, vault.Busy) {
		t.Errorf("Unlock: %v", err)
	}
	if err := s.Close(); err == nil {
		t.Error("Close while something is open")
	}
	o.Close()
	o.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	w.opens("one")
}
