package tpm

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// operation is one call's use of the chip: one connection, from the first
// command to the last. At most one session and two transient objects are in
// the chip at a time; a chip without resource manager has room for three.
type operation struct {
	ctx    context.Context // of the call; go-tpm's Send has no argument for it
	link   link
	pin    *rootPin // nil if no root is needed
	root   *root    // after openRoot
	proven bool     // the root has answered in a session that only its holder can
	leaked bool     // a flush failed
	broken error    // the link's failure, after which nothing more is sent
}

// Send is go-tpm's transport.
func (o *operation) Send(command []byte) ([]byte, error) { return o.transmit(o.ctx, command) }

func (o *operation) transmit(ctx context.Context, command []byte) ([]byte, error) {
	if o.broken != nil {
		return nil, o.broken
	}
	answer, err := o.link.exchange(ctx, command)
	o.broken = err
	if err == nil && leftBehind(command, answer) {
		o.leaked = true
	}
	return answer, err
}

// leftBehind reports that the chip refused to flush something. go-tpm flushes a
// session of its own when a command is refused, and tells nobody but in the
// text of that error whether it could.
func leftBehind(command, answer []byte) bool {
	const ok = "\x00\x00\x00\x00" // TPM_RC_SUCCESS
	return len(command) >= headerSize && tpm2.TPMCC(binary.BigEndian.Uint32(command[6:])) == tpm2.TPMCCFlushContext &&
		(len(answer) < headerSize || string(answer[6:headerSize]) != ok)
}

// closing sends the commands that clean up, which must run after the call's
// context has ended, too.
type closing struct{ *operation }

func (c closing) Send(command []byte) ([]byte, error) {
	return c.transmit(context.WithoutCancel(c.ctx), command)
}

// run executes one command; a failure carries the step's name, which go-tpm
// does not tell.
func run[R any](o *operation, name step, cmd interface {
	Execute(transport.TPM, ...tpm2.Session) (*R, error)
}, s ...tpm2.Session,
) (*R, error) {
	r, err := cmd.Execute(o, s...)
	if err != nil {
		return nil, o.refused(name, err)
	}
	return r, nil
}

// refused is the failure of a step. An answer that cannot be read may have been
// one that put an object or a session into the chip.
func (o *operation) refused(name step, err error) error {
	var code tpm2.TPMRC
	if !errors.As(err, &code) {
		o.leaked = true
	}
	return &failure{name, err}
}

// flush removes an object or a session.
func (o *operation) flush(h tpm2.TPMHandle) {
	if _, err := (tpm2.FlushContext{FlushHandle: h}).Execute(closing{o}); err != nil {
		o.leaked = true
	}
}

// flushAll removes every object and loaded session. On a chip with a resource
// manager these are our own; without one we are the only client now, and what
// is there was left by one that broke off.
func (o *operation) flushAll() error {
	for _, first := range []tpm2.TPMHandle{transientFirst, loadedSessionFirst} {
		r, err := run(o, stepCapability, tpm2.GetCapability{
			Capability: tpm2.TPMCapHandles, Property: uint32(first), PropertyCount: 64,
		})
		if err != nil {
			return err
		}
		list, err := r.CapabilityData.Data.Handles()
		if err != nil {
			return &failure{stepCapability, err}
		}
		for _, h := range list.Handle {
			o.flush(h)
		}
	}
	return nil
}

// First handles of their kinds. (TCG TPM 2.0 Library, Part 2, 7.2.)
const (
	transientFirst     tpm2.TPMHandle = 0x80000000
	loadedSessionFirst tpm2.TPMHandle = 0x02000000
)

// nonceSize is the length of the caller's nonces in bytes: the least the
// specification allows is 16, and the server wants exactly 16 from a chip.
const nonceSize = 16

// salted are the options that every session of ours has: its key depends on a
// salt that only the pinned root can decrypt.
func (o *operation) salted(more ...tpm2.AuthOption) []tpm2.AuthOption {
	return append(more, tpm2.Salted(o.root.handle, o.root.public))
}

// encrypted is a session for one command that authorises an object without a
// password and encrypts the first parameters of the command (EncryptIn), of
// the answer (EncryptOut), or of both; the command must have such parameters.
func (o *operation) encrypted(in, out bool) tpm2.Session {
	options := o.salted()
	switch {
	case in && out:
		options = append(options, tpm2.AESEncryption(128, tpm2.EncryptInOut))
	case in:
		options = append(options, tpm2.AESEncryption(128, tpm2.EncryptIn))
	case out:
		options = append(options, tpm2.AESEncryption(128, tpm2.EncryptOut))
	}
	return tpm2.HMAC(tpm2.TPMAlgSHA256, nonceSize, options...)
}

// policy starts a policy session, which the caller must flush. tpm2.Policy
// would leak it when a policy command is refused.
func (o *operation) policy(options ...tpm2.AuthOption) (tpm2.Session, error) {
	s, _, err := tpm2.PolicySession(o, tpm2.TPMAlgSHA256, nonceSize, o.salted(options...)...)
	if err != nil {
		return nil, o.refused(stepSession, err)
	}
	return s, nil
}
