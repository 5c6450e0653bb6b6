package tpm

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tideover/tideover/tpm/binding"
)

// These look inside the package: no clock but synctest's can wait for the
// limits, and no driver on a test machine hangs on demand.

func TestSocketAnswerLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer func() { _ = theirs.Close() }()
		go func() {
			_, _ = theirs.Read(make([]byte, 100)) // takes the command, and hangs
		}()
		l := &socketLink{ours}
		start := time.Now()
		_, err := l.exchange(context.Background(), make([]byte, 10))
		if !errors.Is(err, binding.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		if waited := time.Since(start); waited != socketAnswerLimit {
			t.Errorf("waited %v, want %v", waited, socketAnswerLimit)
		}
		_ = l.Close()
	})
}

// driver is a device whose answers come from a channel.
type driver struct {
	answers chan []byte
	closed  chan struct{}
}

func newDriver() *driver { return &driver{make(chan []byte), make(chan struct{})} }

func (d *driver) Send([]byte) ([]byte, error) { return <-d.answers, nil }
func (d *driver) Close() error                { close(d.closed); return nil }

// A driver that hangs is left behind; it is closed when it comes back.
func TestDeviceHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDriver()
		l := &deviceLink{chip: d}
		start := time.Now()
		_, err := l.exchange(context.Background(), nil)
		if !errors.Is(err, binding.ErrUnavailable) || time.Since(start) != deviceAnswerLimit {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if _, err := l.exchange(context.Background(), nil); !errors.Is(err, binding.ErrUnavailable) {
			t.Errorf("a hung link answers %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		d.answers <- []byte("late")
		<-d.closed
	})
}

func TestDeviceCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDriver()
		l := &deviceLink{chip: d}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := l.exchange(ctx, nil)
		if !errors.Is(err, binding.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		d.answers <- nil
		<-d.closed
	})
}

// tpmutil.RunCommandRaw, under both of go-tpm's device transports, gives up on
// TPM_RC_RETRY by returning neither answer nor error.
func TestDeviceGivesUpOnRetry(t *testing.T) {
	d := newDriver()
	l := &deviceLink{chip: d}
	go func() { d.answers <- nil }()
	answer, err := l.exchange(context.Background(), nil)
	if err != nil || string(answer) != string(retryAnswer()) {
		t.Errorf("got %x, %v", answer, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	<-d.closed
}
