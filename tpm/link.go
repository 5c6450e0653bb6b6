package tpm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/tideover/tideover/tpm/binding"
)

// maxResponse is the longest answer of a TPM in bytes: what the drivers of
// Linux and Windows and go-tpm read at most.
const maxResponse = 4096

// Longest time that one command may take. A software chip answers in
// milliseconds, but serves one client after the other; a discrete chip may
// need seconds to make a key, and its driver gives up by itself before.
const (
	socketAnswerLimit = 15 * time.Second
	deviceAnswerLimit = 60 * time.Second
)

// link is one connection to a chip. It is used by one goroutine.
type link interface {
	// exchange sends one command and returns its whole answer. A failure is a
	// *linkError, after which the link is only good for Close.
	exchange(ctx context.Context, command []byte) ([]byte, error)
	Close() error
}

// dialer opens a link; ctx bounds the waiting, not the life of the link.
type dialer func(ctx context.Context) (link, error)

// linkError is a failure to talk to the chip, as opposed to an answer of it.
type linkError struct {
	kind error // ErrUnavailable or ErrBusy
	err  error
}

func (e *linkError) Error() string   { return fmt.Sprintf("%v: %v", e.kind, e.err) }
func (e *linkError) Unwrap() []error { return []error{e.kind, e.err} }

// unavailable makes a linkError of err; if ctx has ended, it names that.
func unavailable(ctx context.Context, err error) *linkError {
	if cause := ctx.Err(); cause != nil {
		err = fmt.Errorf("%w (%v)", cause, err)
	}
	return &linkError{binding.ErrUnavailable, err}
}

// deviceLink is a chip behind the operating system, which shares it between
// programs and frees what a closed connection leaves behind.
type deviceLink struct {
	chip transport.TPMCloser
	hung bool // a command is still in the driver
}

// exchange waits for the driver in a goroutine, because neither driver takes
// a deadline.
func (d *deviceLink) exchange(ctx context.Context, command []byte) ([]byte, error) {
	if d.hung {
		return nil, unavailable(ctx, errors.New("connection is hung"))
	}
	type answer struct {
		rsp []byte
		err error
	}
	got := make(chan answer, 1)
	go func() {
		rsp, err := d.chip.Send(command)
		got <- answer{rsp, err}
	}()
	limit := time.NewTimer(deviceAnswerLimit)
	defer limit.Stop()
	select {
	case a := <-got:
		if a.err != nil {
			return nil, deviceError(a.err)
		}
		if len(a.rsp) == 0 {
			// tpmutil.RunCommandRaw repeats TPM_RC_RETRY for two seconds and
			// then returns nothing, without an error.
			return retryAnswer(), nil
		}
		return a.rsp, nil
	case <-ctx.Done():
	case <-limit.C:
	}
	d.hung = true
	go func() {
		<-got
		_ = d.chip.Close() // the call that used it is long over
	}()
	return nil, unavailable(ctx, errors.New("no answer in time"))
}

// Close closes the device, unless a command hangs in it: then the goroutine
// that waits for it does.
func (d *deviceLink) Close() error {
	if d.hung {
		return nil
	}
	return d.chip.Close()
}

// retryAnswer is an answer with TPM_RC_RETRY (0x922) and nothing else.
func retryAnswer() []byte { return []byte{0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x09, 0x22} }
