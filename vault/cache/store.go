package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/kdbx"
)

// Options say where a Store lives and what it stands on.
type Options struct {
	Dir  string // of one account; made by Prepare, with mode 0700
	Chip Chip   // nil: no chip can be reached
	// Indices gives caches of level A their NV indices, on the same chip; nil:
	// there are none, and a cache that has some does not open.
	Indices Provisioner
	// Keychain opens caches of level C; nil: none can be reached.
	Keychain SecretStore
	// NoChip says that the machine has no chip, or that the person does without
	// it: only then are new caches made at level C. A chip that is busy is one.
	NoChip bool
	Pin    string           // of the server identity that the caller expects, 64 hex digits; empty: the one in the client state
	Now    func() time.Time // nil: time.Now
	Limits *kdbx.Limits     // nil: kdbx.DefaultLimits
	Disk   Disk             // nil: SystemDisk
}

// Store is the place on disk of one account's cache. It is safe for concurrent
// use. Processes exclude each other by a lock file, which is held while
// something is open, prepared or written; a second process gets vault.Busy.
// Status and Unsent need no lock.
type Store struct {
	opt Options

	mu      sync.Mutex // guards what follows
	holders int        // of the lock, in this process
	lock    *os.File
	journal *audit.Journal // open while the lock is held and somebody needed it
	making  bool           // somebody is making a cache.kdbx.new

	entryMu sync.Mutex // one taking of the lock at a time, with the recovery that belongs to it
	stateMu sync.Mutex // one change of the client state at a time
	writeMu sync.Mutex // one small file being written at a time; taken last
}

// Open returns the Store in opt.Dir, which need not exist. It reads nothing.
func Open(opt Options) (*Store, error) {
	if opt.Dir == "" {
		return nil, errors.New("cache: no folder")
	}
	dir, err := filepath.Abs(opt.Dir)
	if err != nil {
		return nil, err
	}
	opt.Dir = dir
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Disk == nil {
		opt.Disk = SystemDisk{}
	}
	if opt.Limits == nil {
		lim := kdbx.DefaultLimits()
		opt.Limits = &lim
	}
	return &Store{opt: opt}, nil
}

func (s *Store) limits() kdbx.Limits { return *s.opt.Limits }

// Close ends the use of the Store. What was opened or prepared in it must be
// closed before; if something is not, Close says so and the lock stays taken.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders > 0 {
		return fmt.Errorf("cache: %s is in use", s.opt.Dir)
	}
	return nil
}
