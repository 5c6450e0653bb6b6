package store

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
)

// RequestState is where a request stands. The numbers are stored.
type RequestState int

// The states of a request.
const (
	RequestOpen    RequestState = 1
	RequestGranted RequestState = 2
	RequestDenied  RequestState = 3
)

// Request is what a user asks administrators for: offline use, or a change that
// was drafted offline.
type Request struct {
	ID        vault.ID
	User      vault.ID
	Device    vault.ID // zero: none
	Action    string   // "offline", "change"
	Target    vault.ID // entry or folder; zero: none
	Content   Sealed   // the draft; associated data: ID and version 1. Zero: none
	Comment   string
	State     RequestState
	DecidedBy vault.ID
	DecidedAt time.Time
	Created   time.Time
}

// RequestReader finds requests.
type RequestReader interface {
	// Request returns the request, or ErrNotFound.
	Request(ctx context.Context, id vault.ID) (Request, error)
	// Requests returns those in that state, or all if it is 0, oldest first.
	Requests(ctx context.Context, state RequestState) ([]Request, error)
}

// RequestWriter changes requests; everything counts in Gov.
type RequestWriter interface {
	// AddRequest inserts r. ErrNotFound: no such user; ErrConflict: ID taken.
	AddRequest(ctx context.Context, r Request) error
	// DecideRequest sets State, DecidedBy and DecidedAt of an open request.
	// ErrNotFound; ErrConflict (Stale): it has been decided.
	DecideRequest(ctx context.Context, r Request) error
}
