package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/auth"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// SignIn is a request for an access token.
type SignIn struct {
	Name     string
	Password vault.Secret
	OTP      vault.Secret // one-time code; empty: not given
	Address  string       // of the client
	Agent    string       // User-Agent
	Device   vault.ID     // on which somebody signs in, as the client says; zero: unknown
}

// Barred says that the credentials are right and that the account is no longer
// in use. Its problem is WrongCredentials; Orders are those of the device that
// was named, if it is the account's.
type Barred struct {
	Orders []lease.Order
	Err    error
}

// Error is that of wrong credentials.
func (b *Barred) Error() string { return b.Err.Error() }

// Unwrap returns the problem.
func (b *Barred) Unwrap() error { return b.Err }

// Token is an access token. The caller wipes Access.
type Token struct {
	Access  vault.Secret // 43 characters of base64url
	Expires time.Time
	User    vault.ID
}

// SignIn proves a user. WrongCredentials: name, password or code is wrong, or
// the account cannot be used (*Barred, if that is all). SecondFactor: name and password are right, and a
// code is needed. TooManyAttempts: Until says when to try again.
func (c *Catalog) SignIn(ctx context.Context, s SignIn) (Token, error) {
	session, err := c.auth.SignIn(ctx, auth.Attempt{
		Name: s.Name, Password: s.Password, Code: s.OTP, Address: s.Address, Agent: s.Agent,
	})
	var barred *auth.Barred
	if errors.As(err, &barred) && !s.Device.IsZero() {
		return Token{}, c.barred(ctx, s.Device, barred)
	}
	if err != nil {
		return Token{}, noSpace(err)
	}
	c.written.Store(true) // a hash may have been renewed
	return Token{Access: session.Access, Expires: session.Expires, User: session.User}, nil
}

// barred finds what the device of a disabled account is to be told.
func (c *Catalog) barred(ctx context.Context, device vault.ID, b *auth.Barred) error {
	d, err := c.DeviceKey(ctx, device)
	if err != nil || d.User != b.User {
		return b.Err // nothing more is told to whoever names another device
	}
	orders, err := c.Orders(ctx, device, lease.Mark{})
	if err != nil {
		return err
	}
	return &Barred{orders, b.Err}
}

// Authenticate returns the caller whose access token it is; NotSignedIn.
func (c *Catalog) Authenticate(ctx context.Context, access, address string) (*Caller, error) {
	user, hash, err := c.auth.Authenticate(ctx, access)
	if err != nil {
		return nil, err
	}
	return &Caller{user: user.ID, name: user.Name, address: address, token: hash}, nil
}

// SignOut ends the token that the caller came with.
func (c *Catalog) SignOut(ctx context.Context, by *Caller) error {
	if by.operator {
		return nil
	}
	return c.auth.SignOut(ctx, by.token, store.AuditEvent{Actor: by.user, Name: by.name, Target: by.user, Address: by.address})
}

// seed opens the otpauth URI of a second factor.
func (c *Catalog) seed(f store.Factor) (vault.Secret, error) {
	text, err := c.keys.Unseal(nil, factorRow(f), f.Secret)
	if err != nil {
		return vault.Secret{}, fmt.Errorf("open second factor: %w", err)
	}
	return vault.NewSecret(text), nil
}

func factorRow(f store.Factor) keyring.Row {
	return keyring.Row{Kind: keyring.Factor, ID: f.ID, Version: f.Version}
}
