package cache

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/process"
)

// Import puts the cache file at path in the place of the current one, after it
// has been opened with r.Password (PPS-31). It must be of this machine, this
// account and the current generation. Where nothing was ever cached, as on a
// client that was set up anew, there is no such knowledge, and the file becomes
// the current one. The errors are those of Unlock; NoCache there too, for a file
// that does not say whose it is.
func (s *Store) Import(ctx context.Context, path string, r UnlockRequest) (*Opened, error) {
	if _, err := s.state(); errors.Is(err, vault.NoCache) {
		if err := s.readable(path); err != nil {
			return nil, err
		}
		if err := s.ready(); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	var o *Opened
	err := s.claim()
	if err == nil {
		process.Discreetly(func() { o, err = s.importFile(ctx, path, r) })
		s.unclaim()
	}
	if err != nil {
		s.release()
		return nil, err
	}
	return o, nil
}

// readable reports what is wrong with a file before a folder is made for it.
func (s *Store) readable(path string) error {
	_, err := readOuter(path, s.limits())
	return err
}

func (s *Store) importFile(ctx context.Context, path string, r UnlockRequest) (*Opened, error) {
	st, err := s.state()
	switch {
	case errors.Is(err, vault.NoCache):
		return s.adopt(ctx, path, r, nil)
	case err != nil:
		return nil, err
	case st.blank():
		return s.adopt(ctx, path, r, st)
	}
	f, err := s.known(ctx, path, st)
	if err != nil {
		return nil, err
	}
	defer f.close()
	return s.putIn(ctx, r, st, f)
}

// known examines the file as one of the cache that is known here. Without an
// error it would be taken, and the caller closes it.
func (s *Store) known(ctx context.Context, path string, st *clientState) (*finding, error) {
	f, err := s.examine(ctx, path, st)
	if err != nil {
		return nil, err
	}
	switch {
	case f.problem != nil && f.outer != nil && f.record.Cache != st.Cache:
		err = s.strange(ctx, f)
	case f.problem != nil:
		err = f.problem
	case st.Current == nil || f.record.Generation != st.Current.Generation:
		err = vault.Fail(vault.Superseded, "generation %d is not the current one", f.record.Generation)
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// strange says what is the matter with a file of another cache than the one
// that is known here. Where it is locked to another chip, that is the reason to
// tell: the file is whole, and belongs there.
func (s *Store) strange(ctx context.Context, f *finding) error {
	elsewhere, err := s.elsewhere(ctx, f.outer)
	if err != nil {
		return err
	}
	if errors.Is(elsewhere.problem, vault.OtherMachine) {
		return elsewhere.problem
	}
	return f.problem
}

// putIn copies the file that was examined into its place, once the copy has
// been opened.
func (s *Store) putIn(ctx context.Context, r UnlockRequest, st *clientState, f *finding) (*Opened, error) {
	if err := s.copyIn(f); err != nil {
		return nil, err
	}
	o, err := s.openCopy(ctx, r, st)
	if err != nil {
		_ = s.remove(s.path(cacheName + newSuffix)) // recovery removes it as well
		return nil, err
	}
	if err := s.install(s.path(cacheName)); err != nil {
		o.wipe()
		return nil, err
	}
	return o, nil
}

// openCopy opens what copyIn wrote, and leaves no file open: some systems
// refuse to rename one.
func (s *Store) openCopy(ctx context.Context, r UnlockRequest, st *clientState) (*Opened, error) {
	f, err := s.examine(ctx, s.path(cacheName+newSuffix), st)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if f.problem != nil {
		return nil, f.problem
	}
	return s.admit(ctx, r, st, f)
}

// copyIn copies the file into the Store's folder, so that what was checked is
// what stays.
func (s *Store) copyIn(f *finding) error {
	return s.writeNew(s.path(cacheName), func(w io.Writer) error {
		in, err := f.rewind()
		if err != nil {
			return err
		}
		n, err := io.Copy(w, io.LimitReader(in, maxFileBytes+1))
		if err == nil && n > maxFileBytes {
			return vault.Fail(vault.Hostile, "more than %d bytes", maxFileBytes)
		}
		if err != nil {
			return fmt.Errorf("copy the cache file: %w", err)
		}
		return nil
	})
}
