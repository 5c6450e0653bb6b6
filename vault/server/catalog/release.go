package catalog

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	// releaseLife is how long the second administrator has.
	releaseLife = 24 * time.Hour
	// maxReason bounds a reason, which stands in the audit for ever.
	maxReason = 500
)

// Release is a request to release a machine secret, with names.
type Release struct {
	store.Release

	Asked, Approved string    // names of the administrators; empty: nobody
	Until           time.Time // it can be approved before
	Open            bool      // it can be approved now
}

// ReleaseRequest is what the first administrator gives.
type ReleaseRequest struct {
	Device     vault.ID
	Generation uint64 // 0: the one that was proven, else the one that is pending
	Reason     string
	As         SignIn // of the administrator; OTP must be given
}

// AskRelease records that an administrator wants the machine secret of a
// device's cache released. It is for a command on the server: the administrator
// proves who they are by As.
//
// Errors: those of SignIn; NotPermitted: not every administrative right, no
// second factor, or the device is not approved; NotFound: nothing is escrowed of
// it; Usage: no reason.
func (c *Catalog) AskRelease(ctx context.Context, by *Caller, r ReleaseRequest) (Release, error) {
	reason, err := checkReason(r.Reason)
	if err != nil {
		return Release{}, err
	}
	admin, err := c.proveAdmin(ctx, by, r.As)
	if err != nil {
		return Release{}, err
	}
	var out Release
	err = c.update(ctx, admin, func(tx store.Tx, a *access) error {
		if err := a.mayRelease(ctx, tx); err != nil {
			return err
		}
		d, err := tx.Device(ctx, r.Device)
		if err != nil {
			return notFound(err, "device %s", r.Device)
		}
		if d.State != store.DeviceApproved {
			return vault.Fail(vault.NotPermitted, "the device is not approved")
		}
		e, err := escrowToRelease(ctx, tx, r)
		if err != nil {
			return err
		}
		row := store.Release{
			ID: vault.NewID(), Device: d.ID, Cache: e.Cache, Generation: e.Generation, Key: e.Key,
			AskedBy: admin.user, AskedAt: a.now, Reason: reason,
		}
		if err := tx.AddRelease(ctx, row); err != nil {
			return err
		}
		out = named(row, map[vault.ID]string{admin.user: admin.name}, a.now)
		return a.tellRelease(ctx, tx, row, ActionAskRelease, "asked for")
	})
	return out, err
}

// escrowToRelease chooses what a request is about.
func escrowToRelease(ctx context.Context, tx store.Tx, r ReleaseRequest) (store.Escrow, error) {
	all, err := tx.Escrows(ctx, r.Device)
	if err != nil {
		return store.Escrow{}, err
	}
	var chosen *store.Escrow
	for i, e := range all {
		g, err := tx.Generation(ctx, escrowID(e))
		if err != nil {
			return store.Escrow{}, err
		}
		switch {
		case r.Generation != 0 && uint64(e.Generation) != r.Generation:
		case chosen == nil || g.State == store.GenerationProven:
			chosen = &all[i]
		}
	}
	if chosen == nil {
		return store.Escrow{}, vault.Fail(vault.NotFound, "no machine secret of device %s is escrowed", r.Device)
	}
	return *chosen, nil
}

// Approve is what the second administrator gives.
type Approve struct {
	Release vault.ID
	As      SignIn
}

// ApproveRelease is the second administrator's word, and returns the machine
// secret, which the caller writes out and wipes. When it returns, the release is
// recorded, and is over.
//
// Errors: those of AskRelease; NotPermitted: the same administrator, or too
// late; Usage: it was approved or has ended; Damaged: what is escrowed does not
// open, and the release is over all the same.
func (c *Catalog) ApproveRelease(ctx context.Context, by *Caller, p Approve) (Release, vault.Secret, error) {
	admin, err := c.proveAdmin(ctx, by, p.As)
	if err != nil {
		return Release{}, vault.Secret{}, err
	}
	var out Release
	var e store.Escrow
	err = c.update(ctx, admin, func(tx store.Tx, a *access) error {
		if err := a.mayRelease(ctx, tx); err != nil {
			return err
		}
		row, err := tx.Release(ctx, p.Release)
		if err != nil {
			return notFound(err, "request %s", p.Release)
		}
		if err := a.mayApprove(ctx, tx, row); err != nil {
			return err
		}
		if e, err = escrowOf(ctx, tx, row); err != nil {
			return err
		}
		row.ApprovedBy, row.ApprovedAt = admin.user, a.now
		if err := tx.UpdateRelease(ctx, row); err != nil {
			return err
		}
		names, err := userNames(ctx, tx)
		if err != nil {
			return err
		}
		out = named(row, names, a.now)
		return a.tellRelease(ctx, tx, row, ActionApproveRelease, "approved, asked for by "+out.Asked)
	})
	if err != nil {
		return Release{}, vault.Secret{}, err
	}
	var secret vault.Secret
	err = c.store.View(ctx, func(r store.Reader) (err error) {
		secret.Wipe()
		secret, err = c.openEscrow(ctx, r, e)
		return err
	})
	return out, secret, err
}

