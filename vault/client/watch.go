package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// watch ends a request on which nothing moves: for wait until the answer
// begins, counted from the last piece that went out, then for idle whenever
// somebody waits for more of it. Its other timer ends the whole.
type watch struct {
	cancel       context.CancelCauseFunc
	wait, idle   time.Duration
	timer, whole *time.Timer

	mu  sync.Mutex
	got bool // the answer has begun
}

func newWatch(cancel context.CancelCauseFunc, cfg Config, r request) *watch {
	w := &watch{cancel: cancel, wait: cfg.Wait, idle: cfg.Idle}
	if r.long {
		w.wait = cfg.LongWait
	}
	whole := total
	switch {
	case r.stream:
		whole, w.idle = streamTotal, max(w.idle, streamIdle)
	case r.long || r.bulk:
		whole = totalBulk
	}
	silent := func() { cancel(errSilent) }
	w.timer, w.whole = time.AfterFunc(w.wait, silent), time.AfterFunc(whole, silent)
	return w
}

// end stops both timers and lets go of the request.
func (w *watch) end() {
	w.timer.Stop()
	w.whole.Stop()
	w.cancel(nil)
}

// sent notes that something went out. net/http may still be sending when the
// answer is there; that moves nothing any more.
func (w *watch) sent() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.got {
		w.timer.Reset(w.wait)
	}
}

// answered stops the timer until somebody reads.
func (w *watch) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = true
	w.timer.Stop()
}

// watchedBody lets the timer run while somebody waits for bytes.
type watchedBody struct {
	io.ReadCloser
	watch   *watch
	explain func(error) error
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.watch.timer.Reset(b.watch.idle)
	n, err := b.ReadCloser.Read(p)
	b.watch.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.explain(err)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.watch.end()
	return b.ReadCloser.Close()
}

// payload is the body of a request. net/http may read it after it has returned
// the answer, and more than once, so the bytes are wiped when both the request
// and its last reader are done.
type payload struct {
	watch *watch

	mu       sync.Mutex
	bytes    []byte
	readers  int
	finished bool
}

func (p *payload) open() io.ReadCloser {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readers++
	return &upload{payload: p, rest: bytes.NewReader(p.bytes)}
}

// finish is the request's end.
func (p *payload) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = true
	p.wipe()
}

// wipe is called with the lock held.
func (p *payload) wipe() {
	if p.finished && p.readers == 0 {
		clear(p.bytes)
	}
}

// upload is one reading of a payload.
type upload struct {
	payload *payload
	once    sync.Once
	rest    *bytes.Reader
}

// uploadPiece goes out within wait on any network that is worth using.
const uploadPiece = 32 << 10

func (u *upload) Read(b []byte) (int, error) {
	u.payload.watch.sent()
	return u.rest.Read(b[:min(len(b), uploadPiece)])
}

func (u *upload) Close() error {
	u.once.Do(func() {
		u.payload.mu.Lock()
		defer u.payload.mu.Unlock()
		u.payload.readers--
		u.payload.wipe()
	})
	return nil
}
