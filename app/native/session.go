package native

import "sync"

// Kind is what happened to the session.
type Kind string

// The kinds of events. Any program of the session can forge those that come
// over its bus, so they may lock, but ScreenUnlocked must never unlock anything.
const (
	ScreenLocked   Kind = "screen_locked" // or is being locked
	ScreenUnlocked Kind = "screen_unlocked"
	Sleeping       Kind = "sleeping" // about to; the system waits a moment for Handled
	Woke           Kind = "woke"
	SessionEnding  Kind = "session_ending" // logout or shutdown; the system waits a moment for Handled
)

// Event is one thing that happened. The same thing may be told twice, by the
// lock screen and by the login manager.
type Event struct {
	Kind    Kind
	handled func()
}

// Handled lets the system go on to sleep or to end, and does nothing for the
// other kinds or the second time. Call it when the vault is locked. If it is
// not called, the system goes on by itself: logind after 5 s (its
// InhibitDelayMaxSec), Windows after about 2 s.
func (e Event) Handled() {
	if e.handled != nil {
		e.handled()
	}
}

// once makes a handled of what must be done once.
func once(f func()) func() { return sync.OnceFunc(f) }

// Session tells what happens to the session of the user.
type Session struct {
	in      chan Event
	out     chan Event
	quit    chan struct{}
	over    sync.WaitGroup
	stop    sync.Once
	sources []string
	close   func() // of the system: ends its own goroutines, which send to in
}

// OpenSession listens to all that this system offers; Sources says what that
// is. Nothing at all is no error: the window still has its idle time.
func OpenSession() *Session {
	s := &Session{in: make(chan Event), out: make(chan Event), quit: make(chan struct{})}
	s.over.Go(s.relay)
	s.sources, s.close = listenSession(s)
	return s
}

// Events gets every event, in order; none is lost however late it is read. It
// is closed by Close.
func (s *Session) Events() <-chan Event { return s.out }

// Sources names what is listened to, for a diagnosis. Empty: nobody tells.
func (s *Session) Sources() []string { return s.sources }

// Close ends listening and lets go of what keeps the system from sleeping.
func (s *Session) Close() error {
	s.stop.Do(func() {
		close(s.quit)
		s.close()
		s.over.Wait()
	})
	return nil
}

// send passes an event on, unless the session is closed.
func (s *Session) send(e Event) {
	select {
	case s.in <- e:
	case <-s.quit:
	}
}

// relay is a queue without an end: a bus or a window procedure must never wait
// for the window.
func (s *Session) relay() {
	defer close(s.out)
	var queue []Event
	for {
		var out chan Event
		var head Event
		if len(queue) > 0 {
			out, head = s.out, queue[0]
		}
		select {
		case <-s.quit:
			return
		case e := <-s.in:
			queue = append(queue, e)
		case out <- head:
			queue = queue[1:]
		}
	}
}
