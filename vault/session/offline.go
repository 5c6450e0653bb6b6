package session

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/process"
)

// unlocked is a cache that is open in this process, with the edits beside it.
type unlocked struct {
	account string // account.Key
	store   *cache.Store
	cache   *cache.Opened
	edits   []cache.Edit
	// editsProblem says why the edits cannot be read. The cache itself is not
	// touched by it, but no edit is written over what may still be saved.
	editsProblem error
	since        time.Time // of the unlocking
	used         time.Time // last
	lockSeq      uint64    // state.LockSeq at the unlocking; a higher one locks
	created      time.Time // when the generation was made
}

// newUnlocked reads the edits beside an open cache. Those that Connect dropped
// while the cache was locked go now: without the password they could not. Whatever
// it was opened for, FailedBefore tells of the wrong passwords before.
func (s *Session) newUnlocked(ctx context.Context, st *state, a *account, store *cache.Store, opened *cache.Opened) *unlocked {
	u := &unlocked{account: a.Key, store: store, cache: opened, since: s.now(), used: s.now(), lockSeq: st.LockSeq}
	s.failedBefore.Add(int64(opened.FailedBefore()))
	u.edits, u.editsProblem = opened.Overlay(ctx)
	if len(u.edits) > 0 && len(a.Drafts) == 0 {
		wipeEdits(u.edits)
		u.edits, u.editsProblem = nil, opened.SaveOverlay(ctx, nil)
	}
	if status, err := store.Status(ctx); err == nil {
		u.created = status.Created
	}
	return u
}

// close wipes what is in memory.
func (u *unlocked) close() {
	wipeEdits(u.edits)
	u.cache.Close()
	_ = u.store.Close() // nothing is written by it
}

func wipeEdits(edits []cache.Edit) {
	for _, e := range edits {
		if e.Entry != nil {
			e.Entry.Wipe()
		}
	}
}

// Ask is how a session gets the master password of a cache that may be opened:
// it is called when everything but the password is in order.
type Ask func(ctx context.Context, status cache.Status) (vault.Secret, error)

// UnlockRequest is what opens a cache.
type UnlockRequest struct {
	User   string // as typed; empty: whoever made the cache
	Master Ask
	// KeepTries refuses, before the chip is asked, when no more than so many
	// wrong passwords are left: TooManyAttempts. For scripts.
	KeepTries int
	Asker     fido.Asker // the person at the security key, where the cache needs one; nil: nobody is there
}

// Unlock opens the cache of the current account, or of the account that was
// cached under the name r.User, and keeps it open until Lock. The errors are
// those of cache.Unlock, in its order. If it is open already nothing happens.
func (s *Session) Unlock(ctx context.Context, r UnlockRequest) error {
	st, err := s.home.load()
	if err != nil {
		return err
	}
	a, err := st.owner(r.User)
	if err != nil {
		return err
	}
	if a.Key != st.Current { // while somebody is offline every other name has no cache
		if mode, err := s.mode(ctx, st); err != nil || mode == Offline {
			return errors.Join(err, noCacheOf(r.User))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil && s.open.account == a.Key {
		return nil
	}
	s.lockNow()
	open, err := s.unlock(ctx, st, a, r)
	if err != nil {
		return err
	}
	s.open = open
	return nil
}

// owner returns the account whose cache a user name means: the one that was
// cached under this name in the form typed then (cache.SameUser), the current
// one before others; where no name is given, the current one. NoCache says
// nothing but the name that was asked for.
func (s *state) owner(user string) (*account, error) {
	a := s.current()
	switch {
	case user == "" && a == nil:
		return nil, vault.NoCache
	case user == "", a != nil && a.cachedFor(user):
		return a, nil
	}
	for i := range s.Accounts {
		if other := &s.Accounts[i]; other.CachedAs != "" && other.cachedFor(user) {
			return other, nil
		}
	}
	return nil, noCacheOf(user)
}

// cachedFor reports whether a user name is the one typed when the account's
// cache was made, or at the sign-in where none was made yet.
func (a *account) cachedFor(user string) bool {
	if a.CachedAs == "" {
		return cache.SameUser(a.User, user)
	}
	return cache.SameUser(a.CachedAs, user)
}

// noCacheOf is the one answer for every name that has no cache here, or may not
// be asked for.
func noCacheOf(user string) error { return vault.Fail(vault.NoCache, "%s", user) }

func (s *Session) unlock(ctx context.Context, st *state, a *account, r UnlockRequest) (_ *unlocked, err error) {
	store, err := s.store(st, a)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = store.Close() // the first error is the one to tell
		}
	}()
	status, err := store.Status(ctx)
	if err != nil {
		return nil, err
	}
	if status.Problem != nil {
		return nil, suspension(status.Problem, a.Device.Why)
	}
	if err := keepTries(&status, r.KeepTries); err != nil {
		return nil, err
	}
	master, err := r.Master(ctx, status)
	if err != nil {
		return nil, err
	}
	defer master.Wipe()
	opened, err := store.Unlock(ctx, cache.UnlockRequest{User: r.User, Password: master, KeepTries: r.KeepTries, Keys: s.platform(), Asker: r.Asker})
	if err != nil {
		return nil, err
	}
	return s.newUnlocked(ctx, st, a, store, opened), nil
}

