package sqlstore

import (
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// class is what an error of a driver means to us.
type class int

const (
	classOther     class = 0
	classDuplicate class = 1
	classReference class = 2 // a foreign key
	classInvalid   class = 3 // a CHECK, NOT NULL or type
	classFull      class = 4
	classBusy      class = 5
	classDamaged   class = 6
	classReadOnly  class = 7
	classAgain     class = 8 // repeat the transaction
)

// verb is what a statement does; it tells the two foreign-key errors apart.
type verb int

const (
	verbRead   verb = 0
	verbWrite  verb = 1
	verbDelete verb = 2
)

// translate maps an error of a driver to the errors of package store.
func (s *Store) translate(noun string, v verb, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return &store.Error{Reason: store.Missing, Noun: noun}
	}
	switch s.dialect.classify(err) {
	case classDuplicate:
		return &store.Error{Reason: store.Duplicate, Noun: noun, Err: err}
	case classReference:
		if v == verbDelete {
			return &store.Error{Reason: store.InUse, Noun: noun, Err: err}
		}
		return &store.Error{Reason: store.Missing, Noun: noun, Err: err}
	case classInvalid:
		return &store.Error{Reason: store.Invalid, Noun: noun, Err: err}
	case classFull:
		return errors.Join(store.ErrFull, err)
	case classBusy:
		return &vault.Problem{Cause: vault.Busy, Detail: "the database is locked by another process", Err: err}
	case classDamaged:
		return &vault.Problem{Cause: vault.Damaged, Detail: "database file", Err: err}
	case classReadOnly:
		return &vault.Problem{Cause: vault.ReadOnly, Detail: "database file", Err: err}
	}
	return err
}

// Result codes of SQLite, https://www.sqlite.org/rescode.html. The low byte is
// the primary code.
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadOnly   = 8
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteTooBig     = 18
	sqliteConstraint = 19
	sqliteMismatch   = 20
	sqliteNotADB     = 26

	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

func classifySQLite(err error) class {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return classOther
	}
	switch e.Code() {
	case sqliteUnique, sqlitePrimaryKey:
		return classDuplicate
	case sqliteForeignKey:
		return classReference
	}
	switch e.Code() & 0xff {
	case sqliteConstraint, sqliteMismatch, sqliteTooBig:
		return classInvalid
	case sqliteFull:
		return classFull
	case sqliteBusy, sqliteLocked:
		return classBusy
	case sqliteCorrupt, sqliteNotADB:
		return classDamaged
	case sqliteReadOnly:
		return classReadOnly
	}
	return classOther
}

func classifyPostgres(err error) class {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return classOther
	}
	// https://www.postgresql.org/docs/current/errcodes-appendix.html
	switch e.Code {
	case "23505":
		return classDuplicate
	case "23503", "23001":
		return classReference
	case "23514", "23502", "22021", "22001", "22003":
		return classInvalid
	case "53100":
		return classFull
	case "40001", "40P01":
		return classAgain
	case "55P03":
		return classBusy
	case "XX001", "XX002":
		return classDamaged
	case "25006":
		return classReadOnly
	}
	return classOther
}
