package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	// maxNameBytes bounds names of users, roles and levels.
	maxNameBytes = 256
	// Rules for account passwords: what NIST SP 800-63B asks for, length and no
	// guessable ones, and nothing about kinds of characters.
	minPasswordLength = 8
	minPasswordScore  = 2
)

// checkName refuses names that cannot be typed, or are ambiguous on a screen.
func checkName(name string) error {
	switch {
	case name == "" || strings.TrimSpace(name) != name:
		return vault.Fail(vault.Usage, "a name is not empty and has no space at its ends")
	case len(name) > maxNameBytes || !utf8.ValidString(name):
		return vault.Fail(vault.Usage, "a name is UTF-8 of at most %d bytes", maxNameBytes)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return vault.Fail(vault.Usage, "a name has printable characters only")
	}
	return nil
}

// newPassword checks and hashes an account password.
func (c *Catalog) newPassword(ctx context.Context, name string, password vault.Secret) (string, error) {
	rules := policy.MasterRules{MinLength: minPasswordLength, MinScore: minPasswordScore}
	if err := rules.Check(password, vault.Secret{}, name); err != nil {
		return "", err
	}
	return c.hasher.Hash(ctx, password)
}

// AddUser makes an account. It takes ManageUsers, and for roles what AddMember
// takes. Usage: the name is taken; WeakPassword.
func (c *Catalog) AddUser(ctx context.Context, by *Caller, n NewUser) (vault.ID, error) {
	if err := checkName(n.Name); err != nil {
		return vault.ID{}, err
	}
	var hash string
	if !n.Password.IsEmpty() {
		var err error
		if hash, err = c.newPassword(ctx, n.Name, n.Password); err != nil {
			return vault.ID{}, err
		}
	}
	id := vault.NewID()
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needAdmin(policy.ManageUsers); err != nil {
			return err
		}
		if _, err := tx.UserByName(ctx, n.Name); !errors.Is(err, store.ErrNotFound) {
			return taken(err, "user", n.Name)
		}
		u := store.User{
			ID: id, Name: n.Name, Display: n.Display, PasswordHash: hash, State: store.UserActive,
			Source: store.SourceLocal, Created: a.now, Modified: a.now,
		}
		if err := tx.AddUser(ctx, u); err != nil {
			return err
		}
		for _, name := range n.Roles {
			if err := addMember(ctx, tx, a, name, u); err != nil {
				return err
			}
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionAddUser, Target: id, Detail: []byte(n.Name)})
	})
	return id, err
}

// taken returns err, or that a name is taken.
func taken(err error, what, name string) error {
	if err != nil {
		return err
	}
	return vault.Fail(vault.Usage, "there is a %s named %q already", what, name)
}

// Users returns all accounts by name. It takes ManageUsers.
func (c *Catalog) Users(ctx context.Context, by *Caller) ([]User, error) {
	var list []User
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAdmin(policy.ManageUsers); err != nil {
			return err
		}
		var rows []store.User
		for u, err := range r.Users(ctx) {
			if err != nil {
				return err
			}
			rows = append(rows, u)
		}
		list = make([]User, 0, len(rows))
		for _, row := range rows {
			u, err := describe(ctx, r, a, row)
			if err != nil {
				return err
			}
			list = append(list, u)
		}
		return nil
	})
	return list, err
}

// UserByName returns one account. It takes ManageUsers, or to be the user.
func (c *Catalog) UserByName(ctx context.Context, by *Caller, name string) (User, error) {
	var u User
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		row, err := r.UserByName(ctx, name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err != nil || row.ID != by.user {
			if err := a.needAdmin(policy.ManageUsers); err != nil {
				return err
			}
		}
		if err != nil {
			return vault.Fail(vault.NotFound, "user %q", name)
		}
		u, err = describe(ctx, r, a, row)
		return err
	})
	return u, err
}

