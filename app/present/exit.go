package present

import "github.com/tideover/tideover/vault"

// Exit returns the exit code of a command that ends with the cause. Scripts
// rely on the numbers: never change one. A cause that is not known is 1.
func Exit(c vault.Cause) int {
	switch c {
	case vault.Usage, vault.WeakPassword, vault.Unconfirmed:
		return 2
	case vault.WrongPassword, vault.WrongCredentials, vault.WrongPIN:
		return 3
	case vault.OtherMachine, vault.ChipMissing:
		return 4
	case vault.Expired, vault.ClockMoved:
		return 5
	case vault.Revoked, vault.Suspended, vault.Wiped:
		return 6
	case vault.Superseded:
		return 7
	case vault.TooManyAttempts, vault.ChipLocked, vault.PINBlocked:
		return 8
	case vault.NotPermitted, vault.SomeoneOffline, vault.CommentRequired:
		return 9
	case vault.NoCache:
		return 10
	case vault.Unreachable, vault.BadAnswer:
		return 11
	case vault.Damaged, vault.Hostile, vault.Unsupported:
		return 12
	case vault.ReadOnly:
		return 13
	case vault.NotSignedIn, vault.Locked, vault.SecondFactor, vault.KeyMissing, vault.KeyUnknown, vault.KeyFailed, vault.SeveralKeys,
		vault.PINNotSet, vault.TouchTimeout, vault.KeyRequired:
		return 14
	case vault.NotFound, vault.Ambiguous:
		return 15
	case vault.LevelTooLow, vault.NoSecretStore:
		return 16
	case vault.IdentityUnknown, vault.IdentityChanged:
		return 17
	case vault.Busy, vault.Conflict:
		return 18
	case vault.ApprovalPending, vault.ApprovalDenied:
		return 19
	}
	return 1
}

// known reports whether there are words for the cause.
func known(c vault.Cause) bool { return c == vault.Internal || Exit(c) != 1 }
