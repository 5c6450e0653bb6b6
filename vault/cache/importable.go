package cache

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
)

// Importable returns what is known of the file at path, if Import would take it
// as far as that can be known without its password and its security key: both are
// asked for when everything else is in order. The errors are those of Import. It
// leaves nothing behind, but what a process has left half done is finished.
func (s *Store) Importable(ctx context.Context, path string, r UnlockRequest) (Status, error) {
	st, err := s.state()
	switch {
	case errors.Is(err, vault.NoCache): // st is nil
	case err != nil:
		return Status{}, err
	default:
		if err := s.enter(ctx); err != nil {
			return Status{}, err
		}
		defer s.release()
		if st, err = s.state(); err != nil {
			return Status{}, err
		}
	}
	f, as, err := s.importable(ctx, path, st)
	if err != nil {
		return Status{}, err
	}
	defer f.close()
	if err := r.keepTries(f); err != nil {
		return Status{}, err
	}
	if err := r.isOf(as, f); err != nil {
		return Status{}, err
	}
	out := Status{Path: path, Cache: as.Cache, Now: s.opt.Now(), State: f.state}
	if g := as.newest(); g != nil {
		out.User, out.Server = g.User, g.Server
	}
	out.take(f)
	return out, nil
}

// importable examines the file, and returns the client state by which it does.
func (s *Store) importable(ctx context.Context, path string, st *clientState) (*finding, *clientState, error) {
	if st == nil || st.blank() {
		return s.stranger(ctx, path, st)
	}
	f, err := s.known(ctx, path, st)
	return f, st, err
}
