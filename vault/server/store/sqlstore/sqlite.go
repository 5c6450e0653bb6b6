package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // database/sql driver "sqlite"

	"github.com/tideover/tideover/vault"
)

const (
	// busyTimeout is how long SQLite waits for another process's write, such as
	// an import by the command line while the server runs.
	busyTimeout = 30 * time.Second
	// cacheKiB is each connection's page cache. The tree of 10,000 entries fits.
	cacheKiB = 16 << 10
	// logBytes is where the write-ahead log is cut after a large transaction.
	logBytes = 64 << 20
)

// sqliteName returns the driver's name for the file, with every setting in it,
// so that it holds for each connection of the pool.
func sqliteName(path string, readOnly bool) string {
	q := url.Values{}
	for _, pragma := range []string{
		"busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")", // first: the others may wait
		"journal_mode(WAL)",
		"synchronous(FULL)", // audit is on the disk before the secret leaves
		"foreign_keys(1)",
		"trusted_schema(0)",
		"temp_store(MEMORY)",
		"cache_size(-" + strconv.Itoa(cacheKiB) + ")",
		"journal_size_limit(" + strconv.Itoa(logBytes) + ")",
	} {
		q.Add("_pragma", pragma)
	}
	q.Set("_defensive", "1")
	q.Set("_dqs", "0")
	if readOnly {
		q.Set("_query_only", "1")
	} else {
		q.Set("_txlock", "immediate") // the write lock first: no upgrade, no deadlock
	}
	return fileURL(path, q)
}

// fileURL returns the absolute path as SQLite's URI,
// https://www.sqlite.org/uri.html.
func fileURL(path string, query url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return u.String()
}

func openSQLite(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Store{dialect: sqliteDialect(), path: path, turn: make(chan struct{}, 1), now: time.Now}
	if s.write, err = sql.Open("sqlite", sqliteName(path, false)); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", sqliteName(path, true)); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), s.write.Close())
	}
	readers := max(8, 2*runtime.GOMAXPROCS(0)) // they may wait for the disk
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	if err := s.migrate(s.dialect.context(ctx)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// create makes an empty file that only its owner can read; SQLite gives the
// log the same mode. An existing file is not opened here: closing it would drop
// the locks that another Store of this process has on it (POSIX).
func create(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// Backup writes a copy of the database, of one moment, while others read and
// write. The file gets mode 0600; one that exists is replaced whole, or stays
// as it was if Backup fails. The copy holds ciphertexts only: without the
// key-encryption key it is of no use. Only SQLite can do this; for PostgreSQL
// it is vault.Unsupported (use pg_dump).
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.dialect.postgres {
		return vault.Fail(vault.Unsupported, "a PostgreSQL database is backed up with pg_dump")
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, ".backup-*") // mode 0600; VACUUM INTO takes an empty file
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already if the rename succeeded
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	// A connection of its own: reading ones refuse to write any file, and the
	// writing one is for Update.
	db, err := sql.Open("sqlite", sqliteName(s.path, false))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = db.ExecContext(s.dialect.context(ctx), sqlBackup, tmp.Name())
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("backup: %w", s.translate("backup", verbWrite, err))
	}
	if err := syncFile(tmp.Name()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return syncDir(dir)
}

const sqlBackup = `VACUUM INTO $1`

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
