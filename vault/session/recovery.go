package session

import (
	"context"
	"crypto/ecdsa"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// Recovery says what the recovery key of an organisation means for a cache that
// is made now: two of its administrators together can release the machine secret
// (escrow/FORMAT.md). A person has to be told before.
type Recovery struct {
	Key string // id of the recovery key
	// Withheld: the cache will need a security key, so the machine secret is not
	// escrowed, and nobody can release it.
	Withheld bool
}

// RecoveryStatus is what this client knows of a cache and the organisation's
// recovery.
type RecoveryStatus struct {
	// Escrowed: the machine secret of the cache in place was sent, wrapped to the
	// recovery key. Whether the server still has it, it does not tell.
	Escrowed bool
	Released *Release // the newest; nil: none that this client has heard of
}

// Release is one of a machine secret, as the server told it.
type Release struct {
	ID                          vault.ID
	At                          time.Time
	Generation                  uint64
	AskedBy, ApprovedBy, Reason string
	InPlace                     bool // it is of the cache that is there
}

// recoveryState is what an account remembers of it.
type recoveryState struct {
	// Key is the recovery key whose meaning the person was told of when a cache was
	// made last; empty: of none.
	Key string `json:"key"`
	// Cache and Generation are those whose machine secret was escrowed; 0: none.
	Cache      vault.ID       `json:"cache"`
	Generation uint64         `json:"generation"`
	Released   *wire.Released `json:"released,omitempty"`
	Told       vault.ID       `json:"told"` // the release that a running program has told of
}

// recovery returns what is remembered, made if need be.
func (a *account) recovery() *recoveryState {
	if a.Recovery == nil {
		a.Recovery = &recoveryState{}
	}
	return a.Recovery
}

// escrowing is what makeCache does with the recovery key: nothing, unless the
// server of now lists one that the pinned root has signed, and the person was
// told. The zero value does nothing.
type escrowing struct {
	key  string
	pub  *ecdsa.PublicKey
	user vault.ID
	told bool
	sent bool
}

// take remembers the recovery key that a server lists. One that does not prove
// itself is none; what else is wrong with the keys is found where they are used.
func (e *escrowing) take(srv *server, met *wire.Server, user vault.ID) {
	if e == nil { // nothing is made
		return
	}
	*e = escrowing{user: user}
	if srv == nil {
		return
	}
	keys, err := orderKeys(srv, met)
	if err != nil {
		return
	}
	e.key, e.pub, _ = keys.Recovery()
}

// tell has the person told before anything is made, if it was not done before
// for the same key and nobody is there to read.
func (e *escrowing) tell(ctx context.Context, a *account, r CacheRequest, withheld bool) error {
	switch {
	case e.pub == nil:
	case r.Recovery != nil:
		told, err := r.Recovery(ctx, Recovery{e.key, withheld})
		if err != nil {
			return err
		}
		e.told = told && !withheld
	case r.byTheWay && a.Recovery != nil:
		e.told = !withheld && a.Recovery.Key == e.key
	}
	return nil
}

// wrap returns what goes with the cache request; nil: nothing.
func (e *escrowing) wrap(p *cache.Pending) (*wire.Escrow, error) {
	if e.pub == nil || !e.told || p.NeedsKeys() || e.user.IsZero() {
		return nil, nil
	}
	wrapped, err := p.Escrow(cache.EscrowTo{Key: e.pub, User: e.user})
	if err != nil {
		return nil, err
	}
	e.sent = true
	return &wire.Escrow{Key: e.key, Wrapped: wrapped}, nil
}

// note remembers what was done for a cache that is there now. What a person was told
// holds until the next cache that is made by hand: who hears nothing then, or says
// no, is not escrowed beside something else later.
func (e *escrowing) note(a *account, d cache.Declaration, byTheWay bool) {
	if a.Recovery == nil && !e.sent {
		return
	}
	r := a.recovery()
	r.Cache, r.Generation = vault.ID{}, 0
	if !byTheWay {
		r.Key = ""
	}
	if e.told {
		r.Key = e.key
	}
	if e.sent {
		r.Cache, r.Generation = d.Cache, d.Generation
	}
}

// withheld reports whether a cache will need a security key, as far as can be
// told before the person has plugged in one.
func withheld(ctx context.Context, store *cache.Store, from *cache.Opened, use lease.KeyUse, r CacheRequest) bool {
	switch {
	case r.keys != nil, r.Key.Wish == KeyNew, use == lease.KeyRequired:
		return true
	case r.Key.Wish == KeysNone:
		return false
	case from != nil:
		return len(from.SecurityKeys()) > 0
	}
	status, err := store.Status(ctx)
	return err == nil && len(status.Keys) > 0
}

// recoveryTerms returns what a person has to be told before a cache; nil:
// nothing.
func (s *Session) recoveryTerms(ctx context.Context, st *state, a *account, remote Remote, t *CacheTerms) (*Recovery, error) {
	if !t.Governed {
		return nil, nil
	}
	id, err := remote.Probe(ctx)
	if err != nil {
		return nil, err
	}
	var e escrowing
	e.take(st.server(a.Server), id.Server, a.UserID)
	if e.pub == nil {
		return nil, nil
	}
	return &Recovery{Key: e.key, Withheld: t.SecurityKey == lease.KeyRequired || len(t.Keys) > 0}, nil
}

// heardOfRelease keeps what the server said about releases of this device's
// machine secret: Status has it from then on.
func (s *Session) heardOfRelease(ctx context.Context, key string, r *wire.Released) error {
	if r == nil {
		return nil
	}
	_, a, err := s.accountNow(key)
	if err != nil || a == nil || a.Recovery != nil && a.Recovery.Released != nil && a.Recovery.Released.ID == r.ID {
		return err
	}
	_, err = s.home.update(ctx, func(st *state) error {
		if known := st.account(key); known != nil {
			known.recovery().Released = r
		}
		return nil
	})
	return err
}

// released is heardOfRelease of a program that runs, which tells of each once.
func (c *contacting) released(ctx context.Context, r *wire.Released) error {
	if r == nil {
		return nil
	}
	if err := c.g.s.heardOfRelease(ctx, c.account, r); err != nil {
		return err
	}
	_, a, err := c.g.s.accountNow(c.account)
	if err != nil || a == nil || a.Recovery == nil || a.Recovery.Told == r.ID {
		return err
	}
	if _, err := c.g.s.home.update(ctx, func(st *state) error {
		if known := st.account(c.account); known != nil {
			known.recovery().Told = r.ID
		}
		return nil
	}); err != nil {
		return err
	}
	c.g.tell(News{Kind: SecretReleased})
	return nil
}

// serverOf returns the record of an account's server as it is now, or nil.
func (s *Session) serverOf(a *account) *server {
	st, err := s.home.load()
	if err != nil {
		return nil
	}
	return st.server(a.Server)
}

// recoveryStatus says what is known, for a cache that is there.
func recoveryStatus(a *account, c *cache.Status) RecoveryStatus {
	r := a.Recovery
	if r == nil {
		return RecoveryStatus{}
	}
	here := func(id vault.ID, generation uint64) bool {
		return c != nil && c.Readable && generation != 0 && c.Cache == id && c.Generation == generation
	}
	out := RecoveryStatus{Escrowed: here(r.Cache, r.Generation)}
	if x := r.Released; x != nil {
		out.Released = &Release{
			ID: x.ID, At: x.At, Generation: x.Generation, AskedBy: x.AskedBy, ApprovedBy: x.ApprovedBy, Reason: x.Reason,
			InPlace: here(x.Cache, x.Generation),
		}
	}
	return out
}
