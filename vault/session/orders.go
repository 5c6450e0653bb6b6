package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// orderKeys returns the keys that sign orders and lists, as the server says and
// the pinned root proves.
func orderKeys(srv *server, met *wire.Server) (lease.KeySet, error) {
	if met == nil || lease.Pin(met.Identity) != srv.Root {
		return lease.KeySet{}, vault.Fail(vault.IdentityChanged, "the server that governs this device has another identity")
	}
	return lease.VerifySubKeys(met.Identity, trust(met).Keys)
}

// carryOut verifies an order and does what it says, and returns what to tell.
// It is not carried out a second time, and not at all if it is another's; the
// mark of what was carried out outlives the process. An error means that it
// could not be done now: it comes again.
func (s *Session) carryOut(ctx context.Context, key, token string, keys lease.KeySet) (News, error) {
	o, err := lease.VerifyOrder(token, keys)
	if err != nil {
		return News{Kind: OrderIgnored, Err: err}, nil
	}
	_, a, err := s.accountNow(key)
	if err != nil || a == nil {
		return News{}, err
	}
	if !o.Device.IsZero() && (o.Device != a.Device.ID || !a.UserID.IsZero() && o.User != a.UserID) {
		return News{Kind: OrderIgnored, Order: o.Kind, Err: errors.New("it is for another device")}, nil
	}
	if !a.Ordered.Before(o.Mark()) {
		return News{Kind: OrderIgnored, Order: o.Kind, Err: fmt.Errorf("it is %s, and %s was carried out", o.Mark(), a.Ordered)}, nil
	}
	news, err := s.perform(ctx, a, o)
	if err != nil {
		return News{}, fmt.Errorf("carry out the order %q: %w", o.Kind, err)
	}
	return news, s.passed(ctx, key, func(a *account) *lease.Mark { return &a.Ordered }, o.Mark())
}

// accountNow returns the state as it is now, and in it the account of a key; nil:
// it is gone.
func (s *Session) accountNow(key string) (*state, *account, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, nil, err
	}
	return st, st.account(key), nil
}

// passed moves one of an account's marks on, never back.
func (s *Session) passed(ctx context.Context, key string, which func(*account) *lease.Mark, to lease.Mark) error {
	_, err := s.home.update(ctx, func(st *state) error {
		if a := st.account(key); a != nil && which(a).Before(to) {
			*which(a) = to
		}
		return nil
	})
	return err
}

// perform does what a verified order says.
func (s *Session) perform(ctx context.Context, a *account, o *lease.Order) (News, error) {
	news := News{Order: o.Kind}
	switch o.Kind {
	case lease.OrderRevoke:
		news.Kind = CacheRevoked
		return news, s.end(ctx, a, ending{why: cache.ByRevoked, device: wire.DeviceRevoked, keepSession: true, reached: everything})
	case lease.OrderWipe:
		news.Kind = CacheRevoked
		return news, s.end(ctx, a, ending{why: cache.ByRevoked, device: a.Device.State, reached: func(status *cache.Status) bool {
			return o.Generation == 0 || status.Generation <= o.Generation
		}})
	case lease.OrderKill:
		news.Kind = CacheWiped
		return news, s.end(ctx, a, ending{why: cache.ByOrder, device: a.Device.State, keepSession: true, reached: func(status *cache.Status) bool {
			return status.Lease == nil || status.Lease.Epoch < o.Epoch
		}})
	case lease.OrderSuspend, lease.OrderResume:
		return s.suspend(ctx, a, o.Kind == lease.OrderSuspend)
	}
	return News{Kind: OrderIgnored, Order: o.Kind, Err: fmt.Errorf("the order %q is not known", o.Kind)}, nil
}

func everything(*cache.Status) bool { return true }

// ending is how a cache comes to its end by the server.
type ending struct {
	why         cache.Reason
	device      wire.DeviceState // afterwards
	keepSession bool             // the account itself has not ended
	reached     func(*cache.Status) bool
}

// end locks and wipes the cache, and notes that the receipt is due. Whatever is
// open in this process is gone first; other processes of this home are told to
// lock.
func (s *Session) end(ctx context.Context, a *account, e ending) error {
	st, err := s.home.load()
	if err != nil {
		return err
	}
	generation, err := s.wipe(ctx, st, a, e)
	if err != nil {
		return err
	}
	_, err = s.happened(ctx, CacheEnded, true, func(st *state) error {
		st.LockSeq++
		known := st.account(a.Key)
		if known == nil {
			return nil
		}
		known.Device.State, known.Drafts = e.device, nil
		known.Receipt = max(known.Receipt, generation)
		if !e.keepSession {
			known.Token = nil
		}
		return nil
	})
	return err
}

