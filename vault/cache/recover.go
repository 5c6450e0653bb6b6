package cache

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// state loads the client state and holds it against the server identity that
// the caller expects.
func (s *Store) state() (*clientState, error) {
	st, err := s.load()
	if err != nil {
		return nil, err
	}
	if s.opt.Pin != "" && st.Governed && lease.Pin(st.Root) != s.opt.Pin {
		return nil, vault.Fail(vault.IdentityChanged, "the cache is of another server identity")
	}
	return st, nil
}

// present reports vault.NoCache, or why there is none any more, if there is no
// cache file. FORMAT.md 5, step 1.
func (s *Store) present(st *clientState) error {
	if exists(s.path(cacheName)) || st.Indices != nil && st.Next != nil && exists(s.path(cacheName+newSuffix)) {
		return nil // the second: it may be committed, and be found by recovery
	}
	if st.Wipe != nil && st.Wipe.Reason != ByUser {
		return st.wipeProblem()
	}
	return vault.Fail(vault.NoCache, "%s", s.path(cacheName))
}

// enter takes the lock and, as the first holder, finishes what a process that
// died has left behind. FORMAT.md 8. On a disk that cannot be written, or with
// a keychain that does not answer, it leaves things as they are: whoever reads
// decides by the same rules. Whoever comes while the first is at it waits: what
// recovery deletes or puts in place nobody else may be writing meanwhile.
func (s *Store) enter(ctx context.Context) error {
	s.entryMu.Lock()
	defer s.entryMu.Unlock()
	if err := s.acquire(); err != nil {
		return err
	}
	if s.sole() {
		err := s.recover(ctx)
		if err == nil {
			err = s.tidy()
		}
		if err != nil && !errors.Is(err, vault.ReadOnly) && !errors.Is(err, vault.NoSecretStore) {
			s.release()
			return err
		}
	}
	return nil
}

// sole reports whether nothing else of this process holds the lock.
func (s *Store) sole() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holders == 1
}

// cutOff reports that something may have been left half done: a wipe that is not
// finished, in the chip or on disk, or a commit of level A.
func (s *Store) cutOff(st *clientState) bool {
	return st.Wipe != nil && st.Wipe.Pending || st.Indices != nil && st.Indices.Kill || s.announced(st) != nil
}

func (s *Store) recover(ctx context.Context) error {
	st, err := s.load()
	if err != nil {
		return nil // for the caller to report
	}
	if st.Indices != nil && st.Indices.Kill {
		_ = s.kill(ctx) // the mark stays until it is done, and nothing opens here
	}
	if st.Wipe != nil && st.Wipe.Pending {
		return s.deleteWiped()
	}

	if exists(s.path(cacheName + newSuffix)) {
		if keep, err := s.resolve(ctx, st); err != nil || keep {
			return err
		}
		if err := s.remove(s.path(cacheName + newSuffix)); err != nil {
			return err
		}
	}
	if st.Next == nil {
		return nil
	}
	o, err := readOuter(s.path(cacheName), s.limits())
	if err != nil {
		return nil // for examine to report
	}
	if o.record.Generation != st.Next.Generation || o.sha256 != st.Next.SHA256 {
		return nil
	}
	if err := s.update(func(st *clientState) error { st.settle(o.record.Generation); return nil }); err != nil {
		return err
	}
	return s.remove(s.path(sidecarName), s.path(overlayName))
}
