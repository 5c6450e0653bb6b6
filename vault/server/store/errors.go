package store

import (
	"errors"

	"github.com/tideover/tideover/vault"
)

// What callers branch on; errors.As with *Error gives the evidence.
var (
	// ErrNotFound: the row does not exist, or a row that it refers to does not.
	ErrNotFound = errors.New("not found")
	// ErrConflict: a row with that name or identifier exists, somebody changed
	// the row meanwhile, or others still refer to it.
	ErrConflict = errors.New("conflict")
	// ErrFull: the disk of the database has no space left. Nothing was written.
	ErrFull = errors.New("database disk full")
)

// Reason says why a row was refused.
type Reason uint8

// The reasons. They stay inside the process and are never written.
const (
	// Missing: no such row, or a row that it refers to is missing (ErrNotFound).
	Missing Reason = 1
	// Duplicate: a unique value is taken (ErrConflict).
	Duplicate Reason = 2
	// Stale: the row is not in the expected version or state (ErrConflict).
	Stale Reason = 3
	// InUse: other rows refer to it (ErrConflict).
	InUse Reason = 4
	// Invalid: a value is outside what the column allows. A programming error,
	// neither ErrNotFound nor ErrConflict.
	Invalid Reason = 5
)

// String returns the reason as a word, for logs.
func (r Reason) String() string {
	switch r {
	case Missing:
		return "missing"
	case Duplicate:
		return "duplicate"
	case Stale:
		return "stale"
	case InUse:
		return "in use"
	case Invalid:
		return "invalid"
	}
	return "unknown"
}

// Error is a refused row. It is ErrNotFound or ErrConflict by its Reason, and
// vault.NotFound where it is ErrNotFound.
type Error struct {
	Reason Reason
	Noun   string // what it is about: "user", "entry", "data key"
	Err    error  // the database's own words, for logs; nil where we found out ourselves
}

// Error returns noun and reason, for logs.
func (e *Error) Error() string {
	s := e.Noun + ": " + e.Reason.String()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the database's error.
func (e *Error) Unwrap() error { return e.Err }

// Is maps the reason to the sentinels.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotFound, vault.NotFound:
		return e.Reason == Missing
	case ErrConflict:
		return e.Reason == Duplicate || e.Reason == Stale || e.Reason == InUse
	}
	return false
}