// mayApprove decides about the second word.
func (a *access) mayApprove(ctx context.Context, tx store.Tx, row store.Release) error {
	switch {
	case !row.ApprovedAt.IsZero():
		return vault.Fail(vault.Usage, "this request was approved before")
	case !row.EndedAt.IsZero():
		return vault.Fail(vault.Usage, "this request has ended: %s", row.EndedWhy)
	case !a.now.Before(row.AskedAt.Add(releaseLife)) || a.now.Before(row.AskedAt):
		return vault.Fail(vault.NotPermitted, "this request is older than %d hours", releaseLife/time.Hour)
	case row.AskedBy == a.by.user:
		return vault.Fail(vault.NotPermitted, "another administrator has to approve what %s asked for", a.by.name)
	}
	// Whoever asked must still be who they were.
	asked, err := tx.User(ctx, row.AskedBy)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err != nil || asked.State != store.UserActive || !a.world.admin(row.AskedBy).Has(policy.AllAdmin) {
		return vault.Fail(vault.NotPermitted, "who asked is no administrator any more")
	}
	d, err := tx.Device(ctx, row.Device)
	if err != nil {
		return notFound(err, "device %s", row.Device)
	}
	if d.State != store.DeviceApproved {
		return vault.Fail(vault.NotPermitted, "the device is not approved")
	}
	return nil
}

func escrowOf(ctx context.Context, r store.Reader, row store.Release) (store.Escrow, error) {
	all, err := r.Escrows(ctx, row.Device)
	if err != nil {
		return store.Escrow{}, err
	}
	for _, e := range all {
		if e.Cache == row.Cache && e.Generation == row.Generation && e.Key == row.Key {
			return e, nil
		}
	}
	return store.Escrow{}, vault.Fail(vault.NotFound, "what was asked for is not escrowed any more")
}

// CancelRelease ends a request that was not approved. It is for the operator:
// it gives nothing away.
func (c *Catalog) CancelRelease(ctx context.Context, by *Caller, id vault.ID, reason string) error {
	if !by.operator {
		return vault.Fail(vault.NotPermitted, "requests are cancelled on the server itself")
	}
	reason, err := checkReason(reason)
	if err != nil {
		return err
	}
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		row, err := tx.Release(ctx, id)
		if err != nil {
			return notFound(err, "request %s", id)
		}
		if !row.ApprovedAt.IsZero() || !row.EndedAt.IsZero() {
			return vault.Fail(vault.Usage, "this request is over")
		}
		row.EndedAt, row.EndedWhy = a.now, reason
		if err := tx.UpdateRelease(ctx, row); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionRecovery, Device: row.Device, Target: row.Device, Comment: reason,
			Detail: []byte("cancelled: request " + row.ID.String()),
		})
	})
}

// Releases returns all requests, the newest first. It takes ManageDevices.
func (c *Catalog) Releases(ctx context.Context, by *Caller) ([]Release, error) {
	var out []Release
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAdmin(policy.ManageDevices); err != nil {
			return err
		}
		rows, err := r.Releases(ctx, vault.ID{})
		if err != nil {
			return err
		}
		names, err := userNames(ctx, r)
		if err != nil {
			return err
		}
		out = out[:0]
		for _, row := range rows {
			out = append(out, named(row, names, a.now))
		}
		return nil
	})
	return out, err
}

