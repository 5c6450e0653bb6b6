package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/lease"
)

// KeyWish says what a person wants of security keys for a new cache.
type KeyWish string

// The wishes.
const (
	// KeysAsBefore keeps the keys that the cache has, as far as they are proven,
	// and adds one only where the policy wants one and there is none.
	KeysAsBefore KeyWish = ""
	// KeyNew adds the one that is plugged in.
	KeyNew KeyWish = "new"
	// KeysNone makes a cache that needs none: KeyRequired where the policy wants one.
	KeysNone KeyWish = "none"
)

// KeyRequest is what a person says about security keys when a cache is made.
type KeyRequest struct {
	Wish KeyWish
	Name string // of the key that is added, at most fido.MaxLabel bytes; empty: "key N"
	// Asker is the person at the key; nil: nobody is there, and none is added.
	Asker fido.Asker
}

// KeyChange is a change of the security keys of the cache of the current account.
type KeyChange struct {
	Name string // of the key
	// Password is the account's; empty: the live session.
	Password, OTP vault.Secret
	Master        Ask        // of the cache, which is opened for it
	Asker         fido.Asker // the person at the keys: at one of the cache, then at the new one
	KeepTries     int        // see UnlockRequest
	Progress      Progress   // may be nil
}

// AddKey opens the cache of the current account, enrols the security key that is
// plugged in then, and makes the next generation, which any of its keys opens.
// Nothing changes before that is done. The key that opens the cache must make
// place for the new one in between, where there is but one place: Asker hears of
// it by a NewKey method, see Changeover.
//
// Errors: NotPermitted where the policy has no keys, Usage for a name that the
// cache has already; those of fido.Enrol; those of Connect for the sign-in, of
// Unlock, and of Disconnect for the cache.
func (s *Session) AddKey(ctx context.Context, r KeyChange) (Cached, error) {
	return s.changeKeys(ctx, r, func(ctx context.Context, have []fido.Key, c keyCase) ([]fido.Key, error) {
		if err := c.mayAdd(); err != nil {
			return nil, err
		}
		if next, ok := r.Asker.(Changeover); ok && len(have) > 0 {
			if err := next.NewKey(ctx); err != nil {
				return nil, err
			}
		}
		return s.enrolled(ctx, have, KeyRequest{Name: r.Name, Asker: r.Asker}, c)
	})
}

// ErrLastKey says of a KeyRequired problem that the key which was to be removed is
// the only one, and the policy wants one; its Detail is the key's name.
var ErrLastKey = errors.New("it is the last security key, and one is required")

// Changeover is an Asker that tells a person when to plug in the key that is to
// be added, and waits for it.
type Changeover interface {
	NewKey(ctx context.Context) error
}

// RemoveKey makes the next generation without the key of that name, which need
// not be at hand. Copies of the cache from before open with it still, where they
// open at all: below level A until their lease ends. NotFound if there is no such
// key, KeyRequired with ErrLastKey if it is the last one and the policy wants one;
// else as AddKey.
func (s *Session) RemoveKey(ctx context.Context, r KeyChange) (Cached, error) {
	return s.changeKeys(ctx, r, func(_ context.Context, have []fido.Key, c keyCase) ([]fido.Key, error) {
		i := slices.IndexFunc(have, func(k fido.Key) bool { return k.Label == r.Name })
		switch {
		case i < 0:
			return nil, vault.Fail(vault.NotFound, "security key %s", r.Name)
		case len(have) == 1 && c.use == lease.KeyRequired:
			return nil, &vault.Problem{Cause: vault.KeyRequired, Detail: r.Name, Err: ErrLastKey}
		}
		return slices.Delete(have, i, i+1), nil
	})
}

// keyCase is what decides about keys.
type keyCase struct {
	use   lease.KeyUse // of the policy
	cache vault.ID     // zero: there is none yet
}

func (c keyCase) mayAdd() error {
	if c.use == lease.KeyOff {
		return vault.Fail(vault.NotPermitted, "the policy has no security keys for caches")
	}
	return nil
}

// choice returns the keys of the next generation, given those of the one before.
type choice func(ctx context.Context, have []fido.Key, c keyCase) ([]fido.Key, error)

// changeKeys makes a generation with other keys.
func (s *Session) changeKeys(ctx context.Context, r KeyChange, change choice) (Cached, error) {
	st, err := s.home.load()
	if err != nil {
		return Cached{}, err
	}
	a := st.current()
	if a == nil {
		return Cached{}, vault.NotSignedIn
	}
	switch mode, err := s.mode(ctx, st); {
	case err != nil:
		return Cached{}, err
	case mode == Offline:
		return Cached{}, someoneOffline(a)
	case s.hasDrafts(st, a):
		return Cached{}, draftsInTheWay()
	}
	if err := r.Progress.enter(ctx, PhaseAsking); err != nil {
		return Cached{}, err
	}
	remote, err := s.reach(ctx, st, a)
	if err != nil {
		return Cached{}, s.lost(ctx, err)
	}
	if a, err = s.ensureSession(ctx, st, a, remote, Credentials{User: a.User, Password: r.Password, OTP: r.OTP}); err != nil {
		return Cached{}, s.lost(ctx, err)
	}
	opened, err := s.openForKeys(ctx, a, r)
	if err != nil {
		return Cached{}, err
	}
	defer s.lockCache()
	made, err := s.makeCache(ctx, a, remote, CacheRequest{Password: r.Password, Progress: r.Progress, byTheWay: true, keys: change}, opened)
	if err != nil {
		return Cached{}, s.lost(ctx, err)
	}
	made.Mode, err = s.Mode(ctx)
	return made, err
}

