package auth

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// counted is an attempt that stands in the counters as a failure.
type counted struct {
	user    store.User // as it was before; zero: a name that nobody has
	now     time.Time
	made    store.SignIn // what the attempt left in the user's row
	address mark
	name    mark // of a name that nobody has
	wrong   bool // what was given is wrong, or was used before
}

// countAttempt finds the user and counts the attempt as failed, in one
// transaction, before anything is compared.
func (a *Authenticator) countAttempt(ctx context.Context, at Attempt, now time.Time) (*counted, error) {
	c := &counted{now: now}
	err := a.Store.Update(ctx, func(tx store.Tx) error {
		found, err := tx.UserByName(ctx, at.Name)
		if errors.Is(err, store.ErrNotFound) {
			c.user = store.User{}
			return nil
		}
		if err != nil {
			return err
		}
		if c.user, err = tx.User(ctx, found.ID); err != nil { // locks the row
			return err
		}
		if now.Before(c.user.LockedUntil) {
			return tooMany(c.user.LockedUntil)
		}
		failures := c.user.Failures
		if now.Sub(c.user.LastFailure) > a.Lockout.Forget {
			failures = 0
		}
		failures++
		c.made = store.SignIn{
			User: c.user.ID, LastSignIn: c.user.LastSignIn,
			Failures: failures, LastFailure: now, LockedUntil: a.Lockout.until(failures, now),
		}
		return tx.RecordSignIn(ctx, c.made)
	})
	if err != nil {
		return nil, err
	}
	if c.user.ID.IsZero() {
		var until time.Time
		if c.name, until = a.names.begin(store.Fold(at.Name), now); !until.IsZero() {
			return nil, tooMany(until)
		}
	}
	return c, nil
}

// takeBack takes back what countAttempt and the address's counter counted, and
// no more: the count does not go to zero, and a lock that others have earned
// meanwhile stays.
func (a *Authenticator) takeBack(ctx context.Context, c *counted) error {
	a.addresses.takeBack(c.address)
	if c.user.ID.IsZero() {
		a.names.takeBack(c.name)
		return nil
	}
	return a.Store.Update(ctx, func(tx store.Tx) error {
		u, err := tx.User(ctx, c.user.ID)
		if err != nil {
			return err
		}
		s := store.SignIn{User: u.ID, LastSignIn: u.LastSignIn}
		if u.Failures == c.made.Failures && u.LastFailure.UnixMilli() == c.made.LastFailure.UnixMilli() { // nobody else has tried
			s.Failures, s.LastFailure, s.LockedUntil = c.user.Failures, c.user.LastFailure, c.user.LockedUntil
		} else {
			s.Failures, s.LastFailure = max(u.Failures-1, 0), u.LastFailure
			s.LockedUntil = a.Lockout.until(s.Failures, u.LastFailure)
		}
		return tx.RecordSignIn(ctx, s)
	})
}

// refuse records that nobody was let in, and returns WrongCredentials. The attempt
// stays counted even where it cannot be recorded, and is recorded even where the
// client has hung up.
func (a *Authenticator) refuse(ctx context.Context, at Attempt, c *counted) error {
	c.wrong = true
	ctx = context.WithoutCancel(ctx)
	err := a.Store.Update(ctx, func(tx store.Tx) error {
		_, err := tx.AppendAudit(ctx, a.event(at, c.user, vault.WrongCredentials))
		return err
	})
	if err != nil {
		return err
	}
	return vault.Fail(vault.WrongCredentials, "the user name, the password or the code is wrong")
}

// bar refuses an account that cannot be used, and tells whether that was all
// that was wrong.
func (a *Authenticator) bar(ctx context.Context, at Attempt, c *counted, right bool) error {
	err := a.refuse(ctx, at, c)
	if right && errors.Is(err, vault.WrongCredentials) {
		return &Barred{c.user.ID, err}
	}
	return err
}
