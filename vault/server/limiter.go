package server

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxBuckets bounds the memory of one limiter: some 200 bytes each. When it is
// full the idle ones go, and if none is idle all go; an attacker who holds that
// many addresses gains one burst from each.
const maxBuckets = 1 << 16

// limiter counts requests by key with one token bucket each. The accounts
// themselves are guarded in vault/server/auth, over all instances; this one
// only keeps a single address from keeping the server busy. It is safe for
// concurrent use.
type limiter struct {
	every time.Duration // one more request each
	burst int
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimiter(every time.Duration, burst int, now func() time.Time) *limiter {
	return &limiter{every: every, burst: burst, now: now, buckets: map[string]*rate.Limiter{}}
}

// allow takes one request of key's budget. Without budget it returns when the
// next is there.
func (l *limiter) allow(key string) (until time.Time, ok bool) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.buckets[key]
	if bucket == nil {
		l.makeRoom(now)
		bucket = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.buckets[key] = bucket
	}
	if bucket.AllowN(now, 1) {
		return time.Time{}, true
	}
	return now.Add(l.every), false
}

func (l *limiter) makeRoom(now time.Time) {
	if len(l.buckets) < maxBuckets {
		return
	}
	for key, bucket := range l.buckets {
		if bucket.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}

// peer returns the address of the other side, without port, IPv6 cut to the
// /64 that one customer gets. Headers of proxies are not believed.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}
