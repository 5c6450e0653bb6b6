package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// Actions of the audit events that this package writes.
const (
	ActionSignIn  = "user.sign_in"
	ActionSignOut = "user.sign_out"
)

// Config is what an Authenticator stands on.
type Config struct {
	Store  store.Store
	Hasher *Hasher
	// Seed opens the otpauth URI of a factor; the result is wiped after use.
	Seed    func(store.Factor) (vault.Secret, error)
	Lockout Lockout       // of accounts; the zero value: DefaultLockout
	Office  Lockout       // of addresses; the zero value: DefaultOffice
	Life    time.Duration // of a token; 0: eight hours, a working day
	Now     func() time.Time
}

// Limits of the counters that are kept in memory.
const (
	keptAddresses = 16384
	keptNames     = 16384
)

// Authenticator signs users in and knows their tokens. It is safe for
// concurrent use.
type Authenticator struct {
	Config
	addresses *throttle
	names     *throttle
}

// New returns an authenticator.
func New(c Config) *Authenticator {
	if c.Lockout == (Lockout{}) {
		c.Lockout = DefaultLockout()
	}
	if c.Office == (Lockout{}) {
		c.Office = DefaultOffice()
	}
	if c.Life == 0 {
		c.Life = 8 * time.Hour
	}
	return &Authenticator{
		Config:    c,
		addresses: newThrottle(c.Office, keptAddresses),
		names:     newThrottle(c.Lockout, keptNames),
	}
}

// Attempt is what somebody gives to sign in.
type Attempt struct {
	Name     string
	Password vault.Secret
	Code     vault.Secret // one-time code; empty: not given
	Address  string       // of the client
	Agent    string
}

// Session is a proven user with a fresh token. The caller wipes Access.
type Session struct {
	User    vault.ID
	Access  vault.Secret
	Expires time.Time
}

// SignIn proves who somebody is and makes a token.
//
// WrongCredentials: name, password or code is wrong, or the account cannot be
// used; which of them is not told, but as *Barred to the caller. SecondFactor: name and
// password are right, and a code is needed. TooManyAttempts: the account, the name
// or the address has failed too often; Until says when it may try again.
func (a *Authenticator) SignIn(ctx context.Context, at Attempt) (Session, error) {
	now := a.Now()
	address, until := a.addresses.begin(at.Address, now)
	if !until.IsZero() {
		return Session{}, tooMany(until)
	}
	c, err := a.countAttempt(ctx, at, now)
	if err != nil {
		return Session{}, err
	}
	c.address = address
	s, err := a.compare(ctx, at, c)
	switch {
	case err == nil:
		a.addresses.takeBack(c.address)
	case !c.wrong: // no code yet, a client that hung up, a fault of ours: nobody has guessed
		err = errors.Join(err, a.takeBack(context.WithoutCancel(ctx), c))
	}
	return s, err
}

// compare looks at password and code of an attempt that was counted.
func (a *Authenticator) compare(ctx context.Context, at Attempt, c *counted) (Session, error) {
	match, err := a.Hasher.Verify(ctx, c.user.PasswordHash, at.Password)
	if err != nil {
		return Session{}, err
	}
	if !match.OK || c.user.ID.IsZero() {
		return Session{}, a.refuse(ctx, at, c)
	}
	proof, err := a.checkFactors(ctx, at, c)
	switch wrong := errors.Is(err, vault.WrongCredentials); {
	case err != nil && !wrong:
		return Session{}, err
	case c.user.State != store.UserActive: // the code is asked for all the same, and not spent
		return Session{}, a.bar(ctx, at, c, !wrong)
	case wrong:
		return Session{}, a.refuse(ctx, at, c)
	}
	var rehashed string
	if match.Outdated {
		if rehashed, err = a.Hasher.Hash(ctx, at.Password); err != nil {
			return Session{}, err
		}
	}
	s, err := a.admit(ctx, at, c.user, proof, rehashed)
	if errors.Is(err, vault.WrongCredentials) {
		return Session{}, a.refuse(ctx, at, c)
	}
	return s, err
}

// Barred says that the credentials are right and that the account is no longer
// in use. To a person it looks like wrong credentials; the user's devices are
// told their orders.
type Barred struct {
	User vault.ID
	Err  error // WrongCredentials
}

// Error is that of wrong credentials.
func (b *Barred) Error() string { return b.Err.Error() }

// Unwrap returns the problem.
func (b *Barred) Unwrap() error { return b.Err }

func tooMany(until time.Time) error {
	return &vault.Problem{Cause: vault.TooManyAttempts, Until: until, Detail: "too many attempts to sign in"}
}

// proof is a code that was right.
type proof struct {
	factor vault.ID // zero: the user has no second factor
	step   int64
}

