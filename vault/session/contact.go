package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// trust is what the cache keeps of a governing server.
func trust(srv *wire.Server) cache.Trust {
	t := cache.Trust{Root: srv.Identity, Epoch: srv.Epoch, Time: srv.Time}
	for _, k := range srv.Keys {
		t.Keys = append(t.Keys, lease.SubKey{KID: k.KID, Use: lease.Use(k.Use), Public: k.Public, Signature: k.Signature})
	}
	return t
}

// contact is what happens whenever the server of the current account was met
// and its token is in use: the cache learns the server's keys and time, the
// device's state is asked for and obeyed, the journal goes up. A server that is
// lost on the way is no error here: it was met, and the next time does the rest.
// What is wrong with the journal is returned by itself: it stays here and is an
// alarm for the server, and no reason to keep anybody offline.
func (s *Session) contact(ctx context.Context, remote Remote) (journal, err error) {
	return s.meetAs(ctx, remote, func(ctx context.Context, a *account) (device, error) {
		return s.askUser(ctx, a, remote)
	})
}

// contactAsDevice is contact where nobody is signed in: the device itself asks.
func (s *Session) contactAsDevice(ctx context.Context, remote Remote) (journal, err error) {
	return s.meetAs(ctx, remote, func(ctx context.Context, a *account) (device, error) {
		return s.askDevice(ctx, a, remote)
	})
}

// howItStands asks the server for a device's state.
type howItStands func(ctx context.Context, a *account) (device, error)

func (s *Session) meetAs(ctx context.Context, remote Remote, ask howItStands) (journal, err error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	a := st.current()
	srv := st.server(a.Server)
	if srv == nil || srv.Kind != Tideover {
		return nil, nil
	}
	met, err := s.obey(ctx, st, a, remote, ask)
	if err != nil {
		return nil, tolerate(err)
	}
	if st, err = s.home.load(); err != nil { // the device may be another one now
		return nil, err
	}
	due := proving{}
	if met != nil {
		due.epoch = met.Epoch
	}
	if err := s.attest(ctx, st.Current, remote, due); err != nil {
		return nil, err
	}
	if st, err = s.home.load(); err != nil {
		return nil, err
	}
	a = st.current()
	governed := s.governedBy(st, a, remote, met)
	if governed != nil {
		if err := governed.orders(ctx); tolerate(err) != nil {
			return nil, err
		}
		if known, err := s.home.load(); err != nil {
			return nil, err
		} else if err := governed.receipt(ctx, known.current()); tolerate(err) != nil {
			return nil, err
		}
		if err := governed.receiptA(ctx); tolerate(err) != nil {
			return nil, err
		}
		if st, err = s.home.load(); err != nil {
			return nil, err
		}
		a = st.current()
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return nil, err
	}
	defer done()
	journal = s.upload(ctx, store, a, remote)
	// A key that the server does not accept any more has nothing left to sign once
	// the journal is there, or refused. Where the way was lost it waits.
	if journal == nil || tolerate(journal) != nil {
		if err := s.forgetKey(ctx, a); err != nil {
			return nil, err
		}
	}
	if governed != nil {
		if err := governed.renew(ctx); tolerate(err) != nil {
			return tolerate(journal), err
		}
	}
	return tolerate(journal), nil
}

// forgetKey drops the key of a device that was revoked or wiped, whose cache is
// gone: the identity stays what it is, and the next sign-in brings another.
func (s *Session) forgetKey(ctx context.Context, a *account) error {
	if !a.Device.over() || len(a.Device.KeyBlob) == 0 {
		return nil
	}
	if a.Receipt != 0 {
		return nil // it has to sign that yet
	}
	if ready, err := s.leaveChip(ctx, a); err != nil || !ready {
		return err
	}
	_, err := s.home.update(ctx, func(st *state) error {
		if known := st.account(a.Key); known != nil && known.Device.ID == a.Device.ID {
			known.Device = device{ID: a.Device.ID, State: a.Device.State}
		}
		return nil
	})
	return err
}

// askUser asks for the state of the account's device as its user, whose token is
// in use. A device that the server has forgotten is enrolled anew.
func (s *Session) askUser(ctx context.Context, a *account, remote Remote) (device, error) {
	d := a.Device
	answer, err := remote.Device(ctx, d.ID)
	switch {
	case errors.Is(err, vault.NotFound) && d.ended():
		return d, nil
	case errors.Is(err, vault.NotFound):
		return s.enrol(ctx, a, remote)
	case err != nil:
		return d, err
	}
	d.State, d.Why = answer.State, answer.Why
	return d, s.heardOfRelease(ctx, a.Key, answer.Released)
}

// askDevice asks for the state of the account's device as the device. One that
// has no key, or that the server does not know, stays what it was.
func (s *Session) askDevice(ctx context.Context, a *account, remote Remote) (device, error) {
	d := a.Device
	signer, err := s.signer(a)
	if err != nil {
		return d, nil //nolint:nilerr // not enrolled: there is nothing to ask for
	}
	answer, err := remote.DeviceState(ctx, d.ID, signer)
	switch {
	case errors.Is(err, vault.NotSignedIn):
		return d, nil
	case err != nil:
		return d, err
	}
	d.State, d.Why = answer.State, answer.Why
	return d, s.heardOfRelease(ctx, a.Key, answer.Released)
}

// tolerate drops the errors that must not stop a person who has met the server:
// the way was lost again, or another process is at the cache now.
func tolerate(err error) error {
	for _, c := range []vault.Cause{vault.Unreachable, vault.BadAnswer, vault.Busy, vault.NoCache} {
		if errors.Is(err, c) {
			return nil
		}
	}
	return err
}

// obey takes over what the server says about itself and about this device, and
// carries it out: a device that was revoked or wiped keeps no cache.
func (s *Session) obey(ctx context.Context, st *state, a *account, remote Remote, ask howItStands) (*wire.Server, error) {
	id, err := remote.Probe(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.learn(ctx, st, a, id.Server); err != nil {
		return nil, err
	}
	d, err := ask(ctx, a)
	if err != nil {
		return nil, err
	}
	if _, err := s.home.update(ctx, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.Device.takeOver(d)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	switch d.State {
	case wire.DeviceWiped:
		err = s.clear(ctx, st, a, remote, cache.ByOrder)
	case wire.DeviceRevoked:
		err = s.clear(ctx, st, a, remote, cache.ByRevoked)
	case wire.DeviceSuspended, wire.DeviceApproved:
		_, err = s.suspend(ctx, a, d.State == wire.DeviceSuspended)
	}
	return id.Server, err
}

func (s *Session) learn(ctx context.Context, st *state, a *account, srv *wire.Server) error {
	if srv == nil {
		return nil
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return err
	}
	defer done()
	if err := unreadable(store.Learn(ctx, trust(srv))); err != nil {
		return fmt.Errorf("learn the server's keys: %w", err)
	}
	return nil
}
