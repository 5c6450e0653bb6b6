package fidotest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"
)

// Port is a key that is plugged in. It fits fido.Device.
type Port struct {
	key *Key

	// Mangle, if set, is given every report before it leaves, and returns what
	// leaves instead: for keys that lie. Set it before the port is used.
	Mangle func(report []byte) [][]byte

	out  chan []byte
	gone chan struct{}
	once sync.Once

	mu      sync.Mutex // the rest
	channel uint32     // the last one handed out
	from    uint32     // whose message is being received
	command byte
	size    int
	next    byte
	message []byte
	cancel  context.CancelFunc // of the command that runs
}

// errGone is what a system says of a key that was pulled out.
var errGone = errors.New("no such device")

// Plug plugs the key in, which gives it power: three wrong PINs are forgotten.
func (k *Key) Plug() *Port {
	k.mu.Lock()
	k.wrongInRow = 0
	k.mu.Unlock()
	return &Port{key: k, out: make(chan []byte, 4096), gone: make(chan struct{})}
}

// Unplug pulls the key out, for good: Plug gives another port.
func (p *Port) Unplug() {
	p.once.Do(func() { close(p.gone) })
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}

// Close implements fido.Device. The key stays plugged in.
func (p *Port) Close() error { return nil }

// Receive implements fido.Device.
func (p *Port) Receive(ctx context.Context, report []byte) error {
	select {
	case <-p.gone:
		return errGone
	default:
	}
	select {
	case r := <-p.out:
		if copy(report, r) != 64 {
			return io.ErrShortBuffer
		}
		return nil
	case <-p.gone:
		return errGone
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Send implements fido.Device: it is one packet of CTAP 11.2.4.
func (p *Port) Send(report []byte) error {
	select {
	case <-p.gone:
		return errGone
	default:
	}
	if len(report) != 64 {
		return io.ErrShortWrite
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	from := binary.BigEndian.Uint32(report)
	if report[4]&0x80 != 0 {
		command := report[4] &^ 0x80
		if command == 0x11 { // CANCEL has no answer of its own
			if p.cancel != nil {
				p.cancel()
			}
			return nil
		}
		if p.cancel != nil {
			p.emit(from, 0x3f, []byte{0x06}) // busy
			return nil
		}
		p.from, p.command, p.next = from, command, 0
		p.size = int(binary.BigEndian.Uint16(report[5:]))
		p.message = append([]byte(nil), report[7:]...)
	} else {
		if from != p.from || report[4] != p.next || len(p.message) >= p.size {
			p.emit(from, 0x3f, []byte{0x04}) // sequence
			return nil
		}
		p.next++
		p.message = append(p.message, report[5:]...)
	}
	if len(p.message) >= p.size {
		p.dispatch(p.from, p.command, p.message[:p.size])
	}
	return nil
}

// dispatch acts on a whole message. The lock is held.
func (p *Port) dispatch(from uint32, command byte, message []byte) {
	switch {
	case command == 0x06 && from == 0xffffffff && len(message) == 8:
		p.channel++
		answer := binary.BigEndian.AppendUint32(append([]byte(nil), message...), 0x11220000+p.channel)
		p.emit(from, 0x06, append(answer, 2, 5, 0, 0, 0x04|0x08)) // CBOR, no U2F
	case from <= 0x11220000 || from > 0x11220000+p.channel:
		p.emit(from, 0x3f, []byte{0x0b}) // channel
	case command == 0x10 && len(message) > 0:
		ctx, cancel := context.WithCancel(context.Background())
		p.cancel = cancel
		go func() {
			defer cancel()
			answer := p.key.handle(ctx, message[0], message[1:], func(status byte) {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.emit(from, 0x3b, []byte{status})
			})
			p.mu.Lock()
			defer p.mu.Unlock()
			p.cancel = nil
			p.emit(from, 0x10, answer)
		}()
	default:
		p.emit(from, 0x3f, []byte{0x01}) // command
	}
}

// emit queues a message. The lock is held.
func (p *Port) emit(to uint32, command byte, message []byte) {
	report := make([]byte, 64)
	binary.BigEndian.PutUint32(report, to)
	report[4] = command | 0x80
	binary.BigEndian.PutUint16(report[5:], uint16(len(message)))
	message = message[copy(report[7:], message):]
	for sequence := byte(0); ; sequence++ {
		reports := [][]byte{report}
		if p.Mangle != nil {
			reports = p.Mangle(report)
		}
		for _, r := range reports {
			select {
			case p.out <- r:
			default: // nobody reads: a key drops it, too
			}
		}
		if len(message) == 0 {
			return
		}
		report = make([]byte, 64)
		binary.BigEndian.PutUint32(report, to)
		report[4] = sequence
		message = message[copy(report[5:], message):]
	}
}

// wait lets the person touch the key: it says 50 ms apart that it waits, as CTAP
// 11.2.9.1.7 wants, and gives up after 30 s.
func (k *Key) wait(ctx context.Context, keepalive func(byte)) byte {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(30 * time.Second)
	defer patience.Stop()
	keepalive(2)
	for {
		select {
		case <-k.touches:
			return 0
		case <-tick.C:
			keepalive(2)
		case <-patience.C:
			return 0x2f // USER_ACTION_TIMEOUT
		case <-ctx.Done():
			return 0x2d // KEEPALIVE_CANCEL
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
