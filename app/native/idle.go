package native

import "time"

// Idle knows how long nobody has touched the keyboard or the mouse of the whole
// session. It is safe for concurrent use.
type Idle struct{ source idleSource }

// idleSource is one way to know it.
type idleSource interface {
	since() (time.Duration, error)
	name() string
	close()
}

// OpenIdle picks the way that this desktop offers. Where there is none, Since
// says so, and the window counts its own events instead.
func OpenIdle() *Idle { return &Idle{source: openIdle()} }

// Since returns the time since the last input; known is false where the
// desktop does not tell. It is asked of another process every time: a few
// times a minute is enough.
func (i *Idle) Since() (idle time.Duration, known bool) {
	if i.source == nil {
		return 0, false
	}
	idle, err := i.source.since()
	return max(idle, 0), err == nil
}

// Source names the way in use, for a diagnosis; empty if there is none.
func (i *Idle) Source() string {
	if i.source == nil {
		return ""
	}
	return i.source.name()
}

// Close releases the connection.
func (i *Idle) Close() error {
	if i.source != nil {
		i.source.close()
	}
	return nil
}