// openForKeys opens the cache whose keys are to be others.
func (s *Session) openForKeys(ctx context.Context, a *account, r KeyChange) (*cache.Opened, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lockNow()
	u, err := s.unlock(ctx, st, a, UnlockRequest{Master: r.Master, KeepTries: r.KeepTries, Asker: r.Asker})
	if err != nil {
		return nil, err
	}
	s.open = u
	return u.cache, nil
}

// keysFor returns the security keys of a new generation. With from, the keys are
// those of what is open; else those that the server's lease proves.
func (s *Session) keysFor(ctx context.Context, store *cache.Store, from *cache.Opened, use lease.KeyUse, r CacheRequest) ([]fido.Key, error) {
	c := keyCase{use: use}
	status, err := store.Status(ctx)
	if err == nil {
		c.cache = status.Cache
	}
	have := []fido.Key(nil)
	switch {
	case from != nil:
		have = from.SecurityKeys()
	case err == nil && len(status.Keys) > 0:
		if have, err = store.SignedKeys(ctx); err != nil && !errors.Is(err, vault.NoCache) {
			return nil, err
		}
	}
	if r.keys != nil {
		return r.keys(ctx, have, c)
	}
	switch r.Key.Wish {
	case KeysNone:
		if use == lease.KeyRequired {
			return nil, vault.Fail(vault.KeyRequired, "a cache without one is not made")
		}
		return nil, nil
	case KeyNew:
		if err := c.mayAdd(); err != nil {
			return nil, err
		}
	default:
		if use != lease.KeyRequired || len(have) > 0 {
			return have, nil
		}
	}
	return s.enrolled(ctx, have, r.Key, c)
}

// enrolled adds the key that is plugged in.
func (s *Session) enrolled(ctx context.Context, have []fido.Key, r KeyRequest, c keyCase) ([]fido.Key, error) {
	if r.Asker == nil {
		return nil, vault.Fail(vault.KeyRequired, "nobody is there to touch it")
	}
	named := func(name string) bool {
		return slices.ContainsFunc(have, func(k fido.Key) bool { return k.Label == name })
	}
	name := r.Name
	for n := len(have) + 1; name == ""; n++ {
		if numbered := fmt.Sprintf("key %d", n); !named(numbered) {
			name = numbered
		}
	}
	if named(name) {
		return nil, vault.Fail(vault.Usage, "there is a security key with the name %s", name)
	}
	if c.cache.IsZero() {
		c.cache = vault.NewID()
	}
	key, err := fido.Enrol(ctx, s.platform(), fido.EnrolRequest{Cache: c.cache, Label: name, Existing: have}, r.Asker)
	if errors.Is(err, vault.Conflict) {
		return nil, vault.Fail(vault.Usage, "this security key belongs to the cache already")
	}
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(have), key), nil
}

// keyTerms completes the terms of a new cache with what is known of security
// keys: the policy's word, those that the cache keeps, and what stands in the way.
func (s *Session) keyTerms(ctx context.Context, st *state, a *account, t *CacheTerms, use lease.KeyUse) error {
	t.SecurityKey, t.CanKey = use, use != lease.KeyOff && s.cfg.Keys != nil
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return err
	}
	defer done()
	if status, err := store.Status(ctx); err == nil && len(status.Keys) > 0 {
		keys, err := store.SignedKeys(ctx)
		if err != nil && !errors.Is(err, vault.NoCache) {
			return err
		}
		for _, k := range keys {
			t.Keys = append(t.Keys, k.Label)
		}
	}
	if t.Problem == nil && t.NewKey() && s.cfg.Keys == nil {
		t.Problem = s.noKeys()
	}
	return nil
}

// NewKey reports whether a security key has to be plugged in for the cache,
// though nobody wishes it: the policy wants one, and there is none yet.
func (t *CacheTerms) NewKey() bool {
	return t.SecurityKey == lease.KeyRequired && len(t.Keys) == 0
}

// platform returns the way to security keys, for one command at a time.
func (s *Session) platform() fido.Platform {
	if s.cfg.Keys == nil {
		return keyless{s.noKeys()}
	}
	return oneByOne{s.cfg.Keys, &s.keysMu}
}

// noKeys says why there is no way to security keys.
func (s *Session) noKeys() error {
	return cmp.Or(s.cfg.NoKeys, error(vault.Fail(vault.Unsupported, "security keys on this system")))
}

// keyless is a platform without a way to keys.
type keyless struct{ err error }

func (k keyless) Register(context.Context, fido.Registration, fido.Asker) (fido.Registered, error) {
	return fido.Registered{}, k.err
}

func (k keyless) Evaluate(context.Context, []fido.Key, fido.Asker) (int, vault.Secret, error) {
	return 0, vault.Secret{}, k.err
}

// oneByOne is a platform that several commands may use.
type oneByOne struct {
	fido.Platform
	mu *sync.Mutex
}

func (o oneByOne) Register(ctx context.Context, r fido.Registration, a fido.Asker) (fido.Registered, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Platform.Register(ctx, r, a)
}

func (o oneByOne) Evaluate(ctx context.Context, keys []fido.Key, a fido.Asker) (int, vault.Secret, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Platform.Evaluate(ctx, keys, a)
}
