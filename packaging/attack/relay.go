//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/tideover/tideover/tpm/tpmtest"
)

// relay stands on the bus between a client and its chip: it hears everything,
// and can take the chip's power away at a command.
type relay struct {
	listener net.Listener
	chip     *tpmtest.Process

	mu       sync.Mutex
	commands []string     // since the last plan
	heard    bytes.Buffer // both ways, if listening
	listens  bool
	cutAt    int  // number of the command at which power goes; 0: never
	after    bool // once the chip has done it, before the answer is out
	cut      bool // it went
	fault    error
}

// newRelay listens on a path of its own.
func newRelay(path string, chip *tpmtest.Process) (*relay, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	b := &relay{listener: l, chip: chip}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go b.pass(conn)
		}
	}()
	return b, nil
}

func (b *relay) spec() string { return "unix:" + b.listener.Addr().String() }

// plan starts counting anew; power goes at command number at, 0 for never.
func (b *relay) plan(at int, after bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.commands, b.cutAt, b.after, b.cut = nil, at, after, false
}

// done returns the commands since plan, and whether the power went.
func (b *relay) done() (commands []string, cut bool, fault error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.commands, b.cut, b.fault
}

// pass hands commands and answers on until somebody hangs up.
func (b *relay) pass(client net.Conn) {
	defer func() { _ = client.Close() }() // whoever hung up knows
	chip, err := net.Dial("unix", b.chip.Spec()[len("unix:"):])
	if err != nil {
		return // the power is away
	}
	defer func() { _ = chip.Close() }() // as above
	for {
		command, err := message(client)
		if err != nil {
			return
		}
		b.mu.Lock()
		b.commands = append(b.commands, fmt.Sprintf("command %#x", binary.BigEndian.Uint32(command[6:])))
		hit := b.cutAt == len(b.commands)
		after := b.after
		if b.listens {
			b.heard.Write(command)
		}
		b.mu.Unlock()
		if hit && !after {
			b.powerCut()
			return
		}
		if _, err := chip.Write(command); err != nil {
			return
		}
		answer, err := message(chip)
		if err != nil {
			return
		}
		if hit {
			b.powerCut()
			return
		}
		b.mu.Lock()
		if b.listens {
			b.heard.Write(answer)
		}
		b.mu.Unlock()
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}

func (b *relay) powerCut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = true
	b.fault = errors.Join(b.fault, b.chip.PowerCut())
}

// message reads one command or answer. (TCG TPM 2.0 Library, Part 1, 18.)
func message(r io.Reader) ([]byte, error) {
	head := make([]byte, 10)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[2:])
	if n < 10 || n > 8192 {
		return nil, errors.New("no TPM message")
	}
	m := append(head, make([]byte, n-10)...)
	_, err := io.ReadFull(r, m[10:])
	return m, err
}

// bus listens to everything that one client says to its chip.
func bus(ctx context.Context, s *stage, r *row) error {
	chip, err := s.launch("bus-chip")
	if err != nil {
		return err
	}
	b, err := newRelay(s.file("bus"), chip)
	if err != nil {
		return err
	}
	b.listens = true
	c := s.site.client("bus-home", "mara").fast(s)
	c.spec = b.spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	if _, err := guess(ctx, c, 1); err != nil {
		return err
	}
	if err := c.renew(ctx); err != nil {
		return err
	}
	if _, err := c.must(ctx, []string{"clear-cache", "--yes"}); err != nil {
		return err
	}
	commands, _, _ := b.done()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(commands) == 0 || b.heard.Len() == 0 {
		return errors.New("control: nothing was heard")
	}
	for range commands {
		r.try("", "")
	}
	for _, secret := range []string{planted, master, account} {
		if bytes.Contains(b.heard.Bytes(), []byte(secret)) {
			r.try("", fmt.Sprintf("%q was on the bus", secret))
		}
	}
	r.note("%d bytes heard; machine secret and authorisation value: tpm.TestBusAtLevelA, tpm.TestNothingSecretOnTheWire", b.heard.Len())
	return b.listener.Close()
}
