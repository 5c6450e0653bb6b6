// Package demo starts the built tideover-server for programs that play with
// the built programs (packaging/story, packaging/attack), and reads the line
// with which it says that it is ready. It holds no product code and knows no
// client.
//
// The invariant: a server that Start returned runs until its Stop, and its
// exit code is looked at there.
package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Ready is the line that `tideover-server demo --json` prints once it listens;
// `serve --json` prints the first members of it.
type Ready struct {
	Ready  bool   `json:"ready"`
	URL    string `json:"url"`
	Pin    string `json:"pin"`
	CAFile string `json:"ca_file"`
	Users  []User `json:"users"`
}

// User is an invented user and where the password lies.
type User struct {
	Name           string  `json:"name"`
	Role           string  `json:"role"`
	PasswordFile   string  `json:"password_file"`
	OTPSecretFile  *string `json:"otp_secret_file"`
	OfflineEntries int     `json:"offline_entries"`
}

// OfflineUser returns the user without a second factor and without
// administrator's rights who takes the most offline.
func (r Ready) OfflineUser() (u User, err error) {
	for _, c := range r.Users {
		if (c.OTPSecretFile == nil || *c.OTPSecretFile == "") && c.OfflineEntries > u.OfflineEntries && !strings.HasPrefix(c.Role, "Admin") {
			u = c
		}
	}
	if u.OfflineEntries == 0 {
		return u, errors.New("the demo has no user with entries for offline use")
	}
	return u, nil
}

// Password reads the user's password, without its line end.
func (u User) Password() (string, error) {
	b, err := os.ReadFile(u.PasswordFile)
	return strings.TrimRight(string(b), "\r\n"), err
}

// Server is a running tideover-server. Not safe for concurrent use.
type Server struct {
	Ready   Ready
	cmd     *exec.Cmd
	log     *os.File
	stopped bool
}

// Start runs bin/tideover-server with args, which must make it print its ready
// line as JSON, and waits for that. Its errors are appended to the file log.
// The server ends with ctx; the caller must Stop it.
func Start(ctx context.Context, bin, log string, args ...string) (*Server, error) {
	s := &Server{cmd: exec.CommandContext(ctx, filepath.Join(bin, "tideover-server"), args...)}
	var err error
	if s.log, err = os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, s.log.Close())
	}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, s.log.Close())
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil { // it has ended: nobody else closes its output
		text, _ := os.ReadFile(log) // what there is of it
		return nil, errors.Join(fmt.Errorf("tideover-server %s printed nothing: %s", args[0], text), s.cmd.Wait(), s.log.Close())
	}
	if err := json.Unmarshal(line, &s.Ready); err != nil || !s.Ready.Ready {
		return nil, errors.Join(fmt.Errorf("the server's first line is not the ready line: %q", line), s.Stop())
	}
	return s, nil
}

// Stop ends the server with SIGTERM, which must give exit code 0. Again: nothing.
func (s *Server) Stop() error {
	if s.stopped {
		return nil
	}
	s.stopped = true
	if err := errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait(), s.log.Close()); err != nil {
		return fmt.Errorf("tideover-server %s: %w", s.cmd.Args[1], err)
	}
	return nil
}

// PID is the server's process.
func (s *Server) PID() int { return s.cmd.Process.Pid }
