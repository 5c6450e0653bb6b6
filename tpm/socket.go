package tpm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/tideover/tideover/tpm/binding"
)

// headerSize is tag, size and code of every command and answer. (TCG TPM 2.0
// Library, Part 1, 18.)
const headerSize = 10

// socketLink is a software chip behind a Unix socket. swtpm serves one client
// at a time and has no resource manager, so the connection itself is the lock
// between processes: who is connected owns the chip, the others wait for
// their first answer. That is why a link lives for one operation, no longer.
type socketLink struct{ conn net.Conn }

// socketDialer reaches path. A full queue of waiting clients is not the end:
// it tries again until ctx or the limit says stop.
func socketDialer(path string) dialer {
	return func(ctx context.Context) (link, error) {
		ctx, cancel := context.WithTimeout(ctx, socketAnswerLimit)
		defer cancel()
		full := false
		for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
			conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
			switch {
			case err == nil:
				return &socketLink{conn}, nil
			case errors.Is(err, syscall.EAGAIN):
				full = true
				if sleep(ctx, wait) {
					continue
				}
			case !full || !isTimeout(err): // time that runs out in a later try is the queue's
				return nil, unavailable(ctx, err)
			}
			<-ctx.Done() // the dialer may be a moment ahead of it
			return nil, &linkError{binding.ErrBusy, fmt.Errorf("%w: too many programs wait for the chip", ctx.Err())}
		}
	}
}

// isTimeout reports whether a network error is the end of waiting.
func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// exchange is whole frames: a short read of a long answer is no answer.
func (s *socketLink) exchange(ctx context.Context, command []byte) ([]byte, error) {
	if err := s.conn.SetDeadline(time.Now().Add(socketAnswerLimit)); err != nil {
		return nil, unavailable(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() {
		_ = s.conn.SetDeadline(time.Unix(1, 0)) // only wakes the read below, which reports
	})
	defer stop()
	if _, err := s.conn.Write(command); err != nil {
		return nil, unavailable(ctx, err)
	}
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(s.conn, header); err != nil {
		return nil, unavailable(ctx, err)
	}
	size := binary.BigEndian.Uint32(header[2:])
	if size < headerSize || size > maxResponse {
		return nil, unavailable(ctx, fmt.Errorf("answer says it has %d bytes", size))
	}
	answer := make([]byte, size)
	copy(answer, header)
	if _, err := io.ReadFull(s.conn, answer[headerSize:]); err != nil {
		return nil, unavailable(ctx, err)
	}
	return answer, nil
}

// Close gives the chip to the next client.
func (s *socketLink) Close() error { return s.conn.Close() }

// sleep waits and reports true, or false when ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
