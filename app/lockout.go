package app

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// lockout is until when the chip takes no password. The chip says only how many
// failures it remembers and how long it takes to forgive one, not how much of
// that is over: every reading of the status counts from anew. So the soonest end
// that was read holds, until there are more failures.
type lockout struct {
	failed int
	until  time.Time // zero: it takes one
	tick   *task
}

// forgiving is how long after that end the chip is asked before a new one is
// believed: its clock and the computer's do not tick together.
const forgiving = time.Minute

// judge returns the status with the end that holds.
func (l *lockout) judge(st session.Status, now time.Time) session.Status {
	c := st.Cache
	var problem *vault.Problem
	if c == nil || c.State != cache.LockedOut || !errors.As(c.Problem, &problem) || problem.Until.IsZero() {
		l.until = time.Time{}
		return st
	}
	if holds := l.until.Add(forgiving).After(now) && l.until.Before(problem.Until) && c.Tries.Failed <= l.failed; !holds {
		l.until = problem.Until
	}
	l.failed = c.Tries.Failed
	sooner, judged := *problem, *c
	sooner.Until = l.until
	judged.Problem = &sooner
	st.Cache = &judged
	return st
}

// count paints the time that is left, and asks the chip when none is. A time of
// zero stops it.
func (p *unlockPlace) count(until time.Time) {
	l := &p.locked
	if until.IsZero() {
		l.stop()
		return
	}
	if l.tick.running() {
		return
	}
	wait := time.Second
	over := !until.After(p.d.now())
	if over {
		wait = keepEvery // it was asked just now
	}
	l.tick = start(p.d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		return struct{}{}, pause(ctx, wait)
	}, func(struct{}, error) {
		if l.until.After(p.d.now()) {
			p.paint()
			return
		}
		p.d.refresh()
	}, nil)
}

func (l *lockout) stop() {
	l.tick.Cancel()
	l.tick = nil
}
