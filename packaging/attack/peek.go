//go:build linux && amd64

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// shell is a client that stands open and has shown the planted secret.
type shell struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

// openShell opens the cache in a shell, as another user if uid is not 0.
func openShell(ctx context.Context, c client, uid uint32) (*shell, error) {
	s := &shell{cmd: exec.CommandContext(ctx, c.program, "shell", "--master-password-stdin")}
	s.cmd.Env = c.environment()
	if uid != 0 {
		s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if s.out, err = s.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	var told bytes.Buffer
	s.cmd.Stderr = &told
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(s.in, "%s\nshow %s --field Password\n", master, plantedPath); err != nil {
		return nil, errors.Join(err, s.end())
	}
	for lines := bufio.NewScanner(s.out); ; {
		if !lines.Scan() {
			err := errors.Join(lines.Err(), s.end())
			return nil, fmt.Errorf("control: the shell shows nothing: %s %w", told.Bytes(), err)
		}
		if strings.Contains(lines.Text(), planted) {
			return s, nil
		}
	}
}

func (s *shell) pid() int { return s.cmd.Process.Pid }

func (s *shell) end() error {
	err := s.in.Close()
	_, _ = io.Copy(io.Discard, s.out) // what it still says
	return errors.Join(err, s.cmd.Wait())
}

// arguments looks at what everybody may see of a process; nobody's secrets are
// there. The environment is its owner's.
func arguments(r *row, pid int) error {
	for _, name := range []string{"cmdline", "environ", "comm", "status"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
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
	return nil
}

// modes holds the modes in some folders against who may read them, and returns
// the files.
func modes(r *row, dirs ...string) (files []string, err error) {
	for _, dir := range dirs {
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
			return nil, err
		}
	}
	return files, nil
}

// peek tries every way into a process that the kernel has, with the rights of
// this thread.
func peek(r *row, pid int, who string) {
	proc := fmt.Sprintf("/proc/%d/", pid)
	for _, name := range []string{"mem", "environ", "maps", "smaps", "auxv", "stack", "syscall", "fd", "map_files"} {
		breach := ""
		if f, err := os.Open(proc + name); err == nil {
			// Opening is not reading: some of them refuse only then.
			_, err := f.Read(make([]byte, 1))
			if name == "mem" || err == nil {
				breach = who + " reads " + name
			}
			if name == "fd" || name == "map_files" {
				if _, err := f.Readdirnames(1); err == nil {
					breach = who + " lists " + name
				}
			}
			_ = f.Close() // only read
		}
		r.try("", breach)
	}
	breach := ""
	if err := syscall.PtraceAttach(pid); err == nil {
		breach = who + " traces it"
		_, _ = syscall.Wait4(pid, nil, syscall.WALL, nil) // until it stands
		_ = syscall.PtraceDetach(pid)
	}
	r.try("", breach)
	breach = ""
	if e := readMemory(pid); e != syscall.EPERM {
		breach = fmt.Sprintf("%s may read its memory: %v", who, e)
	}
	r.try("", breach)
}
