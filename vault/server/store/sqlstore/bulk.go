package sqlstore

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// table names what rows are inserted into, and their columns in order.
type table struct {
	name string
	noun string
	list string // columns, separated by ", "
}

func (b table) columns() []string { return strings.Split(b.list, ", ") }

// insertText returns the statement that inserts one row.
func (b table) insertText() string {
	var s strings.Builder
	s.WriteString("INSERT INTO " + b.name + " (" + b.list + ") VALUES (")
	for i := range b.columns() {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString("$" + strconv.Itoa(i+1))
	}
	s.WriteString(")")
	return s.String()
}

// copyRows is from how many rows on COPY is worth its extra round trip.
const copyRows = 16

// insert adds one row.
func (t *tx) insert(ctx context.Context, into table, values ...any) error {
	_, err := t.exec(ctx, into.noun, verbWrite, into.insertText(), values...)
	return err
}

// insertAll adds n rows; row returns the values of row i, and may use the same
// slice again.
func (t *tx) insertAll(ctx context.Context, into table, n int, row func(i int) []any) error {
	if err := t.ready(); err != nil {
		return err
	}
	if n == 0 {
		return nil
	}
	i := -1
	next := func() ([]any, error) {
		if i++; i == n {
			return nil, nil // the end, for pgx
		}
		return row(i), nil
	}
	return t.insertSource(ctx, into, n, next)
}

// insertSource adds rows until next returns nil; about is their number, as far
// as it is known.
func (t *tx) insertSource(ctx context.Context, into table, about int, next func() ([]any, error)) error {
	ctx = t.dialect.context(ctx)
	if t.dialect.postgres && about >= copyRows {
		return t.note(into.noun, verbWrite, copyIn(ctx, t.conn, into, pgx.CopyFromFunc(next)))
	}
	stmt, err := t.sql.PrepareContext(ctx, into.insertText())
	if err != nil {
		return t.note(into.noun, verbWrite, err)
	}
	err = execAll(ctx, stmt, next)
	if e := stmt.Close(); err == nil {
		err = e
	}
	return t.note(into.noun, verbWrite, err)
}

func execAll(ctx context.Context, stmt *sql.Stmt, next func() ([]any, error)) error {
	for {
		row, err := next()
		if err != nil || row == nil {
			return err
		}
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
}
