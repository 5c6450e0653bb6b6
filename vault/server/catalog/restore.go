package catalog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Restoring is what Restore takes.
type Restoring struct {
	// Backup says which file it was, for the audit.
	Backup string
	// Since is what the database that the backup replaces knows; nil: there is
	// none, or it cannot be read.
	Since *Ended
}

// Restored says what Restore did.
type Restored struct {
	Instance
	// Administrators can sign in at once, with the passwords of the backup.
	Administrators []string
	Suspended      []User         // until SetUserState
	Disabled       []User         // again, as they were disabled after the backup was made
	Devices        []store.Device // suspended until SetDeviceState
	Revoked        []store.Device // again, or taken over from the database that was replaced
	// RecoveryOff: the backup had a recovery key, which is gone with all that was
	// escrowed. It may have been turned off since.
	RecoveryOff bool
}

// Restore makes a database that was brought back from a backup safe to serve
// (security.md 10). What was taken away since the backup was made would come
// back with it, so nothing of that kind works until somebody has looked: a new
// incarnation, the epoch after every one known, all devices and all accounts
// but administrators suspended, every session ended, no nonce from before.
// What Since knows stays ended. Grants that were removed since cannot be known.
//
// It is for the operator, on a database that nobody else uses.
func (c *Catalog) Restore(ctx context.Context, by *Caller, in Restoring) (*Restored, error) {
	if !by.operator {
		return nil, vault.Fail(vault.NotPermitted, "a backup is restored on the server itself")
	}
	var out *Restored
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		out = &Restored{}
		if err := a.restoreInstance(ctx, tx, c, in, out); err != nil {
			return err
		}
		if err := a.restoreAccounts(ctx, tx, in.Since, out); err != nil {
			return err
		}
		if err := a.restoreDevices(ctx, tx, in.Since, out); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionRestore,
			Detail: fmt.Appendf(nil, "%s; epoch %d; suspended: %d accounts, %d devices; ended again: %d accounts, %d devices",
				in.Backup, out.Epoch, len(out.Suspended), len(out.Devices), len(out.Disabled), len(out.Revoked)),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	return out, nil
}

// restoreInstance makes it another database than the one that clients know.
func (a *access) restoreInstance(ctx context.Context, tx store.Tx, c *Catalog, in Restoring, out *Restored) error {
	out.Instance = a.rules.instance
	if in.Since != nil {
		out.Epoch = max(out.Epoch, in.Since.Epoch)
		if out.OfflineEnabled && !in.Since.OfflineEnabled {
			out.OfflineEnabled = false
			if err := put(ctx, tx, a, settingOffline, []byte(onOff(false))); err != nil {
				return err
			}
		}
	}
	out.Epoch++
	if err := put(ctx, tx, a, settingEpoch, binary.BigEndian.AppendUint64(nil, out.Epoch)); err != nil {
		return err
	}
	out.Incarnation = vault.NewID()
	if err := tx.PutMeta(ctx, metaIncarnation, out.Incarnation[:]); err != nil {
		return err
	}
	if err := dropSetup(ctx, tx); err != nil { // it may have been used since
		return err
	}
	var err error
	if _, out.RecoveryOff, err = a.recoveryOff(ctx, tx); err != nil { // likewise
		return err
	}
	// Nonces that were spent after the backup was made would be taken again.
	return c.putNonceKey(ctx, tx)
}

// restoreAccounts suspends who is no administrator, then and now, and ends all
// sessions.
func (a *access) restoreAccounts(ctx context.Context, tx store.Tx, since *Ended, out *Restored) error {
	var rows []store.User
	for u, err := range tx.Users(ctx) {
		if err != nil {
			return err
		}
		rows = append(rows, u)
	}
	for _, u := range rows {
		state := u.State
		switch {
		case state == store.UserDisabled:
		case since != nil && since.Disabled[u.ID]:
			state = store.UserDisabled
			u.DisabledAt = a.now
		case state == store.UserActive && a.world.admin(u.ID).Has(policy.AllAdmin) && (since == nil || since.listOnly || since.Administrators[u.ID]):
			out.Administrators = append(out.Administrators, u.Name)
		default:
			state = store.UserSuspended
		}
		shown := User{ID: u.ID, Name: u.Name, Display: u.Display, State: state, Roles: a.roleNames(u.ID), Created: u.Created, LastSignIn: u.LastSignIn}
		switch {
		case state == store.UserSuspended:
			out.Suspended = append(out.Suspended, shown)
		case state != u.State:
			out.Disabled = append(out.Disabled, shown)
		}
		u.State, u.Modified = state, a.now
		u.Stamp++
		if err := tx.UpdateUser(ctx, u); err != nil {
			return err
		}
		if _, err := tx.DeleteTokens(ctx, store.TokenQuery{User: u.ID}); err != nil {
			return err
		}
	}
	return nil
}

// whyRestored is the reason that a device's owner gets to see.
const whyRestored = "a backup was restored"

// whyListed is the reason of what only the signed list remembers.
const whyListed = "it is on the list of those who left"

// restoreDevices suspends what has not ended.
func (a *access) restoreDevices(ctx context.Context, tx store.Tx, since *Ended, out *Restored) error {
	gone := map[vault.ID]store.Device{}
	listed := map[vault.ID]bool{}
	var floor int64 // of the orders that follow
	if since != nil {
		for _, d := range since.Devices {
			gone[d.ID] = d
		}
		for _, id := range since.listed {
			listed[id] = true
		}
		floor = int64(since.Orders) + 1
	}
	var rows []store.Device
	for d, err := range tx.Devices(ctx, store.DeviceQuery{}) {
		if err != nil {
			return err
		}
		rows = append(rows, d)
	}
	for _, d := range rows {
		end, isGone := gone[d.ID]
		delete(gone, d.ID)
		if ended(d.State) && !isGone {
			continue
		}
		kind := lease.OrderRevoke
		switch {
		case isGone:
			d.State, d.Why, d.DecidedBy, d.DecidedAt, d.WipedAt = end.State, end.Why, end.DecidedBy, end.DecidedAt, end.WipedAt
			out.Revoked = append(out.Revoked, d)
		case listed[d.ID]:
			d.State, d.Why, d.DecidedBy, d.DecidedAt = store.DeviceRevoked, whyListed, vault.ID{}, a.now
			out.Revoked = append(out.Revoked, d)
		default:
			kind = lease.OrderSuspend
			d.State, d.Why, d.DecidedBy, d.DecidedAt = store.DeviceSuspended, whyRestored, vault.ID{}, a.now
			out.Devices = append(out.Devices, d)
		}
		if err := tx.UpdateDevice(ctx, d); err != nil {
			return err
		}
		if err := a.give(ctx, tx, store.Order{Seq: floor, Device: d.ID, User: d.User}, kind); err != nil {
			return err
		}
	}
	return takeOver(ctx, tx, gone, out)
}

// takeOver adds devices that ended and that the backup does not know yet: with
// the same key they would be new devices, which a policy may approve at once.
func takeOver(ctx context.Context, tx store.Tx, gone map[vault.ID]store.Device, out *Restored) error {
	for _, d := range gone {
		_, err := tx.User(ctx, d.User)
		if errors.Is(err, store.ErrNotFound) {
			continue // nobody can register it again
		}
		if err != nil {
			return err
		}
		if err := tx.AddDevice(ctx, d); err != nil {
			return err
		}
		out.Revoked = append(out.Revoked, d)
	}
	return nil
}
