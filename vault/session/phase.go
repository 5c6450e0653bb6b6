package session

import "context"

// Phase is a step of making a cache.
type Phase string

// The steps, in order. Of a Pleasant server everything is loaded before the key
// is sealed, because the server's package says when it ends.
const (
	PhaseAsking  Phase = "asking"  // the server, whether it may be
	PhaseKey     Phase = "key"     // the key is sealed in the chip
	PhaseLoading Phase = "loading" // entries come
	PhaseWriting Phase = "writing" // the file is written, and opened once
)

// Progress is told of every step when it begins, and while entries are loaded
// how many have come, of how many; total is 0 where that is not known. It is
// called on the goroutine of the command, which waits for it.
type Progress func(phase Phase, done, total int)

// enter tells that a step begins, and returns an error if nobody waits for it
// any more: each step is a place where giving up leaves everything as it was.
func (p Progress) enter(ctx context.Context, phase Phase) error {
	if p != nil {
		p(phase, 0, 0)
	}
	return ctx.Err()
}

// loading returns p for the entries that come; nil if nobody listens.
func (p Progress) loading() func(done, total int) {
	if p == nil {
		return nil
	}
	return func(done, total int) { p(PhaseLoading, done, total) }
}
