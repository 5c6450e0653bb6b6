package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Ended is what a database knows of accounts and devices that came to an end.
// A backup from before must not bring them back; see Restore. It holds nothing
// secret and needs no key to be read.
type Ended struct {
	Epoch          uint64
	Orders         uint64 // number of the last order
	OfflineEnabled bool
	// Devices were revoked, wiped or denied.
	Devices []store.Device
	// Disabled are the accounts that were disabled.
	Disabled map[vault.ID]bool
	// Administrators are the active accounts with all administrative rights.
	Administrators map[vault.ID]bool

	listed   []vault.ID // devices that ended, of which nothing else is known
	listOnly bool       // there was no database: the backup's administrators are believed
}

// ReadEnded reads it from a database that Init has filled; NotFound if none has.
func ReadEnded(ctx context.Context, db store.Store) (*Ended, error) {
	var e *Ended
	err := db.View(ctx, func(r store.Reader) error {
		e = &Ended{Disabled: map[vault.ID]bool{}, Administrators: map[vault.ID]bool{}}
		epoch, err := r.Setting(ctx, settingEpoch)
		if errors.Is(err, store.ErrNotFound) {
			return vault.Fail(vault.NotFound, "this database holds no server")
		}
		if err != nil {
			return err
		}
		e.Epoch = number(epoch.Value)
		last, err := r.LastOrder(ctx)
		if err != nil {
			return err
		}
		e.Orders = uint64(last)
		offline, err := r.Setting(ctx, settingOffline)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		e.OfflineEnabled = string(offline.Value) == "on"
		for d, err := range r.Devices(ctx, store.DeviceQuery{}) {
			if err != nil {
				return err
			}
			if ended(d.State) {
				e.Devices = append(e.Devices, d)
			}
		}
		return e.readAccounts(ctx, r)
	})
	if err != nil {
		return nil, fmt.Errorf("read what came to an end: %w", err)
	}
	return e, nil
}

// Merge adds what the signed list knows, which lies outside of every database:
// who left since the last database that can be read was written. e may be nil,
// where there is none; then the administrators of the backup are believed.
func (e *Ended) Merge(l *lease.List) *Ended {
	if e == nil {
		e = &Ended{OfflineEnabled: l.Offline, Disabled: map[vault.ID]bool{}, listOnly: true}
	} else if e.mark().Before(l.Mark()) { // else the database is the later of the two
		e.OfflineEnabled = e.OfflineEnabled && l.Offline
	} else {
		return e
	}
	e.Epoch, e.Orders = max(e.Epoch, l.Epoch), max(e.Orders, l.Seq)
	for _, id := range l.Users {
		e.Disabled[id] = true
	}
	for _, id := range l.Devices {
		if !slices.ContainsFunc(e.Devices, func(d store.Device) bool { return d.ID == id }) {
			e.listed = append(e.listed, id)
		}
	}
	return e
}

func (e *Ended) mark() lease.Mark { return lease.Mark{Epoch: e.Epoch, Seq: e.Orders} }

func (e *Ended) readAccounts(ctx context.Context, r store.Reader) error {
	perms, err := r.Permissions(ctx)
	if err != nil {
		return err
	}
	rights := map[vault.ID]policy.Admin{} // by role, then by user
	for _, role := range perms.Roles {
		rights[role.ID] = policy.Admin(role.Rights)
	}
	for _, m := range perms.Members {
		rights[m.User] |= rights[m.Role]
	}
	for _, u := range perms.Users {
		switch {
		case u.State == store.UserDisabled:
			e.Disabled[u.ID] = true
		case u.State == store.UserActive && rights[u.ID].Has(policy.AllAdmin):
			e.Administrators[u.ID] = true
		}
	}
	return nil
}

// ended reports whether a device in that state never makes a cache again
// unless an administrator says so.
func ended(s store.DeviceState) bool {
	return s == store.DeviceRevoked || s == store.DeviceWiped || s == store.DeviceDenied
}
