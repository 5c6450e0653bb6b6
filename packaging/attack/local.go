//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// nobody is the user without rights.
const nobody = 65534

// asNobody runs f with the rights of nobody, on this thread alone: the raw
// calls change one thread, and f starts no other.
func asNobody(f func() error) error {
	if os.Getuid() != 0 {
		return errors.New("only root can be another user")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const keep = ^uintptr(0)
	groups, err := syscall.Getgroups()
	if err != nil {
		return err
	}
	steps := func(gid, uid uintptr, list []uint32) error {
		set := func(n, a, b, c uintptr) error {
			if _, _, e := syscall.RawSyscall(n, a, b, c); e != 0 {
				return e
			}
			return nil
		}
		groups := func() error { return set(syscall.SYS_SETGROUPS, uintptr(len(list)), pointer(list), 0) }
		if uid == 0 { // first the right to do the rest
			return errors.Join(set(syscall.SYS_SETRESUID, keep, uid, keep), groups(), set(syscall.SYS_SETRESGID, keep, gid, keep))
		}
		return errors.Join(groups(), set(syscall.SYS_SETRESGID, keep, gid, keep), set(syscall.SYS_SETRESUID, keep, uid, keep))
	}
	var before []uint32
	for _, g := range groups {
		before = append(before, uint32(g))
	}
	if err := steps(nobody, nobody, nil); err != nil {
		return err
	}
	return errors.Join(f(), steps(0, 0, before))
}

func localUser(ctx context.Context, s *stage, r *row) (err error) {
	// The working folder lets others in, as /home/user does on many systems.
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	c := s.site.client("local", "mara")
	c.program = filepath.Join(s.bin, "tideover-cli") // hardened, which the tests' build is not
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	shell, err := openShell(ctx, c, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shell.end()) }()
	if err := arguments(r, shell.pid()); err != nil {
		return err
	}
	files, err := modes(r, c.home, s.site.data)
	if err != nil {
		return err
	}
	if os.Getuid() != 0 {
		// Another program of the same user is the worse neighbour.
		peek(r, shell.pid(), "another program of the user")
		peek(r, s.site.server.PID(), "another program of the user, in the server")
		r.note("modes were looked at; to be another user needs root")
		return nil
	}
	probe := s.file("readable") // the control: what may be read is read
	if err := os.WriteFile(probe, []byte("x"), 0o644); err != nil {
		return err
	}
	if err := asNobody(func() error {
		if _, err := os.ReadFile(probe); err != nil {
			return fmt.Errorf("control: nobody reads nothing at all: %w", err)
		}
		for _, path := range files {
			breach := ""
			if f, err := os.Open(path); err == nil {
				if n, _ := f.Read(make([]byte, 1)); n > 0 && !public(path) {
					breach = "nobody reads " + path
				}
				_ = f.Close() // only read
			}
			r.try("", breach)
		}
		peek(r, shell.pid(), "nobody")
		peek(r, s.site.server.PID(), "nobody, in the server")
		breach := ""
		if conn, err := net.Dial("unix", strings.TrimPrefix(c.spec, "unix:")); err == nil {
			breach = "nobody talks to the chip's socket"
			_ = conn.Close() // nothing was said
		}
		r.try("", breach)
		return nil
	}); err != nil {
		return err
	}
	return sameUser(ctx, s, c, r)
}

// sameUser lets an ordinary user's own programs look into the client.
func sameUser(ctx context.Context, s *stage, c client, r *row) (err error) {
	theirs, err := c.copied(s.file("local-theirs"))
	if err != nil {
		return err
	}
	chip, err := newRelay(s.file("local-bus"), s.chip)
	if err != nil {
		return err
	}
	theirs.spec, theirs.program = chip.spec(), s.file("local-cli")
	b, err := os.ReadFile(c.program)
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(theirs.program, b, 0o755), os.Chmod(s.file("local-bus"), 0o777), filepath.WalkDir(theirs.home, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, nobody, nobody))
	})); err != nil {
		return err
	}
	shell, err := openShell(ctx, theirs, nobody)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shell.end(), chip.listener.Close()) }()
	// The control: a program that is not hardened lets its user in.
	open := exec.CommandContext(ctx, "cat")
	open.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	wait, err := open.StdinPipe()
	if err != nil {
		return err
	}
	said, err := open.StdoutPipe()
	if err != nil {
		return err
	}
	if err := open.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, wait.Close(), open.Wait()) }()
	if _, err := wait.Write([]byte("x")); err != nil { // so that it is cat already
		return err
	}
	if _, err := said.Read(make([]byte, 1)); err != nil {
		return err
	}
	return asNobody(func() error {
		f, err := os.Open(fmt.Sprintf("/proc/%d/mem", open.Process.Pid))
		if err != nil {
			return fmt.Errorf("control: a user does not see into his own programs: %w", err)
		}
		_ = f.Close() // only opened
		peek(r, shell.pid(), "another program of the user")
		return nil
	})
}

// public reports a file that is for everybody: certificates, and the signed
// list of those who left.
func public(path string) bool {
	return filepath.Ext(path) == ".pem" || filepath.Base(path) == "revoked.jws"
}
