package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/tideover/tideover/vault"
)

//go:embed migrations
var migrations embed.FS

// migrationLock is the number of the advisory lock, "tideover" in ASCII.
const migrationLock = 0x746964656f766572

// migrate brings the schema up to date, forward only, each step in its own
// transaction, one process at a time.
func (s *Store) migrate(ctx context.Context) error {
	kind, folder := goose.DialectSQLite3, "migrations/sqlite"
	var locker lock.SessionLocker = &fileLocker{path: s.path}
	if s.dialect.postgres {
		kind, folder = goose.DialectPostgres, "migrations/postgres"
		var err error
		locker, err = lock.NewPostgresSessionLocker(
			lock.WithLockID(migrationLock),
			lock.WithLockTimeout(1, uint64((5*time.Minute).Seconds())),
		)
		if err != nil {
			return fmt.Errorf("migrate database: %w", err)
		}
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	p, err := goose.NewProvider(kind, s.write, files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	// Look before taking the lock: an up-to-date database is the ordinary case.
	pending, err := s.behind(ctx, p)
	if err != nil || !pending {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", s.translate("schema", verbWrite, err))
	}
	_, err = s.behind(ctx, p) // another, newer program may have been faster
	return err
}

// behind reports whether migrations are pending, and refuses a database that is
// ahead of this program: it might not keep what it does not know.
func (s *Store) behind(ctx context.Context, p *goose.Provider) (bool, error) {
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return false, fmt.Errorf("read schema version: %w", s.translate("schema", verbRead, err))
	}
	if current > target {
		return false, vault.Fail(vault.Unsupported,
			"the database has schema %d, this program knows %d: use a newer program", current, target)
	}
	return current < target, nil
}

// fileLocker keeps processes that share a SQLite file from migrating at once.
// It holds an exclusive transaction on a second, empty database beside the
// first, because SQLite's own lock ends with each step. A killed process
// releases it. The empty file stays: removing it would race.
type fileLocker struct {
	path string
	db   *sql.DB
	tx   *sql.Tx
}

// migrateQuery waits up to five minutes, as for PostgreSQL's lock.
func migrateQuery() url.Values {
	return url.Values{"_txlock": {"exclusive"}, "_busy_timeout": {"300000"}}
}

// SessionLock waits for the lock.
func (l *fileLocker) SessionLock(ctx context.Context, _ *sql.Conn) error {
	path := l.path + ".migrate"
	err := create(path)
	if err != nil {
		return err
	}
	if l.db, err = sql.Open("sqlite", fileURL(path, migrateQuery())); err != nil {
		return err
	}
	l.tx, err = l.db.BeginTx(ctx, nil)
	return err
}

// SessionUnlock releases it.
func (l *fileLocker) SessionUnlock(context.Context, *sql.Conn) error {
	return errors.Join(l.tx.Rollback(), l.db.Close())
}