// FailedBefore returns how many wrong master passwords the chip had counted before
// this Session opened a cache of level A, for whatever command, and from then on 0.
// To open the cache has set the chip's own count to 0, so whoever opens is told now
// or never. It never waits.
func (s *Session) FailedBefore() int { return int(s.failedBefore.Swap(0)) }

// keepTries is the refusal that spares a script's user the last attempts.
func keepTries(status *cache.Status, keep int) error {
	left := status.Tries.Left
	if keep > 0 && status.Tries.Known && left <= keep {
		return &vault.Problem{Cause: vault.TooManyAttempts, TriesLeft: &left}
	}
	return nil
}

// WorkOffline opens a cache and makes the client Offline with it (Work
// Offline, Go Offline). A wrong password leaves the mode as it is. The session
// of a user who was online stays for Connect.
func (s *Session) WorkOffline(ctx context.Context, r UnlockRequest) error {
	if err := s.Unlock(ctx, r); err != nil {
		return err
	}
	key := s.openAccount()
	_, err := s.happened(ctx, GoOffline, false, func(st *state) error {
		if key != st.Current {
			st.Current = key
		}
		return nil
	})
	return err
}

// Lock wipes what is unlocked, and the session token: whoever goes on online
// takes it out of the Keeper again. The mode stays: a locked cache is offline
// still.
func (s *Session) Lock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lockNow()
	if s.remote != nil {
		s.remote.UseToken(vault.Secret{})
	}
	process.Forget()
}

// lockCache wipes what is unlocked, in the middle of something else.
func (s *Session) lockCache() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lockNow()
}

// lockNow is lockCache for those who hold s.mu.
func (s *Session) lockNow() {
	s.ended = nil
	if s.open != nil {
		s.open.close()
		s.open = nil
	}
}

// Unlocked reports whether a cache is open in this process.
func (s *Session) Unlocked() bool { return s.openAccount() != "" }

func (s *Session) openAccount() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		return ""
	}
	return s.open.account
}

// LockEverywhere locks what this process and every other one of this home has
// open. The others notice within the interval in which they call Keep.
func (s *Session) LockEverywhere(ctx context.Context) error {
	s.Lock()
	_, err := s.home.update(ctx, func(st *state) error { st.LockSeq++; return nil })
	return err
}

// Keep reports whether the open cache may stay open, and locks it otherwise: its
// session or its lease is over, it was not used for too long, or somebody asked
// every process to lock. It returns why it was locked, until it is unlocked
// again, and nil where nothing is open because a command closed it. It does not
// count as a use.
func (s *Session) Keep(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(ctx)
}

// keep is Keep for those who hold s.mu.
func (s *Session) keep(ctx context.Context) error {
	u := s.open
	if u == nil {
		return s.ended
	}
	why := s.whyLock(ctx, u)
	if why != nil {
		s.lockNow()
		s.ended = why
		process.Forget()
	}
	return why
}

func (s *Session) whyLock(ctx context.Context, u *unlocked) error {
	st, err := s.home.load()
	if err != nil {
		return err
	}
	verdict, err := u.cache.Judge(ctx)
	if err != nil {
		return err
	}
	policy, now := u.cache.Policy(), s.now()
	session, idle := policy.Session.Duration(), policy.Idle.Duration()
	switch {
	case verdict.ClockMoved:
		return vault.ClockMoved
	case verdict.EndedBy != "":
		return &vault.Problem{Cause: vault.Expired, Until: verdict.Until, Detail: string(verdict.EndedBy)}
	case st.LockSeq != u.lockSeq:
		return vault.Fail(vault.Locked, "another process asked for it")
	case session > 0 && now.Sub(u.since) >= session:
		return vault.Fail(vault.Locked, "the session has ended")
	case idle > 0 && now.Sub(u.used) >= idle:
		return vault.Fail(vault.Locked, "it was not used for %v", idle)
	}
	return nil
}

// opened returns the open cache if it may stay open, and counts as a use of
// it. The caller holds s.mu.
func (s *Session) opened(ctx context.Context) (*unlocked, error) {
	if err := s.keep(ctx); err != nil {
		return nil, err
	}
	if s.open == nil {
		return nil, vault.Locked
	}
	s.open.used = s.now()
	return s.open, nil
}
