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
	dies     point // the command at which power goes; without a step: never
	cut      int   // the number of the command at which it went; 0: it did not
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

// plan starts counting anew; power goes at the point, or, if that has no step,
// never.
func (b *relay) plan(p point) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.commands, b.dies, b.cut = nil, p, 0
}

// done returns the commands since plan, up to the one at which power went, and
// whether it did.
func (b *relay) done() (commands []string, cut bool, fault error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cut > 0 {
		return b.commands[:b.cut], true, b.fault
	}
	return b.commands, false, b.fault
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
		name := commandName(binary.BigEndian.Uint32(command[6:]))
		b.commands = append(b.commands, name)
		hit, after := false, b.dies.after
		if name == b.dies.step {
			b.dies.nth--
			hit = b.dies.nth == 0
		}
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
	b.cut = len(b.commands)
	// Cuts alone must not fill the shared lockout, which counts them.
	b.fault = errors.Join(b.fault, b.chip.PowerCut(), b.chip.ResetLockout())
}

// commandName is the name of a command that the client uses. (TCG TPM 2.0
// Library, Part 2, 6.5.2.)
func commandName(code uint32) string {
	switch code {
	case 0x120:
		return "EvictControl"
	case 0x122:
		return "NV_UndefineSpace"
	case 0x12a:
		return "NV_DefineSpace"
	case 0x131:
		return "CreatePrimary"
	case 0x134:
		return "NV_Increment"
	case 0x137:
		return "NV_Write"
	case 0x13b:
		return "NV_ChangeAuth"
	case 0x147:
		return "ActivateCredential"
	case 0x148:
		return "Certify"
	case 0x149:
		return "PolicyNV"
	case 0x14a:
		return "CertifyCreation"
	case 0x14c:
		return "GetTime"
	case 0x14e:
		return "NV_Read"
	case 0x151:
		return "PolicySecret"
	case 0x153:
		return "Create"
	case 0x157:
		return "Load"
	case 0x15d:
		return "Sign"
	case 0x15e:
		return "Unseal"
	case 0x160:
		return "PolicySigned"
	case 0x165:
		return "FlushContext"
	case 0x167:
		return "LoadExternal"
	case 0x169:
		return "NV_ReadPublic"
	case 0x16a:
		return "PolicyAuthorize"
	case 0x16b:
		return "PolicyAuthValue"
	case 0x16c:
		return "PolicyCommandCode"
	case 0x16d:
		return "PolicyCounterTimer"
	case 0x171:
		return "PolicyOR"
	case 0x173:
		return "ReadPublic"
	case 0x176:
		return "StartAuthSession"
	case 0x177:
		return "VerifySignature"
	case 0x17a:
		return "GetCapability"
	case 0x181:
		return "ReadClock"
	case 0x184:
		return "NV_Certify"
	case 0x189:
		return "PolicyGetDigest"
	}
	return fmt.Sprintf("command %#x", code)
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
	secrets := map[string][]byte{"the planted secret": []byte(planted), "the master password": []byte(master), "the account's password": []byte(account)}
	if !s.smoke || s.brief {
		past := c // not over the bus
		past.spec = chip.Spec()
		if secrets["the machine secret"], err = s.machineSecret(ctx, past); err != nil {
			return err
		}
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
	for name, secret := range secrets {
		if bytes.Contains(b.heard.Bytes(), secret) {
			r.try("", name+" was on the bus")
		}
	}
	r.note("%d bytes heard; the authorisation value: tpm.TestBusAtLevelA, tpm.TestNothingSecretOnTheWire", b.heard.Len())
	return b.listener.Close()
}
