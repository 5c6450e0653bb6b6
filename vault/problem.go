package vault

import (
	"fmt"
	"time"
)

// Cause is the stable identifier of one reason why something could not be
// done: one cause, one message, one remedy, one exit code. It is an error by
// itself, so errors.Is(err, vault.Expired) asks for it. The words for people
// and the exit codes stand in app/present.
type Cause string

// Error returns the identifier.
func (c Cause) Error() string { return string(c) }

// The causes. The text is the id that --json prints; never change one.
const (
	Internal     Cause = "internal"
	Usage        Cause = "usage"
	WeakPassword Cause = "weak_password"
	Unconfirmed  Cause = "confirmation_needed"

	WrongPassword    Cause = "wrong_password"    // of a cache or a file
	WrongCredentials Cause = "wrong_credentials" // of the account, or of a one-time code

	OtherMachine Cause = "other_machine"
	ChipMissing  Cause = "chip_missing" // the cache is locked to a chip that cannot be reached now

	Expired    Cause = "expired"
	ClockMoved Cause = "clock_moved"

	Revoked   Cause = "revoked"
	Suspended Cause = "suspended" // a device that can be let in again, as it is
	Wiped     Cause = "wiped"

	Superseded Cause = "superseded"

	TooManyAttempts Cause = "too_many_attempts"
	ChipLocked      Cause = "chip_locked"

	NotPermitted    Cause = "not_permitted"
	SomeoneOffline  Cause = "someone_offline" // this client is offline for somebody; nobody signs in
	CommentRequired Cause = "comment_required"

	NoCache     Cause = "no_cache"
	Unreachable Cause = "unreachable"
	BadAnswer   Cause = "bad_answer" // something answered that is not a password server

	Damaged     Cause = "damaged"
	Hostile     Cause = "hostile"     // beyond a limit that protects this machine
	Unsupported Cause = "unsupported" // a version or an algorithm that we do not know

	ReadOnly Cause = "read_only"

	NotSignedIn  Cause = "not_signed_in"
	Locked       Cause = "locked" // the cache was unlocked once, and its session is over
	SecondFactor Cause = "second_factor"

	NotFound  Cause = "not_found"
	Ambiguous Cause = "ambiguous"

	LevelTooLow   Cause = "level_too_low"
	NoSecretStore Cause = "no_secret_store"

	IdentityUnknown Cause = "identity_unknown"
	IdentityChanged Cause = "identity_changed"

	Busy     Cause = "busy"
	Conflict Cause = "conflict" // somebody else has changed the same meanwhile; nothing was saved

	KeyMissing   Cause = "key_missing"   // no security key that could be asked is plugged in
	KeyUnknown   Cause = "key_unknown"   // what is plugged in is not a key of this cache
	KeyFailed    Cause = "key_failed"    // it answered what its standard does not allow, or gave up
	SeveralKeys  Cause = "several_keys"  // more than one is plugged in where one is to be added
	WrongPIN     Cause = "wrong_pin"     // of the security key
	PINBlocked   Cause = "pin_blocked"   // tries left: until it is plugged in again; none: for good
	PINNotSet    Cause = "pin_not_set"   // the key asks for none, and one is needed
	TouchTimeout Cause = "touch_timeout" // nobody touched it in time
	KeyRequired  Cause = "key_required"  // the policy wants a security key, and there is none for this cache

	ApprovalPending Cause = "approval_pending"
	ApprovalDenied  Cause = "approval_denied"
)

// Problem is a Cause with its evidence. Fields that do not apply stay zero.
type Problem struct {
	Cause     Cause
	TriesLeft *int      // wrong passwords left; nil: unknown or not applicable
	Until     time.Time // when waiting helps, or since when it is over
	Detail    string    // what it is about, for the message: a path, a user, a limit. Never a secret
	IDs       []ID      // candidates of an ambiguous path
	Err       error     // the error below, for logs
}

// Fail returns a Problem with a detail in fmt's form. A %w in it becomes Err.
func Fail(c Cause, format string, args ...any) *Problem {
	err := fmt.Errorf(format, args...)
	p := &Problem{Cause: c, Detail: err.Error()}
	if u, ok := err.(interface{ Unwrap() error }); ok {
		p.Err = u.Unwrap()
	}
	return p
}

// Error returns the cause and the detail, for logs; people read app/present.
func (p *Problem) Error() string {
	switch {
	case p.Detail != "":
		return string(p.Cause) + ": " + p.Detail
	case p.Err != nil:
		return string(p.Cause) + ": " + p.Err.Error()
	}
	return string(p.Cause)
}

// Unwrap returns the error below.
func (p *Problem) Unwrap() error { return p.Err }

// Is reports whether target is this problem's Cause.
func (p *Problem) Is(target error) bool {
	c, ok := target.(Cause)
	return ok && c == p.Cause
}