func describe(ctx context.Context, r store.Reader, a *access, row store.User) (User, error) {
	u := User{
		ID: row.ID, Name: row.Name, Display: row.Display, State: row.State,
		Created: row.Created, LastSignIn: row.LastSignIn,
	}
	if a.now.Before(row.LockedUntil) {
		u.LockedUntil = row.LockedUntil
	}
	factors, err := r.Factors(ctx, row.ID)
	for _, f := range factors {
		u.SecondFactor = u.SecondFactor || !f.Confirmed.IsZero()
	}
	u.Roles = a.roleNames(row.ID)
	return u, err
}

// SetUserState enables (store.UserActive) or disables (store.UserDisabled) an
// account. It takes ManageUsers. Disabling ends every session and orders every
// device to wipe; devices keep their keys, so that they can be told. Nobody
// disables themselves.
func (c *Catalog) SetUserState(ctx context.Context, by *Caller, user vault.ID, s store.UserState) error {
	if s != store.UserActive && s != store.UserDisabled {
		return vault.Fail(vault.Usage, "an account is enabled or disabled")
	}
	return c.changeUser(ctx, by, user, ActionUserState, func(a *access, u *store.User) error {
		if u.ID == by.user && s == store.UserDisabled {
			return vault.Fail(vault.Usage, "nobody can disable their own account")
		}
		if u.State == s {
			return nil
		}
		u.State, u.DisabledAt = s, time.Time{}
		if s == store.UserDisabled {
			u.DisabledAt = a.now
		}
		u.Stamp++
		return nil
	})
}

// SetPassword sets an account's password, ends every session of it, and forgets
// the wrong ones that were tried before: it can sign in at once. It takes
// ManageUsers and no fewer administrative rights than the account has, or to be
// the user. WeakPassword.
func (c *Catalog) SetPassword(ctx context.Context, by *Caller, user vault.ID, password vault.Secret) error {
	var name string
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needUser(user); err != nil { // before a hash is computed for nothing
			return err
		}
		u, err := r.User(ctx, user)
		name = u.Name
		return notFound(err, "user %s", user)
	})
	if err != nil {
		return err
	}
	hash, err := c.newPassword(ctx, name, password)
	if err != nil {
		return err
	}
	return c.changeUser(ctx, by, user, ActionSetPassword, func(_ *access, u *store.User) error {
		u.PasswordHash = hash
		u.Stamp++
		return nil
	})
}

// changeUser changes an account's row. The caller is the user, or holds
// ManageUsers and every administrative right that the account has: who could
// set an administrator's password would be one.
func (c *Catalog) changeUser(ctx context.Context, by *Caller, user vault.ID, action string, change func(*access, *store.User) error) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		u, err := tx.User(ctx, user)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if u.ID != by.user || by.operator || action == ActionUserState {
			if err := a.needAdmin(policy.ManageUsers | a.world.admin(user)); err != nil {
				return err
			}
		}
		if err != nil {
			return notFound(err, "user %s", user)
		}
		stamp, state := u.Stamp, u.State
		if err := change(a, &u); err != nil {
			return err
		}
		if u.Stamp == stamp {
			return nil
		}
		u.Modified = a.now
		if err := tx.UpdateUser(ctx, u); err != nil {
			return err
		}
		if action == ActionSetPassword {
			if err := tx.RecordSignIn(ctx, store.SignIn{User: user, LastSignIn: u.LastSignIn}); err != nil {
				return err
			}
		}
		if _, err := tx.DeleteTokens(ctx, store.TokenQuery{User: user}); err != nil {
			return err
		}
		if err := a.commandUser(ctx, tx, user, state, u.State); err != nil {
			return err
		}
		e := store.AuditEvent{Action: action, Target: user, Detail: []byte(u.Name)}
		if u.State != state {
			e.Detail = fmt.Appendf(nil, "%s: state %d", u.Name, u.State)
		}
		return a.record(ctx, tx, e)
	})
}

// notFound makes the store's missing row a problem in our words.
func notFound(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrNotFound) {
		return vault.Fail(vault.NotFound, format, args...)
	}
	return err
}
