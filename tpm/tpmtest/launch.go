package tpmtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// maxSocketPath is the longest path of a Unix socket in bytes on Linux, less
// the closing zero. (unix(7).)
const maxSocketPath = 107

// startLimit is how long swtpm may take until it listens; it takes 10 ms, on a
// machine with nothing else to do.
const startLimit = 30 * time.Second

// The lockout that Launch and Start set: what ordinary chips come with.
const (
	ordinaryTries    = 32
	ordinaryInterval = 600 * time.Second
)

// Process is one running swtpm. Not safe for concurrent use; its socket is.
type Process struct {
	dir    string
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process is gone
}

// Launch starts swtpm with its state in dir, which it makes if need be, and
// sets an ordinary lockout; a directory with state goes on from there. The
// path must be short: the socket stands in it. Debian's package is swtpm.
// The caller must Stop it.
func Launch(dir string) (*Process, error) {
	p, err := launch(dir)
	if err != nil {
		return nil, err
	}
	if err := p.setLockout(ordinaryTries, ordinaryInterval); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// launch starts swtpm as it comes.
func launch(dir string) (*Process, error) {
	p := &Process{dir: dir}
	if len(p.socket()) > maxSocketPath {
		return nil, fmt.Errorf("launch swtpm: %s is longer than the %d bytes of a socket path", p.socket(), maxSocketPath)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("launch swtpm: %w", err)
	}
	return p, p.start()
}

// Spec returns what tpm.Open takes: "unix:" and the socket's path.
func (p *Process) Spec() string { return "unix:" + p.socket() }

// Stop shuts the chip down in an orderly way and ends the process. The state
// stays in the directory.
func (p *Process) Stop() error {
	err := p.shutdown()
	p.kill()
	return err
}

func (p *Process) socket() string { return filepath.Join(p.dir, "s") }
func (p *Process) log() string    { return filepath.Join(p.dir, "log") }

// start runs swtpm and waits until it listens.
func (p *Process) start() error {
	if err := os.Remove(p.socket()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("launch swtpm: %w", err)
	}
	p.cmd = exec.Command("swtpm", "socket", "--tpm2",
		"--tpmstate", "dir="+p.dir+",mode=0600",
		"--server", "type=unixio,path="+p.socket()+",mode=0600",
		"--flags", "not-need-init,startup-clear",
		"--log", "file="+p.log()+",level=1")
	var stderr bytes.Buffer
	p.cmd.Stderr = &stderr
	dieWithParent(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("launch swtpm (Debian: apt-get install swtpm): %w", err)
	}
	p.exited = make(chan struct{})
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // how it ended says nothing: it is killed in most cases
	}()
	limit, poll := time.NewTimer(startLimit), time.NewTicker(2*time.Millisecond)
	defer limit.Stop()
	defer poll.Stop()
	for {
		if conn, err := net.Dial("unix", p.socket()); err == nil {
			return conn.Close()
		}
		select {
		case <-poll.C:
		case <-p.exited:
			return fmt.Errorf("launch swtpm: it ended at once: %s%s", stderr.Bytes(), p.tail())
		case <-limit.C:
			p.kill()
			return fmt.Errorf("launch swtpm: no socket after %v%s", startLimit, p.tail())
		}
	}
}

// tail returns the log for an error's text.
func (p *Process) tail() string {
	b, err := os.ReadFile(p.log())
	if err != nil || len(b) == 0 {
		return ""
	}
	return "; log: " + string(b[max(0, len(b)-500):])
}

// kill ends the process at once, like a power cut, and waits until it is gone.
func (p *Process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.exited
}
