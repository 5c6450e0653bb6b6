package cache

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/tideover/tideover/vault"
)

// Import puts the cache file at path in the place of the current one, after it
// has been opened with r.Password (PPS-31). It must be of this machine, this
// account and the current generation; the errors are those of Unlock, NoCache
// where nothing was ever cached.
func (s *Store) Import(ctx context.Context, path string, r UnlockRequest) (*Opened, error) {
	if _, err := s.state(); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	var o *Opened
	err := s.claim()
	if err == nil {
		o, err = s.importFile(ctx, path, r)
		s.unclaim()
	}
	if err != nil {
		s.release()
		return nil, err
	}
	return o, nil
}

func (s *Store) importFile(ctx context.Context, path string, r UnlockRequest) (*Opened, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	if st.Current == nil && st.Wipe == nil {
		return nil, vault.Fail(vault.NoCache, "nothing was ever cached here")
	}
	f, err := s.examine(ctx, path, st)
	switch {
	case err != nil:
		return nil, err
	case f.problem != nil:
		return nil, f.problem
	case st.Current == nil || f.record.Generation != st.Current.Generation:
		return nil, vault.Fail(vault.Superseded, "generation %d is not the current one", f.record.Generation)
	}
	if err := s.copyIn(path); err != nil {
		return nil, err
	}
	inside := s.path(cacheName + newSuffix)
	if f, err = s.examine(ctx, inside, st); err == nil {
		err = f.problem
	}
	var o *Opened
	if err == nil {
		o, err = s.admit(ctx, r, st, f, inside)
	}
	if err != nil {
		_ = s.remove(inside) // recovery removes it as well
		return nil, err
	}
	if err := s.install(s.path(cacheName)); err != nil {
		o.wipe()
		return nil, err
	}
	return o, nil
}

// copyIn copies the file into the Store's folder, so that what was checked is
// what stays.
func (s *Store) copyIn(path string) error {
	return s.writeNew(s.path(cacheName), func(w io.Writer) error {
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }() // only read
		n, err := io.Copy(w, io.LimitReader(in, maxFileBytes+1))
		if err == nil && n > maxFileBytes {
			return vault.Fail(vault.Hostile, "%s: more than %d bytes", path, maxFileBytes)
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", path, err)
		}
		return nil
	})
}
