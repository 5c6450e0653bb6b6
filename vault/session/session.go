package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
)

// Clock tells the time; tests have their own.
type Clock interface{ Now() time.Time }

// Chip is what a session asks of the security chip beside being a Keeper: what
// the cache needs, and the measure of the machine.
type Chip interface {
	cache.Chip
}

// Config says what a Session stands on.
type Config struct {
	Home string // folder of the client's state; made when something is written
	// Dial returns the Remote of a server. It must not use the network.
	Dial func(Target) (Remote, error)
	Chip Chip // nil: no chip can be reached
	// Indices opens caches of level A with that chip; nil: they do not open.
	Indices cache.Provisioner
	// Prover proves that chip to servers; nil: they take this client's word.
	Prover Prover
	Keeper Keeper // nil: there is no place for secrets
	// Kept reports whether the Keeper can be reached, which may take its time; it
	// is asked when a Keeper is needed, not before. nil: it can.
	Kept  func() bool
	Clock Clock

	// Keys are the security keys of this computer; nil: there is no way to them,
	// and NoKeys says why.
	Keys   fido.Platform
	NoKeys error

	// Keychain opens caches of level C; nil: there is none to ask.
	Keychain cache.SecretStore
	// NoChip says that there is no chip, or that the person does without it:
	// only then is a new cache bound to the keychain, if the policy allows that.
	NoChip bool

	Name, OS, Version string // of this device and program, as administrators see them

	Cost cache.Cost // of key derivations of new caches; zero: the cache's default
}

// Session is one client. It is safe for concurrent use: commands that change
// something take turns, and the state file is shared with other processes.
type Session struct {
	cfg  Config
	home home

	mu     sync.Mutex
	remote Remote // of remoteURL; nil until somebody needs it
	target Target
	open   *unlocked // nil: nothing is unlocked
	ended  error     // why the cache that was open is not any more; nil: on purpose

	failedBefore atomic.Int64 // wrong passwords that nobody was told of yet

	keysMu sync.Mutex // one command at a time at the security keys

	poke chan struct{} // holds one: something has changed that Govern may want to know
}

// New returns the Session of a client's home. It reads and sends nothing.
func New(cfg Config) *Session {
	return &Session{cfg: cfg, home: home(cfg.Home), poke: make(chan struct{}, 1)}
}

// Close locks the cache. The Session must not be used afterwards.
func (s *Session) Close() { s.lockCache() }

func (s *Session) now() time.Time { return s.cfg.Clock.Now() }

// store returns the cache of an account.
func (s *Session) store(st *state, a *account) (*cache.Store, error) {
	opt := cache.Options{Dir: s.home.accountDir(a.Key), Now: s.cfg.Clock.Now, Keychain: s.cfg.Keychain, NoChip: s.cfg.NoChip}
	if s.cfg.Chip != nil {
		opt.Chip, opt.Indices = s.cfg.Chip, s.cfg.Indices
	}
	if srv := st.server(a.Server); srv != nil {
		opt.Pin = srv.Root
	}
	return cache.Open(opt)
}

// storeInUse returns the store that an open cache of the account stands in, or
// a new one, and what to call when it is not needed any more. Two stores of one
// folder would lock each other out.
func (s *Session) storeInUse(st *state, a *account) (*cache.Store, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil && s.open.account == a.Key {
		return s.open.store, func() {}, nil
	}
	store, err := s.store(st, a)
	if err != nil {
		return nil, nil, err
	}
	return store, func() { _ = store.Close() }, nil // nothing is left open in it
}

// cacheStatus returns how an account's cache stands, and nil if there is none.
// A status that cannot be read counts as a damaged cache.
func (s *Session) cacheStatus(ctx context.Context, st *state, a *account) (*cache.Status, error) {
	if a == nil {
		return nil, nil //nolint:nilnil // no account has no cache, which is no error
	}
	store, err := s.store(st, a)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }() // nothing was opened
	status, err := store.Status(ctx)
	switch {
	case errors.Is(err, vault.NoCache):
		return nil, nil //nolint:nilnil // as above
	case errors.Is(err, vault.Damaged), errors.Is(err, vault.Unsupported), errors.Is(err, vault.Hostile):
		return &cache.Status{State: cache.Damaged, Problem: err, Path: s.home.accountDir(a.Key), Now: s.now()}, nil
	case err != nil:
		return nil, err
	}
	return &status, nil
}

// usable reports whether a cache is one in the sense of STATES.md. A chip that
// is locked out forgives with time: its cache is still there.
func usable(status *cache.Status) bool {
	return status != nil && (status.State == cache.Usable || status.State == cache.LockedOut)
}

