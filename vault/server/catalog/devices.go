package catalog

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// NewDevice is what RegisterDevice takes: what the client says about itself.
type NewDevice struct {
	Name, OS      string
	PublicKey     []byte // P-256, SPKI DER; names the device
	Level         string // as policy.Binding
	Virtual       bool
	RootName      []byte // of the TPM's storage root key; empty without TPM
	ClientVersion string
	Address       string
}

// Limits of what a client says about itself.
const (
	maxDeviceText    = 256
	maxDevicesOfUser = 100 // a person's machines, with reinstallations
)

func (d *NewDevice) check() error {
	for _, s := range []string{d.Name, d.OS, d.ClientVersion} {
		if len(s) > maxDeviceText || !utf8.ValidString(s) {
			return vault.Fail(vault.Usage, "a device's texts are UTF-8 of at most %d bytes", maxDeviceText)
		}
	}
	if _, err := policy.ParseBinding(d.Level); err != nil {
		return vault.Fail(vault.Usage, "%w", err)
	}
	if len(d.RootName) > 66 { // TPM2B_NAME with SHA-512 (TPM 2.0, part 2, 10.5.3)
		return vault.Fail(vault.Usage, "the root key's name is too long")
	}
	pub, err := x509.ParsePKIXPublicKey(d.PublicKey)
	if err != nil {
		return vault.Fail(vault.Usage, "device key: %w", err)
	}
	if key, ok := pub.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		return vault.Fail(vault.Usage, "a device key is one of P-256")
	}
	again, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil || !bytes.Equal(again, d.PublicKey) {
		return vault.Fail(vault.Usage, "device key: more than one encoding")
	}
	return nil
}

// RegisterDevice enrols a device of the caller. Its public key names it: the
// same key again gives the same device, with what it says about itself brought
// up to date. The policy approves a new one at once, or an administrator later;
// one on the machine of a device that came to an end always waits.
// A key that another account has is NotPermitted.
func (c *Catalog) RegisterDevice(ctx context.Context, by *Caller, n NewDevice) (store.Device, error) {
	if by.operator {
		return store.Device{}, vault.Fail(vault.NotPermitted, "a device is a user's")
	}
	if err := n.check(); err != nil {
		return store.Device{}, err
	}
	var d store.Device
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.rulesHold(ctx, tx); err != nil {
			return err
		}
		found, err := tx.DeviceByKey(ctx, n.PublicKey)
		if err == nil {
			d = found
			return c.renewDevice(ctx, tx, a, &d, n)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := fewDevices(ctx, tx, by.user); err != nil {
			return err
		}
		d = store.Device{
			ID: vault.NewID(), User: by.user, PublicKey: n.PublicKey, Address: n.Address,
			State: store.DevicePending, Created: a.now,
		}
		n.describe(&d)
		if a.rules.governance.Approve {
			d.State, d.DecidedAt, d.Why = store.DeviceApproved, a.now, "approved by the policy"
		}
		before, err := endedRoots(ctx, tx, n.RootName)
		if err != nil {
			return err
		}
		if len(before) > 0 {
			d.State, d.DecidedAt, d.Why = store.DevicePending, a.now, whyEnded
		}
		if err := tx.AddDevice(ctx, d); err != nil {
			return err
		}
		if err := a.record(ctx, tx, store.AuditEvent{
			Action: ActionRegister, Device: d.ID, Target: d.ID,
			Detail: fmt.Appendf(nil, "%s, %s, level %s, virtual %v", d.Name, d.OS, d.Level, d.Virtual),
		}); err != nil {
			return err
		}
		return returned(ctx, tx, d, event{by, a.now, d.ID}, before)
	})
	return d, err
}

func fewDevices(ctx context.Context, r store.Reader, user vault.ID) error {
	n := 0
	for _, err := range r.Devices(ctx, store.DeviceQuery{User: user}) {
		if err != nil {
			return err
		}
		n++
	}
	if n >= maxDevicesOfUser {
		return vault.Fail(vault.NotPermitted, "an account has at most %d devices", maxDevicesOfUser)
	}
	return nil
}

// renewDevice brings what a known device says about itself up to date.
func (c *Catalog) renewDevice(ctx context.Context, tx store.Tx, a *access, d *store.Device, n NewDevice) error {
	if d.User != a.by.user {
		return vault.Fail(vault.NotPermitted, "this device key belongs to another account")
	}
	before := *d
	n.describe(d)
	// Another chip is another device, whatever key it brings along.
	var came []vault.ID
	if !bytes.Equal(before.RootName, d.RootName) {
		var err error
		if came, err = endedRoots(ctx, tx, d.RootName); err != nil {
			return err
		}
		switch approved := d.State == store.DeviceApproved; {
		case approved && len(came) > 0:
			d.State, d.Why, d.DecidedAt = store.DevicePending, whyEnded, a.now
		case approved && len(before.RootName) > 0 && !a.rules.governance.Approve:
			d.State, d.Why, d.DecidedAt = store.DevicePending, "another TPM", a.now
		}
	}
	if sameDevice(before, *d) {
		return nil
	}
	if err := tx.UpdateDevice(ctx, *d); err != nil {
		return err
	}
	if err := returned(ctx, tx, *d, event{a.by, a.now, d.ID}, came); err != nil {
		return err
	}
	return a.record(ctx, tx, store.AuditEvent{
		Action: ActionRegister, Device: d.ID, Target: d.ID,
		Detail: fmt.Appendf(nil, "again: %s, %s, level %s, virtual %v", d.Name, d.OS, d.Level, d.Virtual),
	})
}

