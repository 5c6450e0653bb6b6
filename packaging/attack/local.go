//go:build linux && amd64

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
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
	shell := exec.CommandContext(ctx, c.program, "shell", "--master-password-stdin")
	shell.Env = c.environment()
	in, err := shell.StdinPipe()
	if err != nil {
		return err
	}
	out, err := shell.StdoutPipe()
	if err != nil {
		return err
	}
	if err := shell.Start(); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, in.Close())
		_, _ = io.Copy(io.Discard, out) // what it still says
		err = errors.Join(err, shell.Wait())
	}()
	if _, err := fmt.Fprintf(in, "%s\nshow %s --field Password\n", master, plantedPath); err != nil {
		return err
	}
	for lines := bufio.NewScanner(out); ; {
		if !lines.Scan() {
			return fmt.Errorf("control: the shell shows nothing: %w", lines.Err())
		}
		if strings.Contains(lines.Text(), planted) {
			break
		}
	}
	proc := fmt.Sprintf("/proc/%d/", shell.Process.Pid)
	// Everybody may see arguments; nobody's secrets are there. The environment
	// is its owner's.
	for _, name := range []string{"cmdline", "environ", "comm", "status"} {
		b, err := os.ReadFile(proc + name)
		if err != nil && os.Getuid() == 0 {
			return err
		}
		breach := ""
		for _, secret := range []string{planted, master, account} {
			if bytes.Contains(b, []byte(secret)) {
				breach = name + " has a secret"
			}
		}
		r.try("", breach)
	}
	// The owner's files are for the owner, whoever asks.
	var files []string
	for _, dir := range []string{c.home, s.site.data} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if !d.IsDir() {
				files = append(files, path)
			}
			breach := ""
			if info.Mode().Perm()&0o077 != 0 && !public(path) {
				breach = fmt.Sprintf("%s has mode %v", path, info.Mode().Perm())
			}
			r.try("", breach)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if os.Getuid() != 0 {
		r.note("modes were looked at; to be another user needs root")
		return nil
	}
	probe := s.file("readable") // the control: what may be read is read
	if err := os.WriteFile(probe, []byte("x"), 0o644); err != nil {
		return err
	}
	return asNobody(func() error {
		if _, err := os.ReadFile(probe); err != nil {
			return fmt.Errorf("control: nobody reads nothing at all: %w", err)
		}
		for _, path := range append(files, proc+"mem", proc+"environ", proc+"maps") {
			breach := ""
			if f, err := os.Open(path); err == nil {
				if n, _ := f.Read(make([]byte, 1)); (n > 0 || strings.HasSuffix(path, "mem")) && !public(path) {
					breach = "nobody reads " + path
				}
				_ = f.Close() // only read
			}
			r.try("", breach)
		}
		breach := ""
		if conn, err := net.Dial("unix", strings.TrimPrefix(c.spec, "unix:")); err == nil {
			breach = "nobody talks to the chip's socket"
			_ = conn.Close() // nothing was said
		}
		r.try("", breach)
		return nil
	})
}

// public reports a file that is for everybody: certificates, and the signed
// list of those who left.
func public(path string) bool {
	return filepath.Ext(path) == ".pem" || filepath.Base(path) == "revoked.jws"
}

// insider does what no cache can forbid somebody who may read: take it along.
func insider(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("insider", "mara")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	a, err := c.do(ctx, c.show())
	if err != nil || !a.shows(planted) {
		return fmt.Errorf("control: the cache does not open: %s %w", a.stderr, err)
	}
	e := &vault.Entry{ID: vault.NewID()}
	e.Set(vault.FieldTitle, vault.SecretText("Crane"), false)
	e.Set(vault.FieldPassword, vault.SecretText(planted), true)
	doc := kdbx.NewDocument(&vault.Group{ID: vault.NewID(), Name: "mine", Entries: []*vault.Entry{e}})
	opt := kdbx.DefaultOptions()
	opt.KDF = kdbx.KDFParams{Kind: kdbx.Argon2id, MemoryBytes: 16 << 20, Iterations: 2, Parallelism: 1}
	key := kdbx.CompositeKey([]byte("a password of his own"), nil)
	var file bytes.Buffer
	if err := kdbx.Write(ctx, &file, doc, key, opt); err != nil {
		return err
	}
	// On any machine, without a chip, at any time.
	again, _, err := kdbx.Read(ctx, &file, key, kdbx.DefaultLimits())
	if err != nil {
		return err
	}
	if len(again.Root.Entries) == 1 {
		r.try("", "his copy opens without chip and lease")
	}
	// What is left of it: the journal has the reveal, and it reaches the server.
	if _, err := c.must(ctx, []string{"connect", "--password-stdin", "--yes"}, account); err != nil {
		return err
	}
	log, err := s.site.admin(ctx, "", "audit", "list", "--action", "offline.reveal", "--limit", "0")
	if err != nil {
		return err
	}
	if !strings.Contains(log, plantedPath) {
		return errors.New("control: the reveal is not in the audit")
	}
	r.note("the audit of the server says offline.reveal %s", plantedPath)
	return nil
}