// mode returns the mode that the client is in now: the stored one, unless it
// is Offline and the cache has ended since.
func (s *Session) mode(ctx context.Context, st *state) (Mode, error) {
	if st.Mode != Offline {
		return st.Mode, nil
	}
	status, err := s.cacheStatus(ctx, st, st.current())
	if err != nil {
		return st.Mode, err
	}
	if usable(status) {
		return Offline, nil
	}
	return next(facts{Before: Offline, Event: CacheEnded}), nil
}

// Mode returns the mode that the client is in. It uses no network.
func (s *Session) Mode(ctx context.Context) (Mode, error) {
	st, err := s.home.load()
	if err != nil {
		return Disconnected, err
	}
	return s.mode(ctx, st)
}

// Source returns where a listing would come from. It is the cache as long as the
// mode that is kept is Offline, also where that cache has ended since: then
// Unlock says what is the matter with it, which Disconnected would hide. It uses
// no network.
func (s *Session) Source() (Source, error) {
	st, err := s.home.load()
	if err != nil {
		return FromServer, err
	}
	if st.Mode == Offline {
		return FromCache, nil
	}
	return FromServer, nil
}

// CacheProblem returns why the cache of the current account does not open,
// whatever the password: NoCache, or the first reason in the order of Unlock. It
// returns nil for one that may be opened.
func (s *Session) CacheProblem(ctx context.Context) error {
	st, err := s.home.load()
	if err != nil {
		return err
	}
	status, err := s.cacheStatus(ctx, st, st.current())
	switch {
	case err != nil:
		return err
	case status == nil:
		return vault.NoCache
	}
	return suspension(status.Problem, st.current().Device.Why)
}

// happened applies an event to the state on disk and returns the new mode.
// Nothing else writes a mode.
func (s *Session) happened(ctx context.Context, e Event, server bool, change func(*state) error) (Mode, error) {
	st, err := s.home.update(ctx, func(st *state) error {
		if change != nil {
			if err := change(st); err != nil {
				return err
			}
		}
		status, err := s.cacheStatus(ctx, st, st.current())
		if err != nil {
			return err
		}
		f := facts{Before: st.Mode, Event: e, Cache: usable(status), Server: server}
		if a := st.current(); a != nil {
			f.AutoCache = a.AutoCache
		}
		st.Mode = next(f)
		return nil
	})
	if err != nil {
		return Disconnected, err
	}
	select {
	case s.poke <- struct{}{}:
	default: // Govern has not looked yet, or does not run
	}
	return st.Mode, nil
}

// Happened tells the session of an event that is no command: a start of the
// computer, a wake-up, the network. server says whether the server answers.
func (s *Session) Happened(ctx context.Context, e Event, server bool) (Mode, error) {
	return s.happened(ctx, e, server, nil)
}

// lost notes that the server did not answer, and returns err: a client that is
// online goes offline by itself if it has a cache.
func (s *Session) lost(ctx context.Context, err error) error {
	if !errors.Is(err, vault.Unreachable) && !errors.Is(err, vault.BadAnswer) {
		return err
	}
	st, loadErr := s.home.load()
	if loadErr != nil || st.Mode != Online {
		return err
	}
	if _, changeErr := s.happened(ctx, ConnectionLost, false, nil); changeErr != nil {
		return errors.Join(err, changeErr)
	}
	return err
}

// someoneOffline is the refusal that names the user who is offline.
func someoneOffline(a *account) error {
	if a == nil {
		return vault.SomeoneOffline
	}
	name := a.CachedAs
	if name == "" {
		name = a.User
	}
	return vault.Fail(vault.SomeoneOffline, "%s", name)
}

// machine measures this machine; without a chip it is level C, or D where
// there is no keychain either. A chip that is there and cannot be used is D, too:
// what it would reach is not known.
func (s *Session) machine(ctx context.Context) (binding.Machine, error) {
	if s.cfg.Chip == nil {
		level := binding.LevelNone
		if s.cfg.NoChip && s.cfg.Keychain != nil && s.keeps() {
			level = binding.LevelC
		}
		return binding.Machine{Level: level}, nil
	}
	m, err := s.cfg.Chip.Machine(ctx)
	return m, chipProblem(err)
}

// chipProblem says in our causes that the chip cannot be reached now.
func chipProblem(err error) error {
	switch {
	case errors.Is(err, binding.ErrUnavailable):
		return vault.Fail(vault.ChipMissing, "%w", err)
	case errors.Is(err, binding.ErrBusy):
		return vault.Fail(vault.Busy, "%w", err)
	}
	return err
}
