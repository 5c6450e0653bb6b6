package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// maxAttempts is how often a transaction is repeated when PostgreSQL asks for
// it; with the pauses between, some five seconds.
const maxAttempts = 12

// tx is one transaction, for reading or for writing. It is used by one
// goroutine at a time.
type tx struct {
	dialect dialect
	store   *Store
	sql     *sql.Tx
	conn    *sql.Conn // the connection of sql, for COPY
	write   bool

	streaming bool  // a sequence is being ranged over
	refused   error // the database refused a row: the transaction can only be given up

	changed changes
	rev     int64 // taken early, for bulk inserts; 0: at the commit
	audit   []store.AuditEvent
}

var _ store.Tx = (*tx)(nil)

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.run(ctx, true, func(t *tx) error { return fn(t) })
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, fn func(store.Reader) error) error {
	return s.run(ctx, false, func(t *tx) error { return fn(t) })
}

// run repeats a transaction as long as the database asks for it.
func (s *Store) run(ctx context.Context, write bool, fn func(*tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, write, fn)
		if err == nil || s.dialect.classify(err) != classAgain {
			return err
		}
		if attempt == maxAttempts {
			return &vault.Problem{Cause: vault.Busy, Detail: "the transaction lost to others too often", Err: err}
		}
		limit := time.Millisecond << min(attempt, 10)
		select {
		case <-time.After(rand.N(limit)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// once runs one attempt.
func (s *Store) once(ctx context.Context, write bool, fn func(*tx) error) (err error) {
	if write && s.turn != nil {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := s.begin(ctx, write)
	if err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed { // fn failed or panicked
			_ = t.sql.Rollback() // whatever it says, nothing was written
		}
		err = errors.Join(err, t.close())
	}()
	if err := fn(t); err != nil {
		return err
	}
	if t.refused != nil {
		return t.refused
	}
	if write {
		if err := t.finish(s.dialect.context(ctx)); err != nil {
			return err
		}
	}
	committed = true
	if err := t.sql.Commit(); err != nil {
		return fmt.Errorf("commit: %w", s.translate("transaction", verbWrite, err))
	}
	return nil
}

// begin opens the transaction on a connection of its own.
func (s *Store) begin(ctx context.Context, write bool) (*tx, error) {
	pool := s.read
	var options *sql.TxOptions
	switch {
	case write:
		pool = s.write
	case s.dialect.postgres:
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	// Waiting for a free connection may be given up; what follows may not.
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("database connection: %w", s.translate("connection", verbRead, err))
	}
	t := &tx{dialect: s.dialect, store: s, conn: conn, write: write}
	if t.sql, err = conn.BeginTx(s.dialect.context(ctx), options); err != nil {
		err = fmt.Errorf("begin: %w", s.translate("transaction", verbRead, err))
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// close gives the connection back.
func (t *tx) close() error {
	err := t.conn.Close()
	if errors.Is(err, sql.ErrConnDone) {
		return nil // the connection was lost; the error that said so is known
	}
	return err
}

// Revision implements store.Store.
func (s *Store) Revision(ctx context.Context) (store.Revision, error) {
	if err := s.enter(); err != nil {
		return store.Revision{}, err
	}
	defer s.leave()
	var r store.Revision
	err := s.read.QueryRowContext(s.dialect.context(ctx), sqlRevision).Scan(revisionColumns(&r)...)
	return r, s.translate("counter", verbRead, err)
}

const sqlRevision = `SELECT rev, perm, gov, audit_seq FROM counter`

func revisionColumns(r *store.Revision) []any {
	return []any{&r.Rev, &r.Perm, &r.Gov, &r.Audit}
}

// Revision implements store.Reader.
func (t *tx) Revision(ctx context.Context) (store.Revision, error) {
	return one(ctx, t, "counter", revisionColumns, sqlRevision)
}

const sqlCounts = `SELECT (SELECT COUNT(*) FROM usr), (SELECT COUNT(*) FROM role), (SELECT COUNT(*) FROM folder),
 (SELECT COUNT(*) FROM entry), (SELECT COUNT(*) FROM device), (SELECT COUNT(*) FROM audit_event)`

// Counts implements store.Reader.
func (t *tx) Counts(ctx context.Context) (store.Counts, error) {
	return one(ctx, t, "counter", func(c *store.Counts) []any {
		return []any{&c.Users, &c.Roles, &c.Folders, &c.Entries, &c.Devices, &c.AuditEvents}
	}, sqlCounts)
}
