package server

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

const (
	// ordersEvery is how often an instance looks for orders that another one, or a
	// command, has written: one row of the database. A notification by the
	// database would be faster by half of it, and not every database has one.
	ordersEvery = 500 * time.Millisecond
	// aliveEvery is how often a stream without news sends a comment: proxies cut
	// off what is silent for a minute, and a peer that is gone shows by it.
	aliveEvery = 25 * time.Second
	// streamsPerDevice is how many streams one device may hold: the window, some
	// shells, and those whose end nobody has noticed yet.
	streamsPerDevice = 8
)

// events wakes the streams of devices for which there is news. It is safe for
// concurrent use.
type events struct {
	mu      sync.Mutex
	waiting map[vault.ID][]*waiter // by device, the oldest first
	done    chan struct{}          // closed when the server ends
	ended   bool
}

// waiter is one open stream.
type waiter struct {
	news chan struct{} // holds one
	out  chan struct{} // closed when a later stream of the device takes its place
}

func newEvents() *events {
	return &events{waiting: map[vault.ID][]*waiter{}, done: make(chan struct{})}
}

// join adds a stream of a device; leave takes it out again.
func (e *events) join(device vault.ID) (w *waiter, leave func()) {
	w = &waiter{news: make(chan struct{}, 1), out: make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	list := append(e.waiting[device], w)
	if len(list) > streamsPerDevice {
		close(list[0].out)
		list = list[1:]
	}
	e.waiting[device] = list
	return w, func() { e.leave(device, w) }
}

func (e *events) leave(device vault.ID, gone *waiter) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var rest []*waiter
	for _, w := range e.waiting[device] {
		if w != gone {
			rest = append(rest, w)
		}
	}
	if len(rest) == 0 {
		delete(e.waiting, device)
		return
	}
	e.waiting[device] = rest
}

// wake tells the streams of a device that there is news; zero: all.
func (e *events) wake(device vault.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	tell := func(list []*waiter) {
		for _, w := range list {
			select {
			case w.news <- struct{}{}:
			default: // it has not looked yet
			}
		}
	}
	if !device.IsZero() {
		tell(e.waiting[device])
		return
	}
	for _, list := range e.waiting {
		tell(list)
	}
}

// end lets every stream finish, so that the server can.
func (e *events) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.ended = true
		close(e.done)
	}
}

// follower looks for orders since the last look, whoever wrote them.
type follower struct {
	gov  int64 // as of the last look
	mark lease.Mark
}

// follow wakes the streams for which there are orders since the last look.
func (s *Server) follow(ctx context.Context, f *follower) error {
	gov, err := s.catalog.Governed(ctx)
	if err != nil || gov == f.gov {
		return err
	}
	for {
		orders, err := s.catalog.Orders(ctx, vault.ID{}, f.mark)
		if err != nil {
			return fmt.Errorf("look for orders: %w", err)
		}
		if len(orders) == 0 {
			break
		}
		for _, o := range orders {
			s.events.wake(o.Device)
			f.mark = o.Mark()
		}
	}
	if err := s.keepList(ctx); err != nil {
		return err
	}
	f.gov = gov // the next look is for what came after; what failed is tried again
	return nil
}

// getEvents tells a device its orders as they are given, until it hangs up.
func (s *Server) getEvents(w http.ResponseWriter, r *http.Request, c *call) error {
	after, err := readMark(r)
	if err != nil {
		return err
	}
	waiter, leave := s.events.join(c.device.ID) // before the first look, so that nothing is missed
	defer leave()
	out := newStream(w)
	_ = out.rc.SetReadDeadline(time.Time{}) // nothing more is read; a writer without deadlines has none to lift
	head := w.Header()
	head.Set("Content-Type", wire.MediaEvents)
	head.Set("X-Accel-Buffering", "no") // proxies that would collect the whole answer first
	if _, err := out.Write([]byte(": here\n\n")); err != nil {
		return nil //nolint:nilerr // it hung up
	}
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		if after, err = s.sendOrders(r.Context(), out, c.device.ID, after); err != nil {
			return err
		}
		select {
		case <-waiter.news:
		case <-alive.C:
			if _, err := out.Write([]byte(": still here\n\n")); err != nil {
				return nil //nolint:nilerr // it hung up
			}
			s.seen.add(store.Contact{Device: c.device.ID, At: s.now(), Address: c.address})
		case <-waiter.out:
			return nil
		case <-s.events.done:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}

// sendOrders sends what there is after a mark, and returns the last one's.
func (s *Server) sendOrders(ctx context.Context, out *stream, device vault.ID, after lease.Mark) (lease.Mark, error) {
	for {
		orders, err := s.catalog.Orders(ctx, device, after)
		if err != nil {
			return after, err
		}
		for _, o := range orders {
			token, err := s.signOrder(o)
			if err != nil {
				return after, err
			}
			if _, err := fmt.Fprintf(out, "event: %s\nid: %s\ndata: %s\n\n", wire.EventOrder, o.Mark(), token); err != nil {
				return after, err
			}
			after = o.Mark()
		}
		if err := out.rc.Flush(); err != nil {
			return after, err
		}
		if len(orders) == 0 {
			return after, nil
		}
	}
}
