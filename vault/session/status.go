package session

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// Status is everything that can be said about the client without a password.
type Status struct {
	Mode      Mode
	SignedIn  bool
	User      string // as typed; empty: nobody ever signed in
	Server    ServerStatus
	Device    DeviceStatus
	AutoCache bool
	Cache     *cache.Status // nil: none
	Drafts    bool          // there are edits that Connect would drop
	Ending    Ending        // how near the end of the cache's lease is
	Recovery  RecoveryStatus
	Keys      []KeyStatus // security keys, one of which the cache needs; empty: it needs none
}

// ServerStatus is the server of the current account.
type ServerStatus struct {
	URL, Pin  string
	Kind      Kind
	Reachable *bool // nil: not asked
}

// DeviceStatus is this device as the server last had it. The ID is zero if it
// is not enrolled.
type DeviceStatus struct {
	ID    vault.ID
	State wire.DeviceState
	Chip  ChipStatus
	// Copied: the server has suspended it because two chips have its identity.
	Copied bool
}

// Status reports how the client stands. It uses no network.
func (s *Session) Status(ctx context.Context) (Status, error) {
	st, err := s.home.load()
	if err != nil {
		return Status{Mode: Disconnected}, err
	}
	out := Status{Mode: st.Mode}
	a := st.current()
	if a == nil {
		return out, nil
	}
	out.User, out.AutoCache, out.SignedIn = a.User, a.AutoCache, a.signedIn(s.now())
	out.Server.URL = a.Server
	if srv := st.server(a.Server); srv != nil {
		out.Server.Kind, out.Server.Pin = srv.Kind, srv.Root
		if srv.Root == "" {
			out.Server.Pin = srv.Pin
		}
		if srv.Kind == Tideover {
			out.Device = DeviceStatus{a.Device.ID, a.Device.State, s.chipStatus(&a.Device), a.Device.copied()}
		}
	}
	out.Drafts = s.hasDrafts(st, a)
	if out.Cache, err = s.cacheStatus(ctx, st, a); err != nil {
		return out, err
	}
	if out.Cache != nil && !out.Drafts {
		out.Cache.OverlayEdits = 0 // what was dropped may lie there until the next unlock
	}
	out.Ending, out.Recovery, out.Keys = endingOf(out.Cache), recoveryStatus(a, out.Cache), keyStatus(a, out.Cache)
	if st.Mode == Offline && !usable(out.Cache) {
		out.Mode = next(facts{Before: Offline, Event: CacheEnded})
	}
	return out, nil
}

// Check asks the server whether it is there, and what it says about this
// device, and reports Status after it. A server that does not answer is no
// error: Reachable says so.
func (s *Session) Check(ctx context.Context) (Status, error) {
	st, err := s.home.load()
	if err != nil {
		return Status{Mode: Disconnected}, err
	}
	a := st.current()
	if a == nil {
		return s.Status(ctx)
	}
	remote, err := s.reach(ctx, st, a)
	reachable := err == nil
	if reachable { // what is wrong with the journal is not what was asked for
		err = vault.NotSignedIn
		if a.signedIn(s.now()) && s.resume(ctx, a, remote) == nil {
			_, err = s.contact(ctx, remote)
		}
		if errors.Is(err, vault.NotSignedIn) { // or not any more: the device can ask by itself
			_, err = s.contactAsDevice(ctx, remote)
		}
	}
	if errors.Is(err, vault.Unreachable) || errors.Is(err, vault.BadAnswer) {
		err = nil
	}
	status, statusErr := s.Status(ctx)
	status.Server.Reachable = &reachable
	return status, errors.Join(err, statusErr)
}

// Met is what a server said when it was asked for nothing but who it is.
type Met struct {
	URL, Pin string
	Time     time.Time     // of the server's clock; zero: it did not say
	Skew     time.Duration // this computer's clock less the server's
}

// AskServer asks the server of the current account who it is, for a check of
// the connection. It sends nothing secret and changes no mode. NotSignedIn if
// there never was an account.
func (s *Session) AskServer(ctx context.Context) (Met, error) {
	st, err := s.home.load()
	if err != nil {
		return Met{}, err
	}
	a := st.current()
	if a == nil {
		return Met{}, vault.NotSignedIn
	}
	met := Met{URL: a.Server}
	remote, err := s.reach(ctx, st, a)
	if err != nil {
		return met, err
	}
	id, err := remote.Probe(ctx)
	if err != nil {
		return met, err
	}
	met.Pin = id.Pin
	if id.Server != nil {
		met.Pin, met.Time = lease.Pin(id.Server.Identity), id.Server.Time
		met.Skew = s.now().Sub(id.Server.Time)
	}
	return met, nil
}
