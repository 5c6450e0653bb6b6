package store

import (
	"context"
	"iter"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/vault"
)

// UserState says whether a user may sign in. The numbers are stored.
type UserState int

// The states of a user.
const (
	UserActive   UserState = 1
	UserDisabled UserState = 2 // by an administrator, or removed in the directory
	// UserSuspended: after a restored backup, until an administrator confirms.
	UserSuspended UserState = 3
)

// Source says where a user or role is managed. The numbers are stored.
type Source int

// The sources.
const (
	SourceLocal Source = 1
	SourceLDAP  Source = 2
	SourceOIDC  Source = 3
	SourceSCIM  Source = 4
)

// User is an account. The name is the one thing about people that stands in
// clear, because it is looked up before any key is at hand.
type User struct {
	ID      vault.ID
	Name    string // as given; unique after Fold
	Display string // full name; may be empty
	// PasswordHash is a PHC string; empty: no password sign-in.
	PasswordHash string
	State        UserState
	Source       Source
	ExternalID   string // in the Source; unique there unless empty
	// Policy holds the user's own rules as vault/policy writes them; opaque
	// here; empty: none.
	Policy []byte
	// Stamp grows when every session must end: new password, disabled.
	Stamp      int64
	Created    time.Time
	Modified   time.Time
	DisabledAt time.Time // zero unless disabled

	// The fields below are written by RecordSignIn only.
	LastSignIn  time.Time
	Failures    int64 // wrong passwords since the last right one
	LastFailure time.Time
	LockedUntil time.Time
}

// SignIn is what RecordSignIn writes: the four last fields of User.
type SignIn struct {
	User        vault.ID
	LastSignIn  time.Time
	Failures    int64
	LastFailure time.Time
	LockedUntil time.Time
}

// Fold returns the form under which names of users, roles and levels are
// compared: compatibility decomposition and composition (NFKC) and Unicode case
// folding, so that "ALICE@Corp" finds "alice@corp". Idempotent.
func Fold(name string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

// UserReader finds users.
type UserReader interface {
	// User returns the user, or ErrNotFound.
	User(ctx context.Context, id vault.ID) (User, error)
	// UserByName finds by Fold(name), or ErrNotFound.
	UserByName(ctx context.Context, name string) (User, error)
	// UserByExternalID finds by the directory's identifier, or ErrNotFound.
	UserByExternalID(ctx context.Context, source Source, externalID string) (User, error)
	// Users yields all users by folded name.
	Users(ctx context.Context) iter.Seq2[User, error]
}

// UserWriter changes users. All but RecordSignIn count in Perm.
type UserWriter interface {
	// AddUser inserts u. ErrConflict: the name, identifier or external
	// identifier is taken. Stamp and the sign-in fields are stored as given.
	AddUser(ctx context.Context, u User) error
	// UpdateUser replaces everything but Created and the sign-in fields.
	// ErrNotFound: no such user; ErrConflict: the name is taken.
	UpdateUser(ctx context.Context, u User) error
	// RecordSignIn replaces the sign-in fields, or returns ErrNotFound.
	RecordSignIn(ctx context.Context, s SignIn) error
	// DeleteUser removes the user with factors, tokens, memberships, grants,
	// requests, devices, holdings and leases; audit events and device journals
	// stay. ErrNotFound: no such user. Prefer UserDisabled: a deleted user's
	// devices can no longer be told to wipe.
	DeleteUser(ctx context.Context, id vault.ID) error
}

// FactorKind is the kind of a second factor. The numbers are stored.
type FactorKind int

// The kinds of factors.
const (
	FactorTOTP     FactorKind = 1
	FactorPasskey  FactorKind = 2
	FactorRecovery FactorKind = 3
)

// Factor is a second factor of a user.
type Factor struct {
	ID      vault.ID
	User    vault.ID
	Kind    FactorKind
	Name    string // as the user called it
	Secret  Sealed // TOTP seed, passkey credential, hashes of recovery codes
	Version int64  // of Secret, for its associated data
	// LastStep is the last accepted time step (TOTP) or signature count
	// (passkey): what is not greater is a replay.
	LastStep int64
	// Confirmed is when the user proved to have it; zero: being set up.
	Confirmed time.Time
	Created   time.Time
}

// FactorReader finds second factors.
type FactorReader interface {
	// Factor returns the factor, or ErrNotFound.
	Factor(ctx context.Context, id vault.ID) (Factor, error)
	// Factors returns the factors of one user, oldest first; none is no error.
	Factors(ctx context.Context, user vault.ID) ([]Factor, error)
}

// FactorWriter changes second factors. Nothing here counts in Revision.
type FactorWriter interface {
	// AddFactor inserts f. ErrNotFound: no such user; ErrConflict: ID taken.
	AddFactor(ctx context.Context, f Factor) error
	// UpdateFactor replaces Name, Secret, Version and Confirmed, or ErrNotFound.
	UpdateFactor(ctx context.Context, f Factor) error
	// SpendFactor sets LastStep to step. ErrConflict (Stale): step is not
	// greater than the last one, so the code was used before; ErrNotFound.
	SpendFactor(ctx context.Context, id vault.ID, step int64) error
	// DeleteFactor removes it, or returns ErrNotFound.
	DeleteFactor(ctx context.Context, id vault.ID) error
}
