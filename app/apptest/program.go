package apptest

import (
	"bytes"
	"os/exec"
	"sync"
	"time"
)

// Program is a program on a screen, of which what it says and how it ends is of
// interest. It is safe for concurrent use.
type Program struct {
	s     *Screen
	cmd   *exec.Cmd
	said  said
	ended <-chan struct{}
}

// said collects what a program writes, from two pipes at once.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps p.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// Run starts a program as Spawn does and collects what it says; the standard
// output and error of cmd must not be set.
func (s *Screen) Run(cmd *exec.Cmd) *Program {
	s.t.Helper()
	p := &Program{s: s, cmd: cmd}
	cmd.Stdout, cmd.Stderr = &p.said, &p.said
	p.ended = s.Spawn(cmd)
	return p
}

// Said returns what the program has written so far, output and errors together.
func (p *Program) Said() string {
	p.said.mu.Lock()
	defer p.said.mu.Unlock()
	return p.said.text.String()
}

// Ended is closed when the program has ended.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Exit waits until the program has ended and returns its exit code; -1 if a
// signal ended it.
func (p *Program) Exit() int {
	p.s.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(Patience):
		p.s.fail("see the end of "+p.cmd.Path, p.s.read())
	}
	return p.cmd.ProcessState.ExitCode()
}
