package catalog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/auth"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// Config is what a Catalog stands on. Both parts stay the caller's to close.
type Config struct {
	Store store.Store
	Keys  *keyring.Keyring
	Now   func() time.Time // nil: time.Now
	// Attest says whom to believe about chips; nil: nobody, so nothing is proven.
	Attest *attest.Verifier
	// Hashes is how many passwords are hashed at once; 0: one for each core.
	Hashes int
	// Held is how many bytes of encrypted entries are kept in memory, so that
	// an offline package need not read them; 0: 64 MiB, negative: none.
	Held int64
}

// Catalog is the domain of one server process. It keeps permissions, folders
// and the search index in memory, as of one revision of the database, and looks
// for a newer one when it is used, at most once a second; what it has changed
// itself it sees at once. It has no goroutines. It is safe for concurrent use.
type Catalog struct {
	store    store.Store
	keys     *keyring.Keyring
	now      func() time.Time
	attest   *attest.Verifier
	believes bool // attest has roots
	hasher   *auth.Hasher
	auth     *auth.Authenticator
	index    *index // not built until somebody needs it

	// written is set when this process has changed something.
	written atomic.Bool

	mu      sync.RWMutex // everything below
	checked time.Time    // when the revision was asked for
	world   *world
	rules   *rules
}

// lookEvery is how old the revision may be that is acted on, for what is read.
// Changes are made, and secrets read, under the revision of their transaction.
const lookEvery = time.Second

