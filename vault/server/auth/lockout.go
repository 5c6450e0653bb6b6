package auth

import "time"

// Lockout says how an account answers wrong passwords in a row.
type Lockout struct {
	After   int64         // so many cost nothing
	First   time.Duration // the wait after one more; it doubles with each further one
	Longest time.Duration
	Forget  time.Duration // failures count no longer than this after the last one
}

// DefaultLockout lets people mistype, and holds a guesser to about 30 guesses
// on the first day and 24 on every further one. It never locks for good: that
// would let anybody lock out anybody.
func DefaultLockout() Lockout {
	return Lockout{After: 5, First: time.Minute, Longest: time.Hour, Forget: 24 * time.Hour}
}

// DefaultOffice is wider than an account's: behind one address may stand an
// office.
func DefaultOffice() Lockout {
	return Lockout{After: 100, First: time.Second, Longest: 5 * time.Minute, Forget: time.Hour}
}

// until returns until when an account is locked that has failed so often, the
// last time at now; zero: it is not.
func (l Lockout) until(failures int64, now time.Time) time.Time {
	if failures < l.After {
		return time.Time{}
	}
	wait := l.First
	for range failures - l.After {
		if wait >= l.Longest {
			break
		}
		wait *= 2
	}
	return now.Add(min(wait, l.Longest))
}
