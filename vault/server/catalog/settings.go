package catalog

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Settings returns the switches offline and offline_package and the offline
// policy, in the order for showing. It takes ManagePolicy.
func (c *Catalog) Settings(ctx context.Context, by *Caller) ([]policy.Setting, error) {
	a, err := c.access(ctx, by)
	if err != nil {
		return nil, err
	}
	if err := a.needAdmin(policy.ManagePolicy); err != nil {
		return nil, err
	}
	list := []policy.Setting{
		{Key: settingOffline, Value: onOff(a.rules.instance.OfflineEnabled), Help: "the master switch: off ends all offline use"},
		{Key: settingPackage, Value: onOff(a.rules.instance.OfflinePackage), Help: "packages for clients without a device key"},
	}
	if a.rules.instance.OfflinePackage {
		list[1].Unmet = a.rules.governance.RefusesUnbound()
	}
	list = append(list, a.rules.governance.Settings()...)
	if why := a.rules.noMakers(); why != "" {
		demanding := a.rules.governance.DemandsProof()
		for i := range list {
			if slices.Contains(demanding, list[i].Key) {
				list[i].Unmet = why
			}
		}
	}
	return list, nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// Set changes one setting. It takes ManagePolicy. Usage says what is wrong with
// key or value.
func (c *Catalog) Set(ctx context.Context, by *Caller, key, value string) error {
	switch key {
	case settingOffline, settingPackage:
		if value != "on" && value != "off" {
			return vault.Fail(vault.Usage, "%s is on or off", key)
		}
		if key == settingOffline {
			return c.SetOffline(ctx, by, value == "on")
		}
		return c.changeSettings(ctx, by, func(tx store.Tx, a *access) (string, error) {
			return key + "=" + value, put(ctx, tx, a, key, []byte(value))
		})
	}
	return c.changeSettings(ctx, by, func(tx store.Tx, a *access) (string, error) {
		next, err := a.rules.governance.With(key, value)
		if err != nil {
			return "", vault.Fail(vault.Usage, "%w", err)
		}
		// Fewer days can shorten another setting too: all that differ are written.
		old := a.rules.governance.Settings()
		for i, s := range next.Settings() {
			if s.Value == old[i].Value {
				continue
			}
			if err := put(ctx, tx, a, policyPrefix+s.Key, []byte(s.Value)); err != nil {
				return "", err
			}
		}
		return key + "=" + value, nil
	})
}

// SetOffline is the master switch. It takes ManagePolicy. Off raises the epoch,
// so that no lease from before comes back to life when it is on again, and orders
// every device to wipe.
func (c *Catalog) SetOffline(ctx context.Context, by *Caller, on bool) error {
	return c.changeSettings(ctx, by, func(tx store.Tx, a *access) (string, error) {
		if a.rules.instance.OfflineEnabled == on {
			return "", nil
		}
		if !on {
			epoch := binary.BigEndian.AppendUint64(nil, a.rules.instance.Epoch+1)
			if err := put(ctx, tx, a, settingEpoch, epoch); err != nil {
				return "", err
			}
		}
		if err := put(ctx, tx, a, settingOffline, []byte(onOff(on))); err != nil {
			return "", err
		}
		if !on {
			if err := a.commandAll(ctx, tx, lease.OrderKill); err != nil {
				return "", err
			}
		}
		return settingOffline + "=" + onOff(on), nil
	})
}

// changeSettings runs change under exactly the settings that it sees, and
// records what it says it did; nothing if that is empty.
func (c *Catalog) changeSettings(ctx context.Context, by *Caller, change func(tx store.Tx, a *access) (string, error)) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needAdmin(policy.ManagePolicy); err != nil {
			return err
		}
		if err := a.rulesHold(ctx, tx); err != nil {
			return err
		}
		did, err := change(tx, a)
		if err != nil || did == "" {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionPolicy, Detail: []byte(did)})
	})
}

// put writes a setting over the version that is there.
func put(ctx context.Context, tx store.Tx, a *access, name string, value []byte) error {
	old, err := tx.Setting(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.PutSetting(ctx, store.Setting{Name: name, Value: value, Version: old.Version, By: a.by.user, At: a.now})
}
