package session

import (
	"context"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/policy"
)

// ConnectRequest is what a person gives to come back online.
type ConnectRequest struct {
	// Password is the account's; empty: the live session.
	Password, OTP vault.Secret
	// Master is the cache's master password: with it the cache is renewed at
	// once. Nil: it is renewed only if it is open, and the flag "cache
	// automatically on connect" is set.
	Master    Ask
	KeepTries int // see UnlockRequest
	// Key is for a cache that needs a security key, or will.
	Key KeyRequest
	// Drop agrees that the edits which Drafts lists are given up.
	Drop     bool
	Progress Progress // of the meeting with the server, and of the renewal; may be nil
	// Level is that of the cache that is renewed, as in CacheRequest.
	Level binding.Level
}

// Connected says what coming back online did.
type Connected struct {
	Mode    Mode    // Offline again where the server was lost on the way
	Dropped []Draft // empty: there were none; nil: there were, and which cannot be told any more
	Renewed bool    // the cache is a fresh one
	Stale   error   // why a renewal that was wanted failed: the earlier cache stays; nil: it did not fail
	Journal error   // why the server did not take the journal, which stays here; nil: it did
	// Refill is why the server gave no new tries or openings, where only those let
	// the cache open again; nil: it did, or they are not needed.
	Refill error
	// Level and WhyNotA are those of the fresh cache, as in Cached.
	Level   binding.Level
	WhyNotA []string
}

// Connect brings the user of the current account back Online: the journal goes
// up, the edits made offline are dropped, the cache is renewed if it can be.
// Without Drop and with edits it returns Unconfirmed, nothing is changed and
// nothing sent, and Dropped lists what would be lost.
//
// Errors: NotSignedIn without a password or a live session; WrongPassword if
// the master password does not open the cache that is there; those of SignIn.
func (s *Session) Connect(ctx context.Context, r ConnectRequest) (Connected, error) {
	st, err := s.home.load()
	if err != nil {
		return Connected{}, err
	}
	a := st.current()
	if a == nil {
		return Connected{}, vault.NotSignedIn
	}
	// Where the chip was reset the list cannot be read, and neither can the
	// edits: to give up what is lost already must be possible.
	drafts, lost := s.Drafts(ctx)
	mode, err := s.mode(ctx, st)
	if err != nil {
		return Connected{}, err
	}
	result := Connected{Mode: mode, Dropped: []Draft{}}
	switch {
	case lost != nil:
		result.Dropped = nil
	case len(drafts) > 0:
		result.Dropped = drafts
	}
	switch {
	case r.Drop:
	case lost != nil:
		return result, vault.Fail(vault.Unconfirmed, "local edits that cannot be read any more will be dropped")
	case len(drafts) > 0:
		return result, vault.Fail(vault.Unconfirmed, "%d local edits will be dropped", len(drafts))
	}
	if r.Password.IsEmpty() && !a.signedIn(s.now()) {
		return Connected{}, vault.Fail(vault.NotSignedIn, "%s", a.User)
	}
	master, err := s.masterOf(ctx, st, a, r)
	if err != nil {
		return Connected{}, err
	}
	defer master.Wipe()

	if err := r.Progress.enter(ctx, PhaseAsking); err != nil {
		return Connected{}, err
	}
	remote, err := s.reach(ctx, st, a)
	if err != nil {
		return Connected{}, s.lost(ctx, err)
	}
	if a, err = s.ensureSession(ctx, st, a, remote, Credentials{User: a.User, Password: r.Password, OTP: r.OTP}); err != nil {
		return Connected{}, s.lost(ctx, err)
	}
	if result.Journal, err = s.contact(ctx, remote); err != nil {
		return Connected{}, err
	}
	// From here on the user is online: a renewal that fails leaves the old cache.
	result.Mode, err = s.happened(ctx, Connect, true, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.Drafts = nil
		}
		return nil
	})
	if err != nil {
		return Connected{}, err
	}
	// The edits are gone by now, so their list must reach the person.
	s.dropOverlay(ctx, a)
	if !r.Password.IsEmpty() {
		result.Refill = s.refill(ctx, a, remote, false)
	}
	made, err := s.renew(ctx, a, remote, r, master)
	result.Renewed, result.Stale = made.Generation != 0, err
	result.Level, result.WhyNotA = made.Level, made.WhyNotA
	s.lockCache()
	if result.Stale == nil {
		return result, nil
	}
	// The server may have gone in the middle of it: then this is the mode now.
	result.Stale = s.lost(ctx, result.Stale)
	result.Mode, err = s.Mode(ctx)
	return result, err
}

// dropOverlay deletes the edits that Connect gave up. The state says already that
// there are none: what cannot be deleted now goes with the next unlocking.
func (s *Session) dropOverlay(ctx context.Context, a *account) {
	st, err := s.home.load()
	if err != nil {
		return
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return
	}
	defer done()
	_ = store.DropOverlay(ctx) // see above
}

// masterOf asks for the master password and tries it on the cache that is
// there: a slip of the finger must not become the password of the next one. A
// cache that has ended cannot be tried.
func (s *Session) masterOf(ctx context.Context, st *state, a *account, r ConnectRequest) (vault.Secret, error) {
	if r.Master == nil {
		return vault.Secret{}, nil
	}
	status, err := s.cacheStatus(ctx, st, a)
	if err != nil {
		return vault.Secret{}, err
	}
	if status == nil {
		status = &cache.Status{}
	}
	master, err := r.Master(ctx, *status)
	if err != nil || status.State != cache.Usable {
		return master, err
	}
	given := func(context.Context, cache.Status) (vault.Secret, error) { return master.Clone(), nil }
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lockNow()
	u, err := s.unlock(ctx, st, a, UnlockRequest{Master: given, KeepTries: r.KeepTries, Asker: r.Key.Asker})
	if err != nil {
		master.Wipe()
		return vault.Secret{}, err
	}
	s.open = u
	return master, nil
}

// renew makes a fresh cache if there is a way: the master password, or the
// open cache with the flag. Otherwise what it returns is zero.
func (s *Session) renew(ctx context.Context, a *account, remote Remote, r ConnectRequest, master vault.Secret) (Cached, error) {
	req := CacheRequest{Password: r.Password, Key: r.Key, Progress: r.Progress, Level: r.Level, byTheWay: true}
	if !master.IsEmpty() {
		req.Master = func(context.Context, policy.MasterRules) (vault.Secret, error) { return master.Clone(), nil }
	}
	s.mu.Lock()
	open := s.open
	s.mu.Unlock()
	switch {
	case open != nil && open.account == a.Key && (a.AutoCache || !master.IsEmpty()):
		req.current = master
		return s.makeCache(ctx, a, remote, req, open.cache)
	case master.IsEmpty():
		return Cached{}, nil
	}
	return s.makeCache(ctx, a, remote, req, nil)
}