func (n *NewDevice) describe(d *store.Device) {
	d.Name, d.OS, d.Level, d.Virtual = n.Name, n.OS, n.Level, n.Virtual
	d.RootName, d.ClientVersion = n.RootName, n.ClientVersion
}

func sameDevice(a, b store.Device) bool {
	return a.Name == b.Name && a.OS == b.OS && a.Level == b.Level && a.Virtual == b.Virtual &&
		bytes.Equal(a.RootName, b.RootName) && a.ClientVersion == b.ClientVersion && a.State == b.State
}

// Device returns a device of the caller, or any with ManageDevices. NotFound.
func (c *Catalog) Device(ctx context.Context, by *Caller, id vault.ID) (store.Device, error) {
	var d store.Device
	err := c.view(ctx, by, func(r store.Reader, a *access) (err error) {
		d, err = r.Device(ctx, id)
		if err == nil && (by.operator || d.User != by.user) && !a.admin.Has(policy.ManageDevices) {
			err = store.ErrNotFound
		}
		return notFound(err, "device %s", id)
	})
	if err != nil {
		return store.Device{}, err
	}
	return d, nil
}

// DeviceKey returns a device, for verifying that it has signed a request; no
// caller is needed, as the key proves itself. NotFound.
func (c *Catalog) DeviceKey(ctx context.Context, id vault.ID) (store.Device, error) {
	var d store.Device
	err := c.store.View(ctx, func(r store.Reader) (err error) {
		d, err = r.Device(ctx, id)
		return notFound(err, "device %s", id)
	})
	return d, err
}

// Devices returns the caller's devices, or all with ManageDevices, the newest
// first.
func (c *Catalog) Devices(ctx context.Context, by *Caller) ([]store.Device, error) {
	var list []store.Device
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		list = list[:0]
		q := store.DeviceQuery{User: by.user}
		if a.admin.Has(policy.ManageDevices) {
			q.User = vault.ID{}
		}
		for d, err := range r.Devices(ctx, q) {
			if err != nil {
				return err
			}
			list = append(list, d)
		}
		return nil
	})
	return list, err
}

// SetDeviceState approves, denies, suspends or revokes a device, and gives it
// the order that says so. It takes
// ManageDevices; the device's user may revoke it as well. Usage: the states do
// not lead there; a revoked device never comes back.
func (c *Catalog) SetDeviceState(ctx context.Context, by *Caller, id vault.ID, s store.DeviceState, why string) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		d, err := tx.Device(ctx, id)
		own := err == nil && !by.operator && d.User == by.user
		if !a.admin.Has(policy.ManageDevices) && (!own || s != store.DeviceRevoked) {
			if own {
				return a.needAdmin(policy.ManageDevices)
			}
			return notFound(store.ErrNotFound, "device %s", id)
		}
		if err != nil {
			return notFound(err, "device %s", id)
		}
		if d.State == s {
			return nil
		}
		if !leads(d.State, s) {
			return vault.Fail(vault.Usage, "the device's state does not allow that")
		}
		kind := orderFor(d.State, s)
		d.State, d.Why, d.DecidedBy, d.DecidedAt = s, why, by.user, a.now
		if err := tx.UpdateDevice(ctx, d); err != nil {
			return err
		}
		if kind != "" {
			if err := a.command(ctx, tx, d, kind); err != nil {
				return err
			}
		}
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionDeviceState, Device: id, Target: id, Comment: why, Detail: fmt.Appendf(nil, "state %d", s),
		})
	})
}

// leads reports whether an administrator can take a device from one state to
// another.
func leads(from, to store.DeviceState) bool {
	switch to {
	case store.DeviceApproved:
		return from == store.DevicePending || from == store.DeviceSuspended || from == store.DeviceDenied
	case store.DeviceDenied:
		return from == store.DevicePending
	case store.DeviceSuspended:
		return from == store.DeviceApproved
	case store.DeviceRevoked:
		return from == store.DeviceApproved || from == store.DeviceSuspended || from == store.DevicePending
	}
	return false
}

// Touch records a sign of life of a device. Collect some before calling.
func (c *Catalog) Touch(ctx context.Context, contacts []store.Contact) error {
	return c.store.Update(ctx, func(tx store.Tx) error { return tx.TouchDevices(ctx, contacts) })
}

// deviceUpdate runs fn for a device that has proved itself, whatever the state
// of its account: journals and receipts are taken from everybody.
func (c *Catalog) deviceUpdate(ctx context.Context, id vault.ID, fn func(tx store.Tx, d store.Device, by *Caller, now time.Time) error) error {
	err := c.store.Update(ctx, func(tx store.Tx) error {
		d, err := tx.Device(ctx, id)
		if err != nil {
			return notFound(err, "device %s", id)
		}
		u, err := tx.User(ctx, d.User)
		if err != nil {
			return err
		}
		return fn(tx, d, &Caller{user: u.ID, name: u.Name, address: d.LastAddress}, c.now())
	})
	c.written.Store(true)
	return noSpace(err)
}
