package fido

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
)

// CTAPHID, CTAP 11.2.4 and 11.2.9.1.
const (
	reportBytes  = 64
	firstData    = reportBytes - 7 // after channel, command and length
	nextData     = reportBytes - 5 // after channel and sequence number
	maxMessage   = firstData + 128*nextData
	initResponse = 17

	broadcast = 0xffffffff
	initBit   = 0x80

	hidInit      = 0x06
	hidCBOR      = 0x10
	hidCancel    = 0x11
	hidKeepalive = 0x3b
	hidError     = 0x3f

	hidBusy      = 0x06 // of hidError
	touchNeeded  = 0x02 // of hidKeepalive
	capabilityOK = 0x04 // CTAPHID_CBOR is implemented, of hidInit's answer
)

// What a key is given before it is given up. FORMAT.md 8.
const (
	maxFrames   = 8192
	silence     = 3 * time.Second
	patience    = 60 * time.Second
	afterCancel = 500 * time.Millisecond
	busyPause   = 200 * time.Millisecond
	busyTries   = 10
)

// errPatience is why an operation ended that nobody touched.
var errPatience = errors.New("no touch")

// channel is a conversation with one key.
type channel struct {
	dev   Device
	id    uint32
	touch func()
}

// newChannel opens a conversation. touch is called when the key wants a finger.
func newChannel(ctx context.Context, dev Device, touch func()) (*channel, error) {
	ctx, stop := patient(ctx)
	defer stop()
	c := &channel{dev: dev, id: broadcast, touch: touch}
	nonce := make([]byte, 8)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	if err := c.send(hidInit, nonce); err != nil {
		return nil, err
	}
	for range maxFrames { // answers to other programs come here, too
		answer, err := c.receive(ctx, hidInit)
		if err != nil {
			return nil, err
		}
		if len(answer) < initResponse || !bytes.Equal(answer[:8], nonce) {
			continue
		}
		c.id = binary.BigEndian.Uint32(answer[8:])
		if answer[16]&capabilityOK == 0 {
			return nil, vault.Fail(vault.Unsupported, "a security key without FIDO2")
		}
		if c.id == 0 || c.id == broadcast {
			return nil, failed("channel %08x", c.id)
		}
		return c, nil
	}
	return nil, failed("too many answers")
}

// call sends a message and returns the answer to it. When ctx ends, the key is
// told.
func (c *channel) call(ctx context.Context, message []byte) ([]byte, error) {
	ctx, stop := patient(ctx)
	defer stop()
	for try := 1; ; try++ {
		if err := ctx.Err(); err != nil {
			return nil, ended(ctx)
		}
		if err := c.send(hidCBOR, message); err != nil {
			return nil, err
		}
		answer, err := c.receive(ctx, hidCBOR)
		if !errors.Is(err, vault.Busy) || try == busyTries {
			return answer, err
		}
		select {
		case <-time.After(busyPause):
		case <-ctx.Done():
		}
	}
}

// send writes a message in as many reports as it takes.
func (c *channel) send(command byte, message []byte) error {
	if len(message) > maxMessage {
		return failed("a message of %d bytes", len(message))
	}
	report := make([]byte, reportBytes)
	defer clear(report)
	binary.BigEndian.PutUint32(report, c.id)
	report[4] = command | initBit
	binary.BigEndian.PutUint16(report[5:], uint16(len(message)))
	rest := message[copy(report[7:], message):]
	for sequence := 0; ; sequence++ {
		if err := c.dev.Send(report); err != nil {
			return gone(err)
		}
		if len(rest) == 0 {
			return nil
		}
		clear(report[4:])
		report[4] = byte(sequence)
		rest = rest[copy(report[5:], rest):]
	}
}

// receive reads the answer to a command.
func (c *channel) receive(ctx context.Context, command byte) ([]byte, error) {
	report := make([]byte, reportBytes)
	var message []byte
	size, sequence := -1, 0
	for range maxFrames {
		if err := c.next(ctx, report); err != nil {
			return nil, err
		}
		if binary.BigEndian.Uint32(report) != c.id {
			continue
		}
		switch got := report[4]; {
		case got == hidKeepalive|initBit && size < 0:
			if report[7] == touchNeeded {
				c.touch()
			}
			continue
		case got == hidError|initBit:
			if report[7] == hidBusy {
				return nil, vault.Fail(vault.Busy, "another program talks to the security key")
			}
			return nil, failed("CTAPHID error %#02x", report[7])
		case got == command|initBit && size < 0:
			if size = int(binary.BigEndian.Uint16(report[5:])); size > maxMessage {
				return nil, failed("a message of %d bytes", size)
			}
			message = append(message, report[7:]...)
		case got&initBit == 0 && size >= 0 && int(got) == sequence:
			sequence++
			message = append(message, report[5:]...)
		default:
			return nil, failed("an unexpected packet %#02x", got)
		}
		if len(message) >= size {
			clear(message[size:])
			return message[:size], nil
		}
	}
	return nil, failed("more than %d packets", maxFrames)
}

// next reads one report.
func (c *channel) next(ctx context.Context, report []byte) error {
	quiet, stop := context.WithTimeout(ctx, silence)
	defer stop()
	err := c.dev.Receive(quiet, report)
	switch {
	case err == nil && ctx.Err() == nil:
		return nil
	case ctx.Err() != nil:
		c.cancel(ctx)
		return ended(ctx)
	case quiet.Err() != nil:
		return failed("silent for %v", silence)
	}
	return gone(err)
}

// cancel tells the key that nobody wants its answer, and takes that away so that
// it does not answer the next question (CTAP 11.2.9.1.5). It need not succeed.
func (c *channel) cancel(ctx context.Context) {
	if c.id == broadcast || c.send(hidCancel, nil) != nil {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), afterCancel)
	defer stop()
	report := make([]byte, reportBytes)
	for range maxFrames {
		if c.dev.Receive(ctx, report) != nil {
			return
		}
		if binary.BigEndian.Uint32(report) == c.id && report[4] == hidCBOR|initBit {
			return
		}
	}
}

// patient bounds one command; how long somebody types a PIN is not our affair.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, patience, errPatience)
}

// ended says why ctx has.
func ended(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, errPatience) {
		return &vault.Problem{Cause: vault.TouchTimeout, Err: cause}
	}
	return ctx.Err()
}

func failed(format string, args ...any) error { return vault.Fail(vault.KeyFailed, format, args...) }

func gone(err error) error {
	return &vault.Problem{Cause: vault.KeyMissing, Err: fmt.Errorf("unplugged: %w", err)}
}
