package cache

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
)

// Suspend keeps the cache from being opened, until Resume; nothing is wiped. It
// is what the server orders. Without client state there is nothing to open, and
// no error. Errors: Busy, ReadOnly.
func (s *Store) Suspend(ctx context.Context) error { return s.suspend(ctx, s.opt.Now().Unix()) }

// Resume ends a suspension. Errors: Busy, ReadOnly.
func (s *Store) Resume(ctx context.Context) error { return s.suspend(ctx, 0) }

func (s *Store) suspend(ctx context.Context, since int64) error {
	st, err := s.state()
	if errors.Is(err, vault.NoCache) {
		return nil
	}
	if err != nil {
		return err
	}
	if (st.Suspended != 0) == (since != 0) {
		return nil
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.release()
	return s.update(func(st *clientState) error { st.Suspended = since; return nil })
}
