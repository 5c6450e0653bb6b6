package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Ended is what a database knows of accounts and devices that came to an end.
// A backup from before must not bring them back; see Restore. It holds nothing
// secret and needs no key to be read.
type Ended struct {
	Epoch          uint64
	OfflineEnabled bool
	// Devices were revoked, wiped or denied.
	Devices []store.Device
	// Disabled are the accounts that were disabled.
	Disabled map[vault.ID]bool
	// Administrators are the active accounts with all administrative rights.
	Administrators map[vault.ID]bool
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
