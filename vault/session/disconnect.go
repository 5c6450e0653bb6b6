package session

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
)

// CacheRequest is what a person gives to make a cache (Disconnect/Cache…).
type CacheRequest struct {
	// Password is the account's. It signs in where there is no live session,
	// and the master password must differ from it.
	Password, OTP vault.Secret
	// Master is asked for the new master password when everything else is in
	// order; the rules are what it will be held to.
	Master   func(ctx context.Context, rules policy.MasterRules) (vault.Secret, error)
	Comment  string   // why, where the server wants to know
	Progress Progress // may be nil
	Key      KeyRequest

	// Recovery tells the person what the recovery key of the organisation means for
	// this cache, before anything of it is made, and reports whether they were told;
	// its error ends the command. Nil, or not told: the machine secret is not
	// escrowed.
	Recovery func(ctx context.Context, r Recovery) (told bool, err error)

	keys choice // of the security keys, for a change of them; nil: as Key says
	// Level is how the cache is to be bound. Empty: as well as can be, and never
	// below level A once there was a cache of it. A: that, or none. B: at most
	// that; where there was one of level A it is given up, and its cache wiped,
	// for which the person has to sign in just then.
	Level binding.Level

	byTheWay bool // beside something else: nobody is there to be asked again
	// current is the master password of the open cache, as it was typed just now: the
	// account password may have become the same since. Empty: not known.
	current vault.Secret
}

// Cached says what a new cache holds.
type Cached struct {
	Mode       Mode
	Report     cache.Report
	Withheld   *int // entries that the server keeps back; nil: it does not say
	Generation uint64
	Level      binding.Level
	WhyNotA    []string     // the Why… words, and the Blocked… words of tpm/binding; none at level A
	Lease      *lease.Lease // nil where no server governs
	Expires    time.Time    // zero: the calendar does not end it
}

// Disconnect writes the cache of the current account and goes Offline with it;
// the session's token is deleted. If no server answers, the earlier cache is
// what remains: the mode is Offline and the error Unreachable, or Disconnected
// and NoCache if there is none. Where ctx ends, in any Phase, the earlier cache
// and the mode are what they were, or the new cache is there whole; but at level
// A one index of the chip guards the master password, so with another one, or
// below level A, the earlier cache ends before the new one is made.
//
// Errors, nothing changed: NotSignedIn; SomeoneOffline while the client is
// offline (connect first); Unconfirmed while there are local edits, which the
// new cache would drop (connect lists them); NotPermitted, ApprovalPending,
// ApprovalDenied, Suspended, Revoked, LevelTooLow (with ErrNotA: only a lower
// one than before can be had, see CacheRequest.Level), CommentRequired,
// WeakPassword, Busy and those of SignIn and of cache.Prepare and Commit.
func (s *Session) Disconnect(ctx context.Context, r CacheRequest) (Cached, error) {
	st, err := s.home.load()
	if err != nil {
		return Cached{}, err
	}
	a := st.current()
	if a == nil {
		return Cached{}, vault.NotSignedIn
	}
	if err := r.Progress.enter(ctx, PhaseAsking); err != nil {
		return Cached{}, err
	}
	remote, err := s.reach(ctx, st, a)
	if err != nil {
		return Cached{}, s.previousCache(ctx, err)
	}
	mode, err := s.mode(ctx, st)
	switch {
	case err != nil:
		return Cached{}, err
	case mode == Offline:
		return Cached{}, someoneOffline(a)
	case s.hasDrafts(st, a):
		return Cached{}, draftsInTheWay()
	}
	a, err = s.ensureSession(ctx, st, a, remote, Credentials{User: a.User, Password: r.Password, OTP: r.OTP})
	if err != nil {
		return Cached{}, s.previousCache(ctx, err)
	}
	made, err := s.makeCache(ctx, a, remote, r, nil)
	if err != nil {
		return Cached{}, s.lost(ctx, err)
	}
	// The cache is there: what follows from it is not given up half way.
	made.Mode, err = s.happened(context.WithoutCancel(ctx), Disconnect, true, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.Token = nil // what is offline needs no session
		}
		return nil
	})
	return made, err
}

// draftsInTheWay refuses what would drop edits that nobody has listed.
func draftsInTheWay() error {
	return vault.Fail(vault.Unconfirmed, "there are local edits that a new cache drops; connect first")
}

// reach probes the pinned server of an account.
func (s *Session) reach(ctx context.Context, st *state, a *account) (Remote, error) {
	_, remote, err := s.meetServer(ctx, st, Target{URL: a.Server})
	return remote, err
}

