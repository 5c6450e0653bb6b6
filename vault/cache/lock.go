package cache

import (
	"errors"
	"io/fs"
	"os"

	"github.com/tideover/tideover/vault"
)

// errLocked is what lockFile returns while another process holds the lock.
var errLocked = errors.New("locked")

// acquire takes the lock of the folder for this process, once more if it has
// it already: a cache may be open while the next generation is made. Where
// the lock file cannot even be opened for want of a writable disk it returns
// vault.ReadOnly; nobody else can write there either.
func (s *Store) acquire() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders > 0 {
		s.holders++
		return nil
	}
	f, err := os.OpenFile(s.path(lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return unwritable(err)
	}
	if err := lockFile(f); err != nil {
		_ = f.Close() // nothing was written
		if errors.Is(err, errLocked) {
			return vault.Fail(vault.Busy, "%s", s.opt.Dir)
		}
		return unwritable(err)
	}
	s.lock, s.holders = f, 1
	return nil
}

// release undoes one acquire. The last one closes the journal and frees the
// lock.
func (s *Store) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders--; s.holders > 0 {
		return
	}
	if s.journal != nil {
		_ = s.journal.Close() // every event is on disk already
		s.journal = nil
	}
	_ = s.lock.Close() // frees the lock; nothing was written to it
	s.lock = nil
}

// held runs f with the lock, and finishes nothing: nobody enters meanwhile, who
// would take the lock for one that was recovered under.
func (s *Store) held(f func() error) error {
	s.entryMu.Lock()
	defer s.entryMu.Unlock()
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.release()
	return f()
}

// claim reserves cache.kdbx.new for the caller, who has the lock: two
// generations made side by side would write into one file.
func (s *Store) claim() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.making {
		return vault.Fail(vault.Busy, "another generation is being made")
	}
	s.making = true
	return nil
}

// unclaim undoes claim.
func (s *Store) unclaim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making = false
}

// exists reports whether there is a file.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
