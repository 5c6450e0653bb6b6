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
	key         string
	failures    int64
	lastFailure time.Time
	lockedUntil time.Time
}

func newThrottle(rule Lockout, keep int) *throttle {
	return &throttle{rule: rule, keep: keep, byKey: map[string]*list.Element{}, order: list.New()}
}

// begin counts an attempt as a failure, and returns until when the key is
// locked; zero: go on. success takes the count back.
func (t *throttle) begin(key string, now time.Time) time.Time {
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
		return c.lockedUntil
	}
	if now.Sub(c.lastFailure) > t.rule.Forget {
		c.failures = 0
	}
	c.failures++
	c.lastFailure, c.lockedUntil = now, t.rule.until(c.failures, now)
	return time.Time{}
}

// success takes back what begin counted.
func (t *throttle) success(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.byKey[key]; ok {
		c := e.Value.(*counter)
		c.failures = max(c.failures-1, 0)
		c.lockedUntil = time.Time{}
	}
}
