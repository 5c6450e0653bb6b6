package auth

import (
	"container/list"
	"sync"
	"time"
)

// throttle counts failures under keys that are not accounts: addresses of
// clients, and names that do not exist. It keeps the newest keys only, in this
// process only: it slows down, the counters of accounts decide.
type throttle struct {
	rule Lockout
	keep int

	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // of *counter, newest first
}

type counter struct {
	key string
	count
}

// count is how often a key has failed, and what it waits for.
type count struct {
	failures    int64
	lastFailure time.Time
	lockedUntil time.Time
}

// mark is one attempt in the count of a key.
type mark struct {
	of           *counter
	before, made count // without and with the attempt
}

func newThrottle(rule Lockout, keep int) *throttle {
	return &throttle{rule: rule, keep: keep, byKey: map[string]*list.Element{}, order: list.New()}
}

// begin counts an attempt as a failure, and returns until when the key is
// locked; zero: go on. takeBack takes the mark back.
func (t *throttle) begin(key string, now time.Time) (mark, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.byKey[key]
	if !ok {
		if t.order.Len() >= t.keep {
			oldest := t.order.Back()
			delete(t.byKey, t.order.Remove(oldest).(*counter).key)
		}
		e = t.order.PushFront(&counter{key: key})
		t.byKey[key] = e
	}
	t.order.MoveToFront(e)
	c := e.Value.(*counter)
	if now.Before(c.lockedUntil) {
		return mark{}, c.lockedUntil
	}
	m := mark{of: c, before: c.count}
	if now.Sub(c.lastFailure) > t.rule.Forget {
		c.failures = 0
	}
	c.failures++
	c.lastFailure, c.lockedUntil = now, t.rule.until(c.failures, now)
	m.made = c.count
	return m, time.Time{}
}

// takeBack takes back what begin counted, and no more: whoever has a password of
// their own does not lift what guesses at others have earned. Only time does.
func (t *throttle) takeBack(m mark) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.of.count == m.made { // nobody else has tried
		m.of.count = m.before
		return
	}
	m.of.failures = max(m.of.failures-1, 0)
	m.of.lockedUntil = t.rule.until(m.of.failures, m.of.lastFailure)
}