// previousCache is what Disconnect does when the server is away: the earlier
// cache is offered, or its absence told. Other errors pass.
func (s *Session) previousCache(ctx context.Context, err error) error {
	if !errors.Is(err, vault.Unreachable) && !errors.Is(err, vault.BadAnswer) {
		return err
	}
	mode, changeErr := s.happened(ctx, ConnectionLost, false, nil)
	switch {
	case changeErr != nil:
		return errors.Join(err, changeErr)
	case mode == Offline:
		return err
	}
	st, loadErr := s.home.load()
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	status, statusErr := s.cacheStatus(ctx, st, st.current())
	if statusErr != nil || usable(status) {
		return errors.Join(err, statusErr)
	}
	return &vault.Problem{Cause: vault.NoCache, Detail: "and the server cannot be reached", Err: err}
}

// ensureSession makes a live session the Remote's, or signs in with what was
// given, and returns the account as it is then.
func (s *Session) ensureSession(ctx context.Context, st *state, a *account, remote Remote, c Credentials) (*account, error) {
	if c.Password.IsEmpty() {
		return a, s.resume(ctx, a, remote)
	}
	srv := st.server(a.Server)
	if srv == nil {
		return nil, vault.NotSignedIn
	}
	fresh, err := s.authenticate(ctx, st, *srv, remote, c)
	if err != nil {
		return nil, err
	}
	if _, err = s.home.update(ctx, func(st *state) error { fresh.settle(st); return nil }); err != nil {
		return nil, err
	}
	if err := s.attest(ctx, fresh.account.Key, remote, proving{again: true}); err != nil {
		return nil, err
	}
	if st, err = s.home.load(); err != nil {
		return nil, err
	}
	return st.current(), nil
}

// makeCache takes the content from the server and puts it into a new
// generation. With from, the new one keeps the password of what is open.
func (s *Session) makeCache(ctx context.Context, a *account, remote Remote, r CacheRequest, from *cache.Opened) (_ Cached, err error) {
	defer func() { err = s.whySuspended(ctx, a, remote, err) }()
	st, err := s.home.load()
	if err != nil {
		return Cached{}, err
	}
	srv := st.server(a.Server)
	if srv == nil {
		return Cached{}, vault.NotSignedIn
	}
	src := source{session: s, account: a, remote: remote, comment: r.Comment, progress: r.Progress, escrow: &escrowing{}}
	var plan plan
	if srv.Kind == Tideover {
		plan, err = src.governed(ctx)
	} else {
		plan, err = src.ungoverned(ctx)
	}
	if err != nil {
		return Cached{}, err
	}
	defer plan.content.Wipe()
	if plan.rules.Differs && !r.current.IsEmpty() {
		if err := s.differs(ctx, a, r.Password, r.current); err != nil {
			return Cached{}, err
		}
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return Cached{}, err
	}
	defer done()
	if err := src.escrow.tell(ctx, a, r, withheld(ctx, store, from, plan.policy.SecurityKey, r)); err != nil {
		return Cached{}, err
	}
	m := &making{
		s: s, facts: levelFacts{a, remote, store, &plan, r.Level}, request: r, from: from, escrow: src.escrow,
		prepare: cache.PrepareRequest{
			Server: a.Server, User: a.User, Pin: srv.Pin, Device: a.Device.ID,
			Trust: plan.trust, Local: plan.local, Cost: s.cfg.Cost, MinLevel: plan.minLevel,
		},
	}
	if err := m.settle(ctx); err != nil {
		return Cached{}, err
	}
	if m.level.a && plan.run != nil {
		if run, err := s.dryRunAtA(ctx, a, remote, *plan.run); err == nil {
			plan.run = &run
		}
	}
	if m.prepare.From = m.from; m.from == nil {
		if m.prepare.Password, err = s.newMaster(ctx, a, plan.rules, r); err != nil {
			return Cached{}, err
		}
	}
	defer func() { m.prepare.Password.Wipe() }() // or the one that was asked for since
	if m.prepare.Keys, err = s.keysFor(ctx, store, from, plan.policy.SecurityKey, r); err != nil {
		return Cached{}, err
	}
	if err := r.Progress.enter(ctx, PhaseKey); err != nil {
		return Cached{}, err
	}
	pending, content, token, err := m.sealed(ctx)
	if err != nil {
		return Cached{}, err
	}
	defer pending.Discard()
	defer content.Wipe()
	return m.commit(ctx, pending, content, token)
}
