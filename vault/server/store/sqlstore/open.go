package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/tideover/tideover/vault/server/store"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect dialect
	read    *sql.DB // for View and Revision
	write   *sql.DB // for Update; on SQLite one connection
	path    string  // of the SQLite file; empty for PostgreSQL

	// turn holds one token for the writing connection of SQLite, so that those
	// who wait can give up; nil for PostgreSQL.
	turn chan struct{}

	now func() time.Time // dates tombstones

	mu     sync.RWMutex // held for reading by transactions
	closed bool
}

var _ store.Store = (*Store)(nil)

var errClosed = errors.New("database is closed")

// Open opens the database and brings its schema up to date. target is the path
// of a SQLite file, which is made with mode 0600 if it does not exist, or a
// URL postgres://… (libpq's form). A schema that is newer than this program is
// vault.Unsupported, a file that is no database vault.Damaged, a server that
// does not answer vault.Unreachable.
func Open(ctx context.Context, target string) (*Store, error) {
	if strings.HasPrefix(target, "postgres://") || strings.HasPrefix(target, "postgresql://") {
		return openPostgres(ctx, target)
	}
	return openSQLite(ctx, target)
}

// Close waits for running transactions and releases the database.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	// The writer closes last: on SQLite it then moves the log into the file.
	return errors.Join(s.read.Close(), s.write.Close())
}

// enter keeps the store open until leave.
func (s *Store) enter() error {
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return errClosed
	}
	return nil
}

func (s *Store) leave() { s.mu.RUnlock() }
