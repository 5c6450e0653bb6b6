package tpm

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Chip is one TPM 2.0. It holds no connection between calls, so other programs
// and other processes of ours use the same chip in turn. Safe for concurrent
// use; calls run one after the other.
type Chip struct {
	dial     dialer
	explicit bool // by device or socket: counts as virtual

	turn   chan struct{} // holds one token: whose turn it is may touch the fields below
	closed bool
	cache  rootPin // of sealed objects
	local  rootPin // of new local blobs
	sweep  bool    // an operation broke off and may have left handles in a chip without resource manager
}

// Open finds the chip that spec names and makes sure that it is a TPM 2.0
// which answers: "auto" is the system's own (TBS on Windows, /dev/tpmrm0 on
// Linux), "unix:PATH" a software chip behind a socket, "none" no chip, and
// anything else the path of a device. No chip, no right to use it and no
// answer are ErrUnavailable. Close it after use.
func Open(ctx context.Context, spec string) (*Chip, error) {
	c := &Chip{turn: make(chan struct{}, 1)}
	path, isSocket := strings.CutPrefix(spec, "unix:")
	switch {
	case spec == "" || spec == "none" || isSocket && path == "":
		return nil, fmt.Errorf("open chip %q: %w", spec, binding.ErrUnavailable)
	case spec == "auto":
		c.dial = autoDialer()
	case isSocket:
		c.dial, c.explicit = socketDialer(path), true
	default:
		c.dial, c.explicit = deviceDialer(spec), true
	}
	err := c.do(ctx, job{"open chip", nil, func(o *operation) error {
		family, err := o.property(tpm2.TPMPTFamilyIndicator)
		if err != nil {
			return err
		}
		if family != familyTPM2 {
			return fmt.Errorf("%w: family %#x is not TPM 2.0", binding.ErrUnavailable, family)
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// familyTPM2 is TPM_PT_FAMILY_INDICATOR "2.0". (TCG TPM 2.0 Library, Part 2, 6.13.)
const familyTPM2 = 0x322e3000

// Close makes every later call answer ErrUnavailable. It waits for the call
// that runs.
func (c *Chip) Close() error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.closed = true
	return nil
}

// Pin makes every later Seal, Check and Unseal answer ErrOtherMachine, before
// anything secret is sent, unless the chip has a storage root key of this Name
// (34 bytes, from Machine.RootName when the cache was made). With a pin the
// root is looked for both at its persistent handle and by its template, so a
// handle that another program provisioned later does no harm; Machine looks
// for it in the same way. Without a pin the chip must keep the root that the
// first of these calls found. Local secrets and signing keys carry the Name
// of their root themselves, and new ones are made under the root that a call
// before has worked with, if any: a pin to a foreign cache's root leaves them
// alone.
func (c *Chip) Pin(rootName []byte) error {
	if len(rootName) != binding.NameSize {
		return fmt.Errorf("pin root: a Name has %d bytes, not %d", binding.NameSize, len(rootName))
	}
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.cache = knownRoot(rootName)
	return nil
}

// Attempts at one operation, and the pauses between them. Five attempts are
// the limit that tpm2-tss uses; a chip that still wants time after 1.5 s is
// reported as busy.
const (
	maxAttempts = 5
	firstPause  = 100 * time.Millisecond
)

// job is one call's work.
type job struct {
	what string   // names the call in errors
	pin  *rootPin // of the root it needs; nil if it needs none
	run  func(*operation) error
}

// do runs a job from its beginning on a connection of its own, and again if
// the chip asks for that.
func (c *Chip) do(ctx context.Context, j job) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w: %w", j.what, binding.ErrBusy, ctx.Err())
	}
	defer func() { <-c.turn }()
	if c.closed {
		return fmt.Errorf("%s: %w: chip is closed", j.what, binding.ErrUnavailable)
	}
	pause, swept := firstPause, false
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, j)
		switch {
		case err == nil:
			return nil
		case isFull(err) && !swept:
			swept, c.sweep = true, true
		case !wantsRepeat(err) || attempt == maxAttempts || !sleep(ctx, pause):
			return translate(j.what, err)
		default:
			pause *= 2
		}
	}
}

// once runs a job on a new connection.
func (c *Chip) once(ctx context.Context, j job) error {
	l, err := c.dial(ctx)
	if err != nil {
		return err
	}
	o := &operation{ctx: ctx, link: l, pin: j.pin}
	if c.sweep {
		err = o.flushAll()
	}
	if err == nil {
		c.sweep = false
		err = j.run(o)
	}
	o.flushRoot()
	if o.proven && c.local.name == nil {
		c.local.name = bytes.Clone(o.root.name.Buffer)
	}
	// A broken link, or a flush that did not work, may leave handles behind.
	if o.leaked || o.broken != nil {
		c.sweep = true
	}
	_ = l.Close() // the answers are in; a chip that does not hang up cleanly changes nothing
	return err
}
