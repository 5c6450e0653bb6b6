package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/tideover/tideover/vault/server/store"
)

// columns returns where the columns of a row go in v.
type columns[T any] func(v *T) []any

var errStreaming = errors.New("sqlstore: internal error: call on a transaction while a sequence is open")

// ready refuses what PostgreSQL could not do, so that SQLite does not hide it.
func (t *tx) ready() error {
	if t.streaming {
		return errStreaming
	}
	return t.refused
}

// note translates an error, and keeps it: after one, PostgreSQL takes no more
// statements in the transaction, and half of a bulk insert may be done. That no
// row was found is not an error of that kind.
func (t *tx) note(noun string, v verb, err error) error {
	if err == nil {
		return nil
	}
	translated := t.store.translate(noun, v, err)
	if !errors.Is(err, sql.ErrNoRows) {
		t.refused = translated
	}
	return translated
}

// one reads one row; none is ErrNotFound.
func one[T any](ctx context.Context, t *tx, noun string, into columns[T], query string, args ...any) (T, error) {
	var v T
	if err := t.ready(); err != nil {
		return v, err
	}
	row := t.sql.QueryRowContext(t.dialect.context(ctx), t.dialect.text(query), args...)
	if err := row.Scan(into(&v)...); err != nil {
		return *new(T), t.note(noun, verbRead, err)
	}
	return v, nil
}

// seq reads rows one by one.
func seq[T any](ctx context.Context, t *tx, noun string, into columns[T], query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := t.stream(ctx, noun, query, args, func(rows *sql.Rows) (bool, error) {
			var v T
			dest := into(&v) // once: every Scan overwrites all of it
			for rows.Next() {
				if err := rows.Scan(dest...); err != nil {
					return true, err
				}
				if !yield(v, nil) {
					return false, nil
				}
			}
			return true, nil
		}); err != nil {
			yield(*new(T), err)
		}
	}
}

// stream opens the rows and gives them to read, which says whether it came to
// the end of them.
func (t *tx) stream(ctx context.Context, noun, query string, args []any, read func(*sql.Rows) (bool, error)) error {
	if err := t.ready(); err != nil {
		return err
	}
	rows, err := t.sql.QueryContext(t.dialect.context(ctx), t.dialect.text(query), args...)
	if err != nil {
		return t.note(noun, verbRead, err)
	}
	t.streaming = true
	defer func() { t.streaming = false }()
	defer func() { _ = rows.Close() }() // rows.Err, below, tells what went wrong
	toTheEnd, err := read(rows)
	if err == nil && toTheEnd {
		err = rows.Err()
	}
	return t.note(noun, verbRead, err)
}

// list reads all rows.
func list[T any](ctx context.Context, t *tx, noun string, into columns[T], query string, args ...any) ([]T, error) {
	var out []T
	for v, err := range seq(ctx, t, noun, into, query, args...) {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, noun string, v verb, query string, args ...any) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	result, err := t.sql.ExecContext(t.dialect.context(ctx), t.dialect.text(query), args...)
	if err != nil {
		return 0, t.note(noun, v, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", noun, err)
	}
	return n, nil
}

// must runs a statement that has to change a row; none is reason.
func (t *tx) must(ctx context.Context, noun string, reason store.Reason, query string, args ...any) error {
	n, err := t.exec(ctx, noun, verbWrite, query, args...)
	if err == nil && n == 0 {
		err = &store.Error{Reason: reason, Noun: noun}
	}
	return err
}

// remove deletes rows; none is ErrNotFound.
func (t *tx) remove(ctx context.Context, noun, query string, args ...any) error {
	n, err := t.exec(ctx, noun, verbDelete, query, args...)
	if err == nil && n == 0 {
		err = &store.Error{Reason: store.Missing, Noun: noun}
	}
	return err
}
