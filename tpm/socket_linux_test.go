package tpm_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
)

// When more programs wait than the chip's socket has room for, Linux answers
// EAGAIN at once: that is a busy chip, not a missing one.
func TestFullQueue(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "tpm")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	for {
		conn, err := net.Dial("unix", path)
		if errors.Is(err, syscall.EAGAIN) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = tpm.Open(ctx, "unix:"+path)
	wants(t, "open", err, binding.ErrBusy)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error does not name the deadline: %v", err)
	}
}