// Open returns the catalog of a database that Init has filled; NotFound if none
// has.
func Open(ctx context.Context, c Config) (*Catalog, error) {
	cat := newCatalog(c)
	var filled bool
	err := cat.store.View(ctx, func(r store.Reader) error {
		_, err := r.RootFolder(ctx)
		filled = err == nil
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	if !filled {
		return nil, vault.Fail(vault.NotFound, "this database holds no server yet")
	}
	if err := cat.refresh(ctx, false); err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	return cat, nil
}

func newCatalog(c Config) *Catalog {
	cat := &Catalog{
		store: c.Store, keys: c.Keys, now: c.Now, attest: c.Attest, believes: c.Attest != nil, hasher: auth.NewHasher(c.Hashes), index: newIndex(c.Held),
	}
	if cat.now == nil {
		cat.now = time.Now
	}
	if cat.attest == nil {
		cat.attest = attest.New(attest.Config{})
	}
	cat.auth = auth.New(auth.Config{Store: c.Store, Hasher: cat.hasher, Seed: cat.seed, Now: cat.now})
	return cat
}

// Close forgets what is in memory. The catalog must not be used afterwards.
func (c *Catalog) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.world, c.rules = nil, nil
	c.index.mu.Lock()
	defer c.index.mu.Unlock()
	c.index.reset()
	return nil
}

// refresh brings what is in memory up to the database, unless that was done
// within the last second and nothing was written since.
func (c *Catalog) refresh(ctx context.Context, indexed bool) error {
	c.mu.RLock()
	fresh := c.fresh(indexed)
	c.mu.RUnlock()
	if fresh {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh(indexed) {
		return nil // another request was faster
	}
	c.written.Store(false) // before the revision is read: what comes later sets it again
	if err := c.reload(ctx, indexed); err != nil {
		c.written.Store(true)
		return err
	}
	return nil
}

func (c *Catalog) fresh(indexed bool) bool {
	if c.world == nil || c.written.Load() || (indexed && c.index.revision() == 0) {
		return false
	}
	age := c.now().Sub(c.checked)
	return age >= 0 && age < lookEvery
}

// reload is refresh with the lock held.
func (c *Catalog) reload(ctx context.Context, indexed bool) error {
	at := c.now()
	rev, err := c.store.Revision(ctx)
	if err != nil {
		return fmt.Errorf("read revision: %w", err)
	}
	if c.rules != nil && rev.Gov != c.rules.gov {
		if err := c.keys.Reload(ctx); err != nil { // a rotation by another process
			return err
		}
	}
	changed := c.world == nil || rev.Perm != c.world.rev.Perm || rev.Gov != c.rules.gov
	has := c.index.revision()
	stale := (indexed || has > 0) && rev.Rev > has
	if changed || stale {
		err := c.store.View(ctx, func(r store.Reader) error { return c.reloadFrom(ctx, r, indexed) })
		if err != nil {
			return err
		}
	}
	c.checked = at
	return nil
}

func (c *Catalog) reloadFrom(ctx context.Context, r store.Reader, indexed bool) error {
	rev, err := r.Revision(ctx)
	if err != nil {
		return err
	}
	w, ru := c.world, c.rules
	if w == nil || rev.Perm != w.rev.Perm {
		if w, err = load(ctx, r, c.keys, w); err != nil {
			return err
		}
	}
	if ru == nil || rev.Gov != ru.gov {
		if ru, err = loadRules(ctx, r); err != nil {
			return err
		}
	}
	if indexed || c.index.revision() > 0 {
		if err := c.index.follow(ctx, r, c.keys, rev.Rev); err != nil {
			return err
		}
	}
	c.world, c.rules = w, ru
	return nil
}

// attempts is how often an action is tried because permissions changed between
// loading them and acting, or somebody else was faster. With the pauses between
// it is some two seconds.
const attempts = 12

// view runs fn on a snapshot of the database whose permissions are exactly
// those of a.
func (c *Catalog) view(ctx context.Context, by *Caller, fn func(r store.Reader, a *access) error) error {
	return c.exactly(ctx, by, func(a *access) error {
		return c.store.View(ctx, func(r store.Reader) error {
			if err := a.stillHolds(ctx, r); err != nil {
				return err
			}
			return fn(r, a)
		})
	})
}

// update runs fn in a write transaction whose permissions are exactly those of
// a. fn may run more than once.
func (c *Catalog) update(ctx context.Context, by *Caller, fn func(tx store.Tx, a *access) error) error {
	err := c.exactly(ctx, by, func(a *access) error {
		return c.store.Update(ctx, func(tx store.Tx) error {
			if err := a.stillHolds(ctx, tx); err != nil {
				return err
			}
			err := fn(tx, a)
			// Names and versions are looked at before they are written, so a
			// conflict means that somebody else was faster: look again.
			var refused *store.Error
			if errors.As(err, &refused) && (refused.Reason == store.Stale || refused.Reason == store.Duplicate) {
				return fmt.Errorf("%w: %w", errStale, err)
			}
			return err
		})
	})
	c.written.Store(true) // even after an error: the commit may have happened
	return noSpace(err)
}

// noSpace makes a full disk a problem in our words: what cannot be recorded is
// refused.
func noSpace(err error) error {
	if errors.Is(err, store.ErrFull) {
		return &vault.Problem{Cause: vault.ReadOnly, Detail: "the disk of the database is full", Err: err}
	}
	return err
}

func (c *Catalog) exactly(ctx context.Context, by *Caller, fn func(*access) error) error {
	var err error
	for n := range attempts {
		if err := pause(ctx, n); err != nil {
			return err
		}
		var a *access
		if a, err = c.access(ctx, by); err != nil {
			return err
		}
		err = fn(a)
		// An unknown data key is one that another process has just made.
		if !errors.Is(err, errStale) && !errors.Is(err, keyring.ErrUnknownKey) {
			return err
		}
		c.written.Store(true) // look at the revision again at once
	}
	return &vault.Problem{Cause: vault.Busy, Detail: "others change the same things too fast", Err: err}
}

// pause waits before attempt n, from 0 on: not at all at first, then for a
// random time that grows, so that those who got in each other's way part.
func pause(ctx context.Context, n int) error {
	if n < 2 {
		return nil
	}
	limit := min(time.Millisecond<<n, 400*time.Millisecond)
	t := time.NewTimer(rand.N(limit))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// access returns the caller's rights as of the last refresh.
func (c *Catalog) access(ctx context.Context, by *Caller) (*access, error) {
	if err := c.refresh(ctx, false); err != nil {
		return nil, err
	}
	c.mu.RLock()
	w, ru := c.world, c.rules
	c.mu.RUnlock()
	return newAccess(w, ru, by, c.now())
}

// scan runs fn with the search index, which is of the same revision as a, or of
// a later one with the same permissions. fn must not keep or change the index.
func (c *Catalog) scan(ctx context.Context, by *Caller, fn func(a *access, x *index) error) error {
	if err := c.refresh(ctx, true); err != nil {
		return err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	a, err := newAccess(c.world, c.rules, by, c.now())
	if err != nil {
		return err
	}
	c.index.mu.RLock()
	defer c.index.mu.RUnlock()
	if c.index.rev == 0 { // another request failed to bring it up to date
		return vault.Fail(vault.Busy, "the search index is being built")
	}
	return fn(a, c.index)
}
