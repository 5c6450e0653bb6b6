package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// clear locks and wipes the cache, as the server says, and tells it at once where
// that can be; the journal tells it in any case.
func (s *Session) clear(ctx context.Context, st *state, a *account, remote Remote, why cache.Reason) error {
	done, err := s.clearHere(ctx, st, a, why)
	if err != nil && !errors.Is(err, vault.NoCache) { // then there is nothing to clear
		return err
	}
	s.tellCleared(ctx, a, remote, done.generation)
	return nil
}

// cleared is what came of clearing a cache.
type cleared struct {
	generation uint64 // that is gone; 0: there was none any more
	// left is what could not be done beside it: the chip's counter is not stepped
	// yet, or gone, or the keychain has its item still. Nothing opens here all the
	// same, and the next who takes the lock goes on with it.
	left error
}

// clearHere locks and wipes the cache. An error: it is what it was.
func (s *Session) clearHere(ctx context.Context, st *state, a *account, why cache.Reason) (cleared, error) {
	s.lockCache()
	store, err := s.store(st, a)
	if err != nil {
		return cleared{}, err
	}
	defer func() { _ = store.Close() }() // nothing is left open in it
	status, err := store.Status(ctx)
	if err == nil && (status.State == cache.Wiped || status.State == cache.Revoked) && why != cache.ByUser {
		return cleared{}, nil // done before
	}
	// Without the file there may be one elsewhere: the client state takes the mark.
	if unreadable(err) != nil && !errors.Is(err, vault.NoCache) {
		return cleared{}, err
	}
	return clearStore(ctx, store, why, status.Generation)
}

// clearStore clears a store whose file is of that generation.
func clearStore(ctx context.Context, store *cache.Store, why cache.Reason, generation uint64) (cleared, error) {
	err := store.Clear(ctx, why)
	if err == nil {
		return cleared{generation: generation}, nil
	}
	err = fmt.Errorf("clear the cache: %w", err)
	if gone, unknown := store.Gone(); unknown == nil && gone && !errors.Is(err, vault.NoCache) {
		return cleared{generation, err}, nil
	}
	return cleared{}, err
}

// tellCleared tells the server of a wipe. That is done whether or not the server
// hears of it now.
func (s *Session) tellCleared(ctx context.Context, a *account, remote Remote, generation uint64) {
	if remote == nil || generation == 0 {
		return
	}
	st, a, err := s.accountNow(a.Key)
	if err != nil || a == nil {
		return
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return
	}
	defer done()
	s.tellClearedOf(ctx, a, remote, generation, store)
	if p, ok := s.permits(a, remote); ok {
		_ = store.Receipt(ctx, p) // see above
	}
}

// ClearCache wipes the cache of the current account; this program opens no copy
// of it any more. Local edits go with it. NoCache if there is none. Of the other
// errors of cache.Clear, ChipMissing, Busy of the chip, OtherMachine and
// NoSecretStore say what could not be done beside it: the cache is gone, and the
// mode is what follows. The end of ctx stops no wiping: it ends the wait for a
// server that is told of it.
func (s *Session) ClearCache(ctx context.Context) error {
	st, err := s.home.load()
	if err != nil {
		return err
	}
	a := st.current()
	if a == nil {
		return vault.NoCache
	}
	// Offline the network is left alone; the journal has it for later.
	var remote Remote
	if st.Mode == Online {
		if remote, err = s.dialAccount(st, a); err != nil {
			return err
		}
	}
	whole := context.WithoutCancel(ctx)
	done, err := s.clearHere(whole, st, a, cache.ByUser)
	if err != nil {
		return err
	}
	_, err = s.happened(whole, CacheEnded, st.Mode == Online, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.Drafts, known.CachedAs = nil, ""
		}
		return nil
	})
	s.tellCleared(ctx, a, remote, done.generation)
	return errors.Join(done.left, err)
}
