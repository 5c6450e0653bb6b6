package catalog

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/auth"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	// settingSetup is the SHA-256 of the set-up token (32 bytes) and the
	// milliseconds since 1970 at which it ends (8, big-endian).
	settingSetup = "setup"
	// setupLife is long enough to come back the next morning.
	setupLife = 24 * time.Hour
	// setupBytes cannot be guessed, so a plain hash of them is kept.
	setupBytes = 32
)

// NewSetup returns a token with which whoever has it makes the first
// administrator (FinishSetup): 64 hex digits, for one use within 24 hours. One
// from before ends. It is for the operator; Usage: there is an administrator
// already. The caller wipes the token.
func (c *Catalog) NewSetup(ctx context.Context, by *Caller) (token vault.Secret, expires time.Time, err error) {
	if !by.operator {
		return vault.Secret{}, time.Time{}, vault.Fail(vault.NotPermitted, "a server is set up on the server itself")
	}
	var raw [setupBytes]byte
	rand.Read(raw[:]) //nolint:errcheck // never returns an error (Go 1.24)
	defer clear(raw[:])
	text := hex.AppendEncode(nil, raw[:])
	hash := auth.HashToken(text)
	now := c.now()
	expires = now.Add(setupLife).Truncate(time.Millisecond)
	value := binary.BigEndian.AppendUint64(hash[:], uint64(expires.UnixMilli()))
	err = c.store.Update(ctx, func(tx store.Tx) error {
		if err := noAdministrator(ctx, tx); err != nil {
			return err
		}
		old, err := tx.Setting(ctx, settingSetup)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := tx.PutSetting(ctx, store.Setting{Name: settingSetup, Value: value, Version: old.Version, At: now}); err != nil {
			return err
		}
		return record(ctx, tx, by, now, store.AuditEvent{
			Action: ActionSetup, Detail: fmt.Appendf(nil, "link until %s", expires.UTC().Format(time.RFC3339)),
		})
	})
	c.written.Store(true)
	if err != nil {
		clear(text)
		return vault.Secret{}, time.Time{}, fmt.Errorf("make a set-up link: %w", noSpace(err))
	}
	return vault.NewSecret(text), expires, nil
}

// CheckSetup reports whether FinishSetup would take the token. NotFound: there
// is no such token, it has ended, or there is an administrator.
func (c *Catalog) CheckSetup(ctx context.Context, token string) error {
	return c.store.View(ctx, func(r store.Reader) error { return c.openSetup(ctx, r, token) })
}

var errNoSetup = vault.Fail(vault.NotFound, "no such set-up link, or it has ended")

// openSetup tells all that is wrong with a token in the same words.
func (c *Catalog) openSetup(ctx context.Context, r store.Reader, token string) error {
	s, err := r.Setting(ctx, settingSetup)
	if errors.Is(err, store.ErrNotFound) {
		return errNoSetup
	}
	if err != nil {
		return err
	}
	hash := auth.HashToken([]byte(token))
	if len(s.Value) != len(hash)+8 || subtle.ConstantTimeCompare(s.Value[:len(hash)], hash[:]) != 1 {
		return errNoSetup
	}
	if ends := time.UnixMilli(int64(number(s.Value[len(hash):]))); !c.now().Before(ends) {
		return errNoSetup
	}
	if err := noAdministrator(ctx, r); errors.Is(err, vault.Usage) {
		return errNoSetup
	} else if err != nil {
		return err
	}
	return nil
}

// noAdministrator returns Usage if there is an account with all administrative
// rights, whatever its state: a disabled one was one.
func noAdministrator(ctx context.Context, r store.Reader) error {
	perms, err := r.Permissions(ctx)
	if err != nil {
		return err
	}
	rights := map[vault.ID]policy.Admin{} // by role, then by user
	for _, role := range perms.Roles {
		rights[role.ID] = policy.Admin(role.Rights)
	}
	for _, m := range perms.Members {
		if rights[m.User] |= rights[m.Role]; rights[m.User].Has(policy.AllAdmin) {
			return vault.Fail(vault.Usage, "there is an administrator already")
		}
	}
	return nil
}

// FinishSetup makes the first administrator and ends the token. NotFound as in
// CheckSetup; Usage: the name cannot be one, or is taken; WeakPassword. After
// these two the token is still good. Two who come at the same time: one wins.
func (c *Catalog) FinishSetup(ctx context.Context, token, address string, n NewUser) error {
	if err := c.CheckSetup(ctx, token); err != nil { // before a hash is computed for nothing
		return err
	}
	if err := checkName(n.Name); err != nil {
		return err
	}
	hash, err := c.newPassword(ctx, n.Name, n.Password)
	if err != nil {
		return err
	}
	err = c.store.Update(ctx, func(tx store.Tx) error {
		if err := c.openSetup(ctx, tx, token); err != nil {
			return err
		}
		return c.addFirst(ctx, tx, address, store.User{ID: vault.NewID(), Name: n.Name, PasswordHash: hash})
	})
	c.written.Store(true)
	return noSpace(err)
}

func (c *Catalog) addFirst(ctx context.Context, tx store.Tx, address string, u store.User) error {
	if err := tx.DeleteSetting(ctx, settingSetup); err != nil {
		return notFound(err, "no such set-up link, or it has ended")
	}
	if _, err := tx.UserByName(ctx, u.Name); !errors.Is(err, store.ErrNotFound) {
		return taken(err, "user", u.Name)
	}
	role, err := tx.RoleByName(ctx, Administrators)
	if err != nil {
		return notFound(err, "role %q", Administrators)
	}
	u.State, u.Source, u.Created, u.Modified = store.UserActive, store.SourceLocal, c.now(), c.now()
	if err := tx.AddUser(ctx, u); err != nil {
		return err
	}
	if err := tx.AddMember(ctx, store.Member{Role: role.ID, User: u.ID}); err != nil {
		return err
	}
	by := &Caller{user: u.ID, name: u.Name, address: address}
	return record(ctx, tx, by, c.now(), store.AuditEvent{
		Action: ActionSetup, Target: u.ID, Detail: []byte("administrator " + u.Name),
	})
}

// dropSetup ends a set-up link, if there is one.
func dropSetup(ctx context.Context, tx store.Tx) error {
	if _, err := tx.Setting(ctx, settingSetup); errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	return tx.DeleteSetting(ctx, settingSetup)
}
