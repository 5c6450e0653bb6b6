package catalog

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/store"
)

// maxOrders bounds what one answer tells a device: more are told with the next.
const maxOrders = 256

// command gives a device an order, in the transaction that makes it true. It
// comes after everything that locks rows: whoever gives the next one waits.
func (a *access) command(ctx context.Context, tx store.Tx, d store.Device, kind lease.OrderKind) error {
	o := store.Order{Device: d.ID, User: d.User}
	if kind == lease.OrderWipe { // a cache that is made later is another matter
		all, err := tx.Generations(ctx, d.ID)
		if err != nil {
			return err
		}
		for _, g := range all {
			o.Generation = max(o.Generation, g.Number)
		}
	}
	return a.give(ctx, tx, o, kind)
}

// commandAll gives an order to every device.
func (a *access) commandAll(ctx context.Context, tx store.Tx, kind lease.OrderKind) error {
	return a.give(ctx, tx, store.Order{}, kind)
}

func (a *access) give(ctx context.Context, tx store.Tx, o store.Order, kind lease.OrderKind) error {
	if err := a.orderedEscrow(ctx, tx, o, kind); err != nil {
		return err
	}
	epoch, err := tx.Setting(ctx, settingEpoch) // as this transaction leaves it
	if err != nil {
		return err
	}
	o.ID, o.Kind, o.Epoch, o.Issued = vault.NewID(), string(kind), int64(number(epoch.Value)), a.now
	if _, err := tx.AddOrder(ctx, o); err != nil {
		return fmt.Errorf("give an order: %w", err)
	}
	return nil
}

// commandUser gives the devices of a user the order that a change of the
// account's state means: to wipe, if it is disabled. Where it is let in again,
// an order that takes nothing comes after that one, so that no older list of
// those who left can be taken for the newest.
func (a *access) commandUser(ctx context.Context, tx store.Tx, user vault.ID, from, to store.UserState) error {
	kind := lease.OrderWipe
	switch {
	case from == to, from != store.UserDisabled && to != store.UserDisabled:
		return nil
	case to != store.UserDisabled:
		kind = lease.OrderResume
	}
	var list []store.Device
	for d, err := range tx.Devices(ctx, store.DeviceQuery{User: user}) {
		if err != nil {
			return err
		}
		if !ended(d.State) && (kind == lease.OrderWipe || d.State == store.DeviceApproved) {
			list = append(list, d)
		}
	}
	for _, d := range list {
		if err := a.command(ctx, tx, d, kind); err != nil {
			return err
		}
	}
	return nil
}

// orderFor returns the order that tells a device of a change of its state; empty
// if there is nothing to tell.
func orderFor(from, to store.DeviceState) lease.OrderKind {
	switch {
	case to == store.DeviceRevoked:
		return lease.OrderRevoke
	case to == store.DeviceSuspended:
		return lease.OrderSuspend
	case to == store.DeviceApproved && from == store.DeviceSuspended:
		return lease.OrderResume
	}
	return ""
}

// Orders returns what a device was told after a mark, oldest first: the first
// few, if there are many. The caller has verified that the device asks. A zero
// device: what anybody was told.
func (c *Catalog) Orders(ctx context.Context, device vault.ID, after lease.Mark) ([]lease.Order, error) {
	var list []lease.Order
	err := c.store.View(ctx, func(r store.Reader) error {
		list = nil
		if after.Epoch > math.MaxInt64 || after.Seq > math.MaxInt64 {
			return nil // nothing of ours comes after it
		}
		incarnation, err := readIncarnation(ctx, r)
		if err != nil {
			return err
		}
		q := store.OrderQuery{Device: device, Epoch: int64(after.Epoch), Seq: int64(after.Seq)}
		for o, err := range r.Orders(ctx, q) {
			if err != nil {
				return err
			}
			list = append(list, lease.Order{
				Version: lease.Version, Issuer: incarnation, ID: o.ID, Seq: uint64(o.Seq), Issued: lease.At(o.Issued),
				Epoch: uint64(o.Epoch), Kind: lease.OrderKind(o.Kind), Device: o.Device, User: o.User,
				Generation: uint64(o.Generation),
			})
			if len(list) == maxOrders {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	return list, nil
}

func readIncarnation(ctx context.Context, r store.Reader) (vault.ID, error) {
	var id vault.ID
	raw, err := r.Meta(ctx, metaIncarnation)
	copy(id[:], raw)
	return id, err
}

// LastOrder returns the mark of the last order that anybody was given.
func (c *Catalog) LastOrder(ctx context.Context) (lease.Mark, error) {
	var m lease.Mark
	err := c.store.View(ctx, func(r store.Reader) (err error) {
		m, err = lastMark(ctx, r)
		return err
	})
	return m, err
}

// lastMark returns epoch and number of the last order, as of r.
func lastMark(ctx context.Context, r store.Reader) (lease.Mark, error) {
	last, err := r.LastOrder(ctx)
	if err != nil {
		return lease.Mark{}, err
	}
	epoch, err := r.Setting(ctx, settingEpoch)
	if err != nil {
		return lease.Mark{}, err
	}
	return lease.Mark{Epoch: number(epoch.Value), Seq: uint64(last)}, nil
}

// Governed returns a number that changes with each order, and with other things
// besides. It is cheap: ask often.
func (c *Catalog) Governed(ctx context.Context) (int64, error) {
	rev, err := c.store.Revision(ctx)
	return rev.Gov, err
}

// List returns the list of those who left, to be signed.
func (c *Catalog) List(ctx context.Context) (lease.List, error) {
	var l lease.List
	err := c.store.View(ctx, func(r store.Reader) error {
		mark, err := lastMark(ctx, r)
		if err != nil {
			return err
		}
		l = lease.List{Version: lease.Version, Seq: mark.Seq, Epoch: mark.Epoch, Issued: lease.At(c.now())}
		if l.Issuer, err = readIncarnation(ctx, r); err != nil {
			return err
		}
		offline, err := r.Setting(ctx, settingOffline)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		l.Offline = string(offline.Value) == "on"
		return listEnded(ctx, r, &l)
	})
	if err != nil {
		return lease.List{}, fmt.Errorf("list those who left: %w", err)
	}
	return l, nil
}

func listEnded(ctx context.Context, r store.Reader, l *lease.List) error {
	for d, err := range r.Devices(ctx, store.DeviceQuery{}) {
		if err != nil {
			return err
		}
		if ended(d.State) {
			l.Devices = append(l.Devices, d.ID)
		}
	}
	for u, err := range r.Users(ctx) {
		if err != nil {
			return err
		}
		if u.State == store.UserDisabled {
			l.Users = append(l.Users, u.ID)
		}
	}
	l.Devices, l.Users = lease.SortIDs(l.Devices), lease.SortIDs(l.Users)
	return nil
}
