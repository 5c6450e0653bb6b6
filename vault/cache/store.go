package cache

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
)

var errSkeleton = errors.New("cache: skeleton")

// Options say where a Store lives and what it stands on.
type Options struct {
	Dir    string           // of one account; made by Prepare, with mode 0700
	Chip   Chip             // nil: no chip can be reached
	Pin    string           // of the server identity that the caller expects, 64 hex digits; empty: the one in the client state
	Now    func() time.Time // nil: time.Now
	Limits *kdbx.Limits     // nil: kdbx.DefaultLimits
}

// Store is the place on disk of one account's cache. It is safe for concurrent
// use. Processes exclude each other by a lock file, which is held while
// something is open, prepared or written; a second process gets vault.Busy.
// Status needs no lock.
type Store struct {
	opt Options
}

// Open returns the Store in opt.Dir, which need not exist. It reads nothing.
func Open(opt Options) (*Store, error) { return nil, errSkeleton }

// Status reports everything about the cache that can be known without the
// password, and leaves no trace. It returns vault.NoCache if there is none
// (a cache that the server had wiped is one still, in state wiped or revoked),
// and vault.Damaged or vault.Unsupported if the client state cannot be read.
// Everything else that is wrong stands in the Status, in Problem.
func (s *Store) Status(ctx context.Context) (Status, error) { return Status{}, errSkeleton }

// Unlock opens the cache. It returns the first of these that applies:
// vault.NoCache, Busy, Damaged (Hostile, Unsupported), Revoked or Wiped,
// Expired or ClockMoved, OtherMachine or ChipMissing, Superseded,
// TooManyAttempts or ChipLocked, ReadOnly, WrongCredentials (another user
// name than the one typed at caching), WrongPassword with TriesLeft. Nothing
// before the password is tried costs a try.
//
// The unlocking is in the journal before Unlock returns, and so is a failure.
func (s *Store) Unlock(ctx context.Context, r UnlockRequest) (*Opened, error) {
	return nil, errSkeleton
}

// UnlockRequest is what a person gives to open a cache.
type UnlockRequest struct {
	User     string       // as typed; empty: whoever cached
	Password vault.Secret // master password; the caller wipes it
	// KeepTries makes Unlock return TooManyAttempts, before the chip is asked,
	// when no more than this many tries are left: for scripts.
	KeepTries int
}

// Import puts the cache file at path in the place of the current one, after it
// has been opened with r.Password (PPS-31). It must be of this machine, this
// account and the current generation; the errors are those of Unlock.
func (s *Store) Import(ctx context.Context, path string, r UnlockRequest) (*Opened, error) {
	return nil, errSkeleton
}

// Renew takes a lease that the server has issued anew for the generation in
// place, and needs no password. The lease with the highest number holds; an
// older one changes nothing. Errors: NoCache, Busy, Damaged (the lease is false
// or for something else), Wiped, ReadOnly.
func (s *Store) Renew(ctx context.Context, token string) (Renewal, error) {
	return Renewal{}, errSkeleton
}

// Renewal says what Renew did.
type Renewal struct {
	Lease *lease.Lease // the one that holds now
	// Shortened reports that it ends before the one before it. That one still
	// opens the file, so the caller must make a new generation or clear.
	Shortened bool
}

// Learn takes over what the server said about itself when it was met: its
// keys, signed by the pinned root, its epoch and its time. IdentityChanged if
// the keys are not the root's. Without client state it does nothing.
func (s *Store) Learn(ctx context.Context, t Trust) error { return errSkeleton }

// Trust is a governing server as the client knows it.
type Trust struct {
	Root  []byte         // identity root, SubjectPublicKeyInfo, DER: pinned at the first sign-in
	Keys  []lease.SubKey // signed by the root, oldest first
	Epoch uint64         // leases of an earlier epoch do not hold
	Time  time.Time      // the server's time when it said so; zero: unknown
}

// Clear wipes the cache: after it returns nil, no file of this Store opens,
// and neither does an older copy that is put back. The journal stays, with an
// event about the clearing. A process that dies half-way leaves a mark, and
// whatever comes next finishes. Errors: NoCache, Busy, ReadOnly (not wiped).
func (s *Store) Clear(ctx context.Context, why Reason) error { return errSkeleton }

// Reason says why a cache is cleared; the text reaches disk and journal.
type Reason string

// The reasons. After ByUser there is no cache; after the others there is one
// in state wiped or revoked until the next is made.
const (
	ByUser    Reason = "user"
	ByOrder   Reason = "order"   // the server ordered a wipe, or a lease ended that is to be wiped
	ByRevoked Reason = "revoked" // the server revoked the device or the user
)

// Unsent returns at most limit journal events that the server has not taken
// over, oldest first, whether or not the cache is open, or there at all.
func (s *Store) Unsent(ctx context.Context, limit int) ([]audit.Event, error) {
	return nil, errSkeleton
}

// Sent drops events through that number: the server has them.
func (s *Store) Sent(ctx context.Context, through uint64) error { return errSkeleton }

// Close releases the Store. What is open must be closed before.
func (s *Store) Close() error { return errSkeleton }