// wipe clears the cache if the order reaches it, and returns the generation that
// is gone; 0: there was none. No network is used.
func (s *Session) wipe(ctx context.Context, st *state, a *account, e ending) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.open != nil && s.open.account == a.Key
	store, err := s.store(st, a)
	if err != nil {
		return 0, err
	}
	defer func() { _ = store.Close() }() // nothing is left open in it
	status, err := store.Status(ctx)
	switch {
	case errors.Is(err, vault.NoCache):
		// No file, but one may come back that was moved away: the order is for it
		// as well, and the client state takes the mark.
	case unreadable(err) != nil:
		return 0, err
	case err == nil && gone(&status):
		s.lockFor(open, e.why)
		return 0, nil // done before
	case err == nil && !e.reached(&status):
		return 0, nil
	}
	s.lockFor(open, e.why)
	done, err := clearStore(ctx, store, e.why, status.Generation)
	if err != nil && !errors.Is(err, vault.NoCache) {
		return 0, err
	}
	return done.generation, nil
}

// gone reports a cache that was wiped before: one whose lease is of an epoch
// that is over is revoked too, and still there.
func gone(status *cache.Status) bool {
	return (status.State == cache.Wiped || status.State == cache.Revoked) && !status.Readable
}

// lockFor locks for the server, so that Keep says why. The caller holds s.mu.
func (s *Session) lockFor(open bool, why cache.Reason) {
	if !open {
		return
	}
	s.lockNow()
	s.ended = vault.Wiped
	if why == cache.ByRevoked {
		s.ended = vault.Revoked
	}
}

// suspend keeps the cache from being opened, or ends that.
func (s *Session) suspend(ctx context.Context, a *account, on bool) (News, error) {
	news, after, order := News{Kind: DeviceResumed, Order: lease.OrderResume}, wire.DeviceApproved, (*cache.Store).Resume
	if on {
		news, after, order = News{Kind: DeviceSuspended, Order: lease.OrderSuspend}, wire.DeviceSuspended, (*cache.Store).Suspend
	}
	err := s.withStore(a, func(store *cache.Store) error {
		if err := unreadable(order(store, ctx)); err != nil {
			return err
		}
		if on && s.open != nil && s.open.account == a.Key {
			s.lockNow()
			s.ended = vault.Suspended
		}
		return nil
	})
	if err != nil {
		return News{}, err
	}
	_, err = s.home.update(ctx, func(st *state) error {
		if on {
			st.LockSeq++
		}
		if known := st.account(a.Key); known != nil && !known.Device.ended() {
			known.Device.State = after
			if !on {
				known.Device.Why = ""
			}
		}
		return nil
	})
	return news, err
}

// withStore runs fn with the account's store while nobody opens it: a person who
// opens the cache now never finds it busy with this. fn must not use the
// network.
func (s *Session) withStore(a *account, fn func(*cache.Store) error) error {
	st, err := s.home.load()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil && s.open.account == a.Key {
		return fn(s.open.store)
	}
	store, err := s.store(st, a)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }() // nothing is left open in it
	return fn(store)
}

// consult reads the list of those who left. It only ever takes away.
func (s *Session) consult(ctx context.Context, key, token string, keys lease.KeySet, now time.Time) (News, error) {
	l, err := lease.VerifyList(token, keys)
	if err != nil {
		return News{Kind: ListIgnored, Err: err}, nil
	}
	st, a, err := s.accountNow(key)
	if err != nil || a == nil {
		return News{}, err
	}
	if l.Mark().Before(a.Listed) {
		return News{Kind: ListIgnored, Err: fmt.Errorf("it is %s, and %s was seen", l.Mark(), a.Listed)}, nil
	}
	var news News
	if now.Sub(l.Issued.Time()) > lease.ListFresh {
		news = News{Kind: ListIgnored, Err: fmt.Errorf("it stands still since %s", l.Issued.Time().Format(time.RFC3339))}
	}
	if a.Listed.Before(l.Mark()) {
		if err := s.passed(ctx, key, func(a *account) *lease.Mark { return &a.Listed }, l.Mark()); err != nil {
			return News{}, err
		}
	}
	if l.Mark().Before(a.Ordered) {
		return news, nil // somebody on it may have come back since
	}
	switch {
	case !a.Device.ID.IsZero() && !a.Device.ended() && l.HasDevice(a.Device.ID) && a.Device.State != wire.DeviceRevoked && a.Device.State != wire.DeviceWiped:
		return News{Kind: CacheRevoked, Order: lease.OrderRevoke},
			s.end(ctx, a, ending{why: cache.ByRevoked, device: wire.DeviceRevoked, keepSession: true, reached: everything})
	case !a.UserID.IsZero() && l.HasUser(a.UserID):
		status, err := s.cacheStatus(ctx, st, a)
		if err != nil || status == nil || gone(status) {
			return news, err
		}
		return News{Kind: CacheRevoked, Order: lease.OrderWipe},
			s.end(ctx, a, ending{why: cache.ByRevoked, device: a.Device.State, reached: everything})
	}
	return news, nil
}