// checkFactors compares the code with the user's confirmed factors.
//
// SecondFactor: one is needed, and no code was given; WrongCredentials.
func (a *Authenticator) checkFactors(ctx context.Context, at Attempt, c *counted) (proof, error) {
	var factors []store.Factor
	err := a.Store.View(ctx, func(r store.Reader) (err error) {
		factors, err = r.Factors(ctx, c.user.ID)
		return err
	})
	if err != nil {
		return proof{}, err
	}
	needed := false
	var right proof
	for _, f := range factors {
		if f.Confirmed.IsZero() || f.Kind != store.FactorTOTP {
			continue
		}
		needed = true
		if at.Code.IsEmpty() {
			continue
		}
		uri, err := a.Seed(f)
		if err != nil {
			return proof{}, fmt.Errorf("second factor: %w", err)
		}
		step, ok, err := CheckTOTP(uri, at.Code, f.LastStep, c.now)
		uri.Wipe()
		if err != nil {
			return proof{}, err
		}
		if ok {
			right = proof{f.ID, step}
		}
	}
	switch {
	case needed && at.Code.IsEmpty():
		return proof{}, vault.Fail(vault.SecondFactor, "a one-time code is needed")
	case needed && right.factor.IsZero():
		return proof{}, vault.WrongCredentials
	}
	return right, nil
}

// maxNameBytes bounds what of a name that was tried goes into the audit.
const maxNameBytes = 128

func (a *Authenticator) event(at Attempt, user store.User, outcome vault.Cause) store.AuditEvent {
	e := store.AuditEvent{
		At: a.Now(), Actor: user.ID, Name: user.Name, Action: ActionSignIn,
		Outcome: string(outcome), Target: user.ID, Address: at.Address,
	}
	if user.ID.IsZero() {
		e.Name = at.Name[:min(len(at.Name), maxNameBytes)]
	}
	return e
}

// admit makes the token, if the account is still what was proven.
func (a *Authenticator) admit(ctx context.Context, at Attempt, user store.User, p proof, rehashed string) (Session, error) {
	now := a.Now()
	access, hash := newToken()
	s := Session{User: user.ID, Access: access, Expires: now.Add(a.Life).Truncate(time.Millisecond)}
	err := a.Store.Update(ctx, func(tx store.Tx) error {
		u, err := tx.User(ctx, user.ID)
		if err != nil {
			return err
		}
		if u.State != store.UserActive || u.Stamp != user.Stamp || u.PasswordHash != user.PasswordHash {
			return vault.Fail(vault.WrongCredentials, "the account was changed meanwhile")
		}
		if !p.factor.IsZero() {
			err := tx.SpendFactor(ctx, p.factor, p.step)
			if errors.Is(err, store.ErrConflict) {
				return vault.Fail(vault.WrongCredentials, "the code was used before")
			}
			if err != nil {
				return err
			}
		}
		if rehashed != "" {
			u.PasswordHash = rehashed
			if err := tx.UpdateUser(ctx, u); err != nil {
				return err
			}
		}
		if err := tx.RecordSignIn(ctx, store.SignIn{User: u.ID, LastSignIn: now}); err != nil {
			return err
		}
		if _, err := tx.DeleteTokens(ctx, store.TokenQuery{ExpiredBefore: now}); err != nil {
			return err
		}
		if err := tx.AddToken(ctx, store.Token{
			Hash: hash, Kind: store.TokenAPI, User: u.ID, Stamp: u.Stamp,
			Created: now, Expires: s.Expires, LastUsed: now, Address: at.Address, Agent: at.Agent,
		}); err != nil {
			return err
		}
		_, err = tx.AppendAudit(ctx, a.event(at, u, "ok"))
		return err
	})
	if err != nil {
		access.Wipe()
		return Session{}, err
	}
	return s, nil
}

// Authenticate returns the user of an access token. NotSignedIn: there is no
// such token, it has ended, or the account cannot be used.
func (a *Authenticator) Authenticate(ctx context.Context, access string) (store.User, [32]byte, error) {
	hash := HashToken([]byte(access))
	var user store.User
	err := a.Store.View(ctx, func(r store.Reader) error {
		t, err := r.Token(ctx, hash)
		if errors.Is(err, store.ErrNotFound) {
			return vault.Fail(vault.NotSignedIn, "no such access token")
		}
		if err != nil {
			return err
		}
		if user, err = r.User(ctx, t.User); err != nil {
			return err
		}
		if t.Kind != store.TokenAPI || !a.Now().Before(t.Expires) || t.Stamp != user.Stamp || user.State != store.UserActive {
			return vault.Fail(vault.NotSignedIn, "the access token has ended")
		}
		return nil
	})
	if err != nil {
		return store.User{}, hash, err
	}
	return user, hash, nil
}

// SignOut ends a token; one that has ended already is no error.
func (a *Authenticator) SignOut(ctx context.Context, hash [32]byte, e store.AuditEvent) error {
	return a.Store.Update(ctx, func(tx store.Tx) error {
		if err := tx.DeleteToken(ctx, hash); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		}
		e.At, e.Action, e.Outcome = a.Now(), ActionSignOut, "ok"
		_, err := tx.AppendAudit(ctx, e)
		return err
	})
}
