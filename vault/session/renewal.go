package session

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/wire"
)

// renew asks for a new lease for the cache that is there, without the password
// and to the full number of days of the server's policy. A server that does not
// renew it is no error: the lease that is there goes on to its end.
func (c *contacting) renew(ctx context.Context) error {
	s := c.g.s
	st, err := s.home.load()
	if err != nil {
		return err
	}
	a := st.account(c.account)
	if a == nil || a.Device.State != wire.DeviceApproved {
		return nil
	}
	var status cache.Status
	err = s.withStore(a, func(store *cache.Store) (err error) {
		status, err = store.Status(ctx)
		return err
	})
	if err != nil {
		return tolerateCache(err)
	}
	if l := status.Lease; l != nil && l.Policy.Poll > 0 {
		c.poll = max(l.Policy.Poll.Duration(), pollLeast)
	}
	if !c.due(&status) {
		return nil
	}
	request := wire.LeaseRequest{Cache: status.Cache, Generation: status.Generation}
	if status.Level.Sealed() {
		clock, err := s.cfg.Chip.Clock(ctx)
		if err != nil {
			return nil //nolint:nilerr // the chip is busy: the next contact does it
		}
		request.ClockMS, request.Resets = clock.MS, clock.Resets
	}
	signer := c.signer
	if status.Level == binding.LevelA {
		signer = counting(signer, generation{c.device, status.Cache, status.Generation}, c.counter(a))
	}
	token, err := c.remote.RenewLease(ctx, c.device, request, signer)
	if errors.Is(err, vault.Unreachable) || errors.Is(err, vault.BadAnswer) {
		return err
	}
	if errors.Is(err, vault.Suspended) { // by this very request, perhaps: its order says so
		return c.orders(ctx)
	}
	if errors.Is(err, vault.NotPermitted) && status.Level == binding.LevelA && c.reportA(ctx, a) {
		token, err = c.remote.RenewLease(ctx, c.device, request, signer)
	}
	if errors.Is(err, vault.Suspended) { // by this very request, perhaps: its order says so
		return c.orders(ctx)
	}
	if err != nil {
		c.g.tell(News{Kind: LeaseRefused, Err: err})
		return nil
	}
	var done cache.Renewal
	err = s.withStore(a, func(store *cache.Store) (err error) {
		done, err = store.Renew(ctx, token)
		return err
	})
	if err != nil {
		if tolerateCache(err) == nil {
			return nil
		}
		c.g.tell(News{Kind: LeaseRefused, Err: err})
		return nil
	}
	c.g.tell(News{Kind: LeaseRenewed, Until: done.Lease.Term().Expires})
	return nil
}

// counter has the chip state the counter of an account's cache.
func (c *contacting) counter(a *account) counterOf {
	return func(ctx context.Context, key []byte, qualifying [32]byte) (said binding.Statement, err error) {
		err = c.g.s.withStore(a, func(store *cache.Store) (err error) {
			said, err = store.CertifyCounter(ctx, key, qualifying)
			return err
		})
		return said, err
	}
}

// due reports whether a lease is to be asked for: there is a cache that one
// could be for, and the one that it has is not of just now.
func (c *contacting) due(status *cache.Status) bool {
	l := status.Lease
	if !status.Readable || l == nil || l.Device != c.device {
		return false
	}
	switch status.State {
	case cache.Usable, cache.LockedOut, cache.KeyRequired:
		return l.Epoch != c.met.Epoch || c.met.Time.Sub(l.Issued.Time()) >= renewEvery
	case cache.Expired, cache.Revoked: // of an epoch that is over
		return true
	}
	return false
}

// tolerateCache is tolerate for what may be the matter with a cache that is to be
// renewed.
func tolerateCache(err error) error { return tolerate(unreadable(err)) }

// unreadable drops the errors of a cache that cannot be read, and so does not
// open: that is for whoever opens it to hear, and keeps nobody from their server,
// nor the server's orders from being carried out.
func unreadable(err error) error {
	if errors.Is(err, vault.Damaged) || errors.Is(err, vault.Unsupported) || errors.Is(err, vault.Hostile) {
		return nil
	}
	return err
}
