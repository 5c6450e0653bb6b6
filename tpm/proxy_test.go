package tpm_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/tpmtest"
)

// proxy sits between a Chip and its TPM, as an interposer on the bus does: it
// sees every frame and may change it. Its fields may be set between calls.
type proxy struct {
	t      testing.TB
	spec   string
	target string

	mu       sync.Mutex
	frames   [][]byte // all commands and answers, in order
	commands []tpm2.TPMCC
	// before may answer in the TPM's place; ask sends a command of its own.
	before func(command []byte, ask func([]byte) []byte) (answer []byte)
	// after may change an answer.
	after func(cc tpm2.TPMCC, answer []byte) []byte
}

// newProxy stands before m until the test ends.
func newProxy(t testing.TB, m *tpmtest.Machine) *proxy {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bus")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, target: strings.TrimPrefix(m.Spec(), "unix:")}
	path := filepath.Join(dir, "s")
	p.spec = "unix:" + path
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.serve(client) // one client at a time, as swtpm does
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
		_ = os.RemoveAll(dir)
	})
	return p
}

// serve is one client's connection, with one of its own to the TPM.
func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	chip, err := net.Dial("unix", p.target)
	if err != nil {
		return
	}
	defer func() { _ = chip.Close() }()
	ask := func(command []byte) []byte {
		if _, err := chip.Write(command); err != nil {
			return nil
		}
		answer, _ := readFrame(chip)
		return answer
	}
	for {
		command, err := readFrame(client)
		if err != nil {
			return
		}
		answer := p.pass(command, ask)
		if answer == nil {
			return
		}
		if _, err := client.Write(answer); err != nil || len(answer) < 10 {
			return
		}
	}
}

func (p *proxy) pass(command []byte, ask func([]byte) []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	cc := tpm2.TPMCC(binary.BigEndian.Uint32(command[6:]))
	p.commands = append(p.commands, cc)
	p.frames = append(p.frames, command)
	var answer []byte
	if p.before != nil {
		answer = p.before(command, ask)
	}
	if answer == nil {
		answer = ask(command)
	}
	if p.after != nil && answer != nil {
		answer = p.after(cc, answer)
	}
	p.frames = append(p.frames, answer)
	return answer
}

// on sets both hooks and forgets what was seen; nil is none.
func (p *proxy) on(before func([]byte, func([]byte) []byte) []byte, after func(tpm2.TPMCC, []byte) []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before, p.after, p.frames, p.commands = before, after, nil, nil
}

// count is how often a command was sent since on.
func (p *proxy) count(cc tpm2.TPMCC) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, c := range p.commands {
		if c == cc {
			n++
		}
	}
	return n
}

// seen are the frames since on.
func (p *proxy) seen() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frames
}

// codeOf is a command's code.
func codeOf(command []byte) tpm2.TPMCC { return tpm2.TPMCC(binary.BigEndian.Uint32(command[6:])) }

// answerRC is an answer that is a response code and nothing else.
func answerRC(rc uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{0x80, 0x01, 0, 0, 0, 10}, rc)
}

// resized writes the length of a changed frame into its header.
func resized(frame []byte) []byte {
	if len(frame) >= 6 {
		binary.BigEndian.PutUint32(frame[2:], uint32(len(frame)))
	}
	return frame
}

func readFrame(r io.Reader) ([]byte, error) {
	head := make([]byte, 10)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[2:])
	if n < 10 || n > 4096 {
		return nil, errors.New("frame size")
	}
	frame := append(head, make([]byte, n-10)...)
	_, err := io.ReadFull(r, frame[10:])
	return frame, err
}

// sealBehind makes a sealed object and returns the proxy that its chip is
// behind, which has seen the sealing.
func sealBehind(t testing.TB, s *sealed) *proxy {
	t.Helper()
	p := newProxy(t, s.machine)
	s.chip = open(t, p.spec)
	return p
}
