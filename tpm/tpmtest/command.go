package tpmtest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// Commands, handles and parameters that only a test sends. (TCG TPM 2.0
// Library, Part 2, 6.5.2, 6.9, 7.4; Part 3.)
const (
	ccClear                      = 0x126
	ccClockSet                   = 0x128
	ccHierarchyChangeAuth        = 0x129
	ccDictionaryAttackLockReset  = 0x139
	ccDictionaryAttackParameters = 0x13a
	ccShutdown                   = 0x145
	ccGetCapability              = 0x17a

	rhOwner    = 0x40000001
	rhPassword = 0x40000009 // TPM_RS_PW
	rhLockout  = 0x4000000a
	rhPlatform = 0x4000000c

	tagNoSessions = 0x8001
	tagSessions   = 0x8002

	shutdownClear    = 0x0000
	capabilityHandle = 0x00000001
	loadedSessions   = 0x02000000
	transientObjects = 0x80000000
)

// commandLimit bounds one command of a test to swtpm.
const commandLimit = 30 * time.Second

func u16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// plain sends a command without authorisation and returns the answer's body.
func (p *Process) plain(code uint32, params ...[]byte) ([]byte, error) {
	return p.send(tagNoSessions, code, params...)
}

// owned sends a command with the empty password of a hierarchy.
func (p *Process) owned(code, hierarchy uint32, params ...[]byte) error {
	session := append(u32(rhPassword), 0, 0, 0, 0, 0) // no nonce, no attributes, no password
	head := append(u32(hierarchy), append(u32(uint32(len(session))), session...)...)
	_, err := p.send(tagSessions, code, append([][]byte{head}, params...)...)
	return err
}

func (p *Process) send(tag uint16, code uint32, parts ...[]byte) ([]byte, error) {
	var body []byte
	for _, b := range parts {
		body = append(body, b...)
	}
	command := append(u16(tag), u32(uint32(10+len(body)))...)
	command = append(append(command, u32(code)...), body...)
	answer, err := p.exchange(command)
	if err != nil {
		return nil, fmt.Errorf("command %#x: %w", code, err)
	}
	if rc := binary.BigEndian.Uint32(answer[6:]); rc != 0 {
		return nil, fmt.Errorf("command %#x: answer %#x", code, rc)
	}
	return answer[10:], nil
}

// exchange sends one command on a connection of its own, since swtpm serves
// one client at a time.
func (p *Process) exchange(command []byte) (answer []byte, err error) {
	conn, err := net.Dial("unix", p.socket())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // the answer is in, or the error is
	if err := conn.SetDeadline(time.Now().Add(commandLimit)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(command); err != nil {
		return nil, err
	}
	head := make([]byte, 10)
	if _, err := io.ReadFull(conn, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[2:])
	if n < 10 || n > 4096 {
		return nil, fmt.Errorf("answer of %d bytes", n)
	}
	answer = append(head, make([]byte, n-10)...)
	_, err = io.ReadFull(conn, answer[10:])
	return answer, err
}

// shutdown prepares the chip for the end of power: TPM2_Shutdown(CLEAR).
func (p *Process) shutdown() error {
	_, err := p.plain(ccShutdown, u16(shutdownClear))
	return err
}

// setLockout sets the shared lockout; swtpm's lockout password is empty.
func (p *Process) setLockout(tries int, interval time.Duration) error {
	seconds := u32(uint32(interval / time.Second))
	return p.owned(ccDictionaryAttackParameters, rhLockout, u32(uint32(tries)), seconds, seconds)
}

// handles counts the handles from first on.
func (p *Process) handles(first uint32) (int, error) {
	body, err := p.plain(ccGetCapability, u32(capabilityHandle), u32(first), u32(64))
	if err != nil {
		return 0, err
	}
	if len(body) < 9 { // moreData, capability, count
		return 0, fmt.Errorf("capability of %d bytes", len(body))
	}
	return int(binary.BigEndian.Uint32(body[5:])), nil
}