// LastRelease returns the newest release of a device, for telling whoever has
// it; nil: there was none. The caller has verified that the device asks, or its
// user.
func (c *Catalog) LastRelease(ctx context.Context, device vault.ID) (*Release, error) {
	var out *Release
	err := c.store.View(ctx, func(r store.Reader) error {
		out = nil
		rows, err := r.Releases(ctx, device)
		if err != nil {
			return err
		}
		var last *store.Release
		for i := range rows {
			if !rows[i].ApprovedAt.IsZero() && (last == nil || rows[i].ApprovedAt.After(last.ApprovedAt)) {
				last = &rows[i]
			}
		}
		if last == nil {
			return nil
		}
		names := map[vault.ID]string{}
		for _, id := range []vault.ID{last.AskedBy, last.ApprovedBy} {
			if u, err := r.User(ctx, id); err == nil {
				names[id] = u.Name
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		shown := named(*last, names, c.now())
		out = &shown
		return nil
	})
	return out, err
}

func named(row store.Release, names map[vault.ID]string, now time.Time) Release {
	out := Release{Release: row, Asked: names[row.AskedBy], Until: row.AskedAt.Add(releaseLife)}
	if !row.ApprovedBy.IsZero() {
		out.Approved = names[row.ApprovedBy]
	}
	out.Open = row.ApprovedAt.IsZero() && row.EndedAt.IsZero() && now.Before(out.Until)
	return out
}

func userNames(ctx context.Context, r store.Reader) (map[vault.ID]string, error) {
	names := map[vault.ID]string{}
	for u, err := range r.Users(ctx) {
		if err != nil {
			return nil, err
		}
		names[u.ID] = u.Name
	}
	return names, nil
}

// proveAdmin signs somebody in, keeps no token, and returns them as the caller.
// What they may do is looked at in the transaction.
func (c *Catalog) proveAdmin(ctx context.Context, by *Caller, as SignIn) (*Caller, error) {
	if !by.operator {
		return nil, vault.Fail(vault.NotPermitted, "machine secrets are released on the server itself")
	}
	as.Agent = by.name
	token, err := c.SignIn(ctx, as)
	if err != nil {
		return nil, err
	}
	defer token.Access.Wipe()
	admin, err := c.Authenticate(ctx, token.Access.Text(), as.Address)
	if err != nil {
		return nil, err
	}
	return admin, c.SignOut(ctx, admin)
}

// mayRelease wants an administrator whose account has a second factor.
func (a *access) mayRelease(ctx context.Context, r store.Reader) error {
	if err := a.needAdmin(policy.AllAdmin); err != nil {
		return err
	}
	factors, err := r.Factors(ctx, a.by.user)
	if err != nil {
		return err
	}
	for _, f := range factors {
		if f.Kind == store.FactorTOTP && !f.Confirmed.IsZero() {
			return nil
		}
	}
	return vault.Fail(vault.NotPermitted, "%s has no second factor, which a release takes", a.by.name)
}

// tellRelease writes a step of a release into the audit, and as an alarm.
func (a *access) tellRelease(ctx context.Context, tx store.Tx, row store.Release, action, what string) error {
	detail := fmt.Sprintf("request %s: cache %s generation %d, %s", row.ID, row.Cache, row.Generation, what)
	if err := a.record(ctx, tx, store.AuditEvent{
		Action: action, Device: row.Device, Target: row.Device, Comment: row.Reason, Detail: []byte(detail),
	}); err != nil {
		return err
	}
	return deviceAlarm(ctx, tx, event{a.by, a.now, row.Device}, "recovery", detail)
}

// checkReason returns a reason without space around it. Usage: there is none, or
// it is no line of text.
func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return "", vault.Fail(vault.Usage, "a reason must be given")
	case len(reason) > maxReason || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl):
		return "", vault.Fail(vault.Usage, "a reason is one line of at most %d bytes", maxReason)
	}
	return reason, nil
}

// parseRecovery reads the private half of a recovery key, and holds it against
// the public one.
func parseRecovery(der []byte, key lease.SubKey) (*ecdsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, vault.Fail(vault.Damaged, "recovery key: %w", err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, vault.Fail(vault.Damaged, "the recovery key is of another kind")
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil || lease.KeyID(public) != key.KID {
		return nil, vault.Fail(vault.Damaged, "the private half of the recovery key %s is not its own", key.KID)
	}
	return private, nil
}
