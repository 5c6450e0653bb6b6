package fido_test

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// scripted is a key that greets and then says what it was told to say, whatever
// it is asked.
type scripted struct {
	reports [][]byte // after the greeting, without the channel
	endless []byte   // then this, for ever; nil: it is pulled out
	pause   time.Duration
	nonce   []byte
}

const scriptedChannel = 0x01020304

// Send takes the nonce out of the greeting and forgets everything else.
func (s *scripted) Send(report []byte) error {
	if report[4] == 0x86 {
		s.nonce = append([]byte(nil), report[7:15]...)
	}
	return nil
}

// Receive implements fido.Device.
func (s *scripted) Receive(ctx context.Context, report []byte) error {
	clear(report)
	if s.nonce != nil {
		copy(report, []byte{0xff, 0xff, 0xff, 0xff, 0x86, 0, 17})
		copy(report[7:], s.nonce)
		binary.BigEndian.PutUint32(report[15:], scriptedChannel)
		report[19], report[23] = 2, 0x0c
		s.nonce = nil
		return nil
	}
	if s.pause > 0 {
		select {
		case <-time.After(s.pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	binary.BigEndian.PutUint32(report, scriptedChannel)
	switch {
	case len(s.reports) > 0:
		copy(report[4:], s.reports[0])
		s.reports = s.reports[1:]
	case s.endless != nil:
		copy(report[4:], s.endless)
	default:
		return errors.New("no such device")
	}
	return ctx.Err()
}

// Close implements fido.Device.
func (*scripted) Close() error { return nil }

// answer appends a whole answer to the script.
func (s *scripted) answer(message []byte) {
	first := append([]byte{0x90, byte(len(message) >> 8), byte(len(message))}, message[:min(57, len(message))]...)
	s.reports = append(s.reports, first)
	message = message[min(57, len(message)):]
	for sequence := byte(0); len(message) > 0; sequence++ {
		n := min(59, len(message))
		s.reports = append(s.reports, append([]byte{sequence}, message[:n]...))
		message = message[n:]
	}
}
