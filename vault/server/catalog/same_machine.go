package catalog

import (
	"bytes"
	"context"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// whyEnded is why a device of a machine whose device came to an end waits for an
// administrator, whatever the policy approves by itself.
const whyEnded = "the TPM of a device that was revoked, wiped or denied"

// meetTwins compares a chip that a device has shown for the first time with those
// of all other devices: the same endorsement key is the same machine. Two
// accounts on one machine are two devices, which the audit tells. Where the other
// device came to an end, this one waits: a new key is no way back in.
func meetTwins(ctx context.Context, tx store.Tx, d store.Device, at event, ek []byte) error {
	twins, err := tx.ChipsOf(ctx, ek)
	if err != nil {
		return err
	}
	var back *store.Device
	for _, chip := range twins {
		if chip.Device == d.ID {
			continue
		}
		twin, err := tx.Device(ctx, chip.Device)
		if err != nil {
			return err
		}
		if err := record(ctx, tx, at.by, at.now, store.AuditEvent{
			Action: ActionSameMachine, Device: d.ID, Target: twin.ID,
			Detail: fmt.Appendf(nil, "the chip is that of device %s, %s, state %d", twin.ID, twin.Name, twin.State),
		}); err != nil {
			return err
		}
		if ended(twin.State) {
			back = &twin
		}
	}
	if back == nil {
		return nil
	}
	return returned(ctx, tx, d, at, back.ID)
}

// returned tells the administrators that the machine of a device that came to an
// end is back, and has the new device wait for them.
func returned(ctx context.Context, tx store.Tx, d store.Device, at event, before vault.ID) error {
	if d.State == store.DeviceApproved {
		d.State, d.Why, d.DecidedBy, d.DecidedAt = store.DevicePending, whyEnded, vault.ID{}, at.now
		if err := tx.UpdateDevice(ctx, d); err != nil {
			return err
		}
	}
	return deviceAlarm(ctx, tx, at, "returned", "the machine of device "+before.String()+", which came to an end, enrolled again")
}

// endedRoot returns the device that came to an end and had that storage root;
// zero: none. It finds machines that show no endorsement key, as far as they say
// the truth about their root.
func endedRoot(ctx context.Context, r store.Reader, root []byte) (vault.ID, error) {
	if len(root) == 0 {
		return vault.ID{}, nil
	}
	for _, state := range []store.DeviceState{store.DeviceRevoked, store.DeviceWiped, store.DeviceDenied} {
		for d, err := range r.Devices(ctx, store.DeviceQuery{State: state}) {
			if err != nil {
				return vault.ID{}, err
			}
			if bytes.Equal(d.RootName, root) {
				return d.ID, nil
			}
		}
	}
	return vault.ID{}, nil
}
