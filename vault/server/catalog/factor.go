package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/auth"
	"github.com/tideover/tideover/vault/server/store"
)

// issuer is what an authenticator shows above the account's name.
const issuer = "Tideover"

// needUser returns NotPermitted unless the caller is the user, or may manage
// them.
func (a *access) needUser(user vault.ID) error {
	if a.by.user == user && !a.by.operator {
		return nil
	}
	return a.needAdmin(policy.ManageUsers | a.world.admin(user))
}

// EnrolTOTP makes a generator of one-time codes for an account. It counts after
// ConfirmTOTP; until then the sign-in is as before. It replaces one that was
// not confirmed. It takes to be the user, or to manage them.
func (c *Catalog) EnrolTOTP(ctx context.Context, by *Caller, user vault.ID) (Enrolment, error) {
	var out Enrolment
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needUser(user); err != nil {
			return err
		}
		u, err := tx.User(ctx, user)
		if err != nil {
			return notFound(err, "user %s", user)
		}
		factors, err := tx.Factors(ctx, user)
		if err != nil {
			return err
		}
		for _, f := range factors {
			if f.Kind == store.FactorTOTP && f.Confirmed.IsZero() {
				if err := tx.DeleteFactor(ctx, f.ID); err != nil {
					return err
				}
			}
		}
		out.URI.Wipe()
		out = Enrolment{ID: vault.NewID(), URI: auth.NewTOTP(issuer, u.Name)}
		f := store.Factor{ID: out.ID, User: user, Kind: store.FactorTOTP, Name: "authenticator app", Version: 1, Created: a.now}
		if f.Secret, err = c.keys.Seal(factorRow(f), out.URI.Bytes()); err != nil {
			return fmt.Errorf("encrypt second factor: %w", err)
		}
		if err := tx.AddFactor(ctx, f); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionTOTP, Target: user, Detail: []byte("made")})
	})
	if err != nil {
		out.URI.Wipe()
		return Enrolment{}, err
	}
	return out, nil
}

// ConfirmTOTP makes a generator count, given a code of it. WrongCredentials.
func (c *Catalog) ConfirmTOTP(ctx context.Context, by *Caller, factor vault.ID, code vault.Secret) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		f, err := tx.Factor(ctx, factor)
		if err != nil {
			return notFound(err, "second factor %s", factor)
		}
		if err := a.needUser(f.User); err != nil {
			return err
		}
		uri, err := c.seed(f)
		if err != nil {
			return err
		}
		defer uri.Wipe()
		step, ok, err := auth.CheckTOTP(uri, code, f.LastStep, a.now)
		if err != nil {
			return err
		}
		if !ok {
			return vault.Fail(vault.WrongCredentials, "the code is wrong")
		}
		if err := tx.SpendFactor(ctx, f.ID, step); err != nil {
			if errors.Is(err, store.ErrConflict) {
				return vault.Fail(vault.WrongCredentials, "the code was used before")
			}
			return err
		}
		f.Confirmed = a.now
		if err := tx.UpdateFactor(ctx, f); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionTOTP, Target: f.User, Detail: []byte("confirmed")})
	})
}

// RemoveTOTP removes every generator of an account. It takes to manage the
// user: nobody weakens their own sign-in with a stolen session.
func (c *Catalog) RemoveTOTP(ctx context.Context, by *Caller, user vault.ID) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needAdmin(policy.ManageUsers | a.world.admin(user)); err != nil {
			return err
		}
		factors, err := tx.Factors(ctx, user)
		if err != nil {
			return err
		}
		n := 0
		for _, f := range factors {
			if f.Kind != store.FactorTOTP {
				continue
			}
			if err := tx.DeleteFactor(ctx, f.ID); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return vault.Fail(vault.NotFound, "the account has no one-time codes")
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionTOTP, Target: user, Detail: []byte("removed")})
	})
}
