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
// accounts on one machine are two devices, which the audit tells. Where another
// device came to an end, this one waits: a new key is no way back in. It does not
// wait once more for what the administrators were told before they approved it.
func meetTwins(ctx context.Context, tx store.Tx, d store.Device, at event, ek []byte) error {
	twins, err := tx.ChipsOf(ctx, ek)
	if err != nil {
		return err
	}
	var back []vault.ID
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
		if !ended(twin.State) {
			continue
		}
		known, err := toldReturned(ctx, tx, d.ID, twin)
		if err != nil {
			return err
		}
		if !known {
			back = append(back, twin.ID)
		}
	}
	return returned(ctx, tx, d, at, back)
}

// outcomeReturned is that of the alarm of returned.
const outcomeReturned = "returned"

func returnedDetail(before vault.ID) string {
	return "the machine of device " + before.String() + ", which came to an end, enrolled again"
}

// returned tells the administrators that the machine of devices that came to an
// end is back, if there are any, and has the new device wait for them.
func returned(ctx context.Context, tx store.Tx, d store.Device, at event, before []vault.ID) error {
	if len(before) > 0 && d.State == store.DeviceApproved {
		d.State, d.Why, d.DecidedBy, d.DecidedAt = store.DevicePending, whyEnded, vault.ID{}, at.now
		if err := tx.UpdateDevice(ctx, d); err != nil {
			return err
		}
	}
	for _, id := range before {
		if err := deviceAlarm(ctx, tx, at, outcomeReturned, returnedDetail(id)); err != nil {
			return err
		}
	}
	return nil
}

// toldReturned reports whether the administrators were told that a device is on
// the machine of another, since that one came to an end. They were told, and the
// device made to wait, in one transaction: only their word can have approved it
// since.
func toldReturned(ctx context.Context, tx store.Tx, device vault.ID, before store.Device) (bool, error) {
	want := returnedDetail(before.ID)
	q := store.AuditQuery{Device: device, Action: ActionDeviceAlarm, From: before.DecidedAt}
	for e, err := range tx.AuditEvents(ctx, q) {
		if err != nil {
			return false, err
		}
		if e.Outcome == outcomeReturned && string(e.Detail) == want {
			return true, nil
		}
	}
	return false, nil
}

// endedRoots returns the devices that came to an end and had that storage root.
// It finds machines that show no endorsement key, as far as they say the truth
// about their root.
func endedRoots(ctx context.Context, r store.Reader, root []byte) ([]vault.ID, error) {
	if len(root) == 0 {
		return nil, nil
	}
	var list []vault.ID
	for _, state := range []store.DeviceState{store.DeviceRevoked, store.DeviceWiped, store.DeviceDenied} {
		for d, err := range r.Devices(ctx, store.DeviceQuery{State: state}) {
			if err != nil {
				return nil, err
			}
			if bytes.Equal(d.RootName, root) {
				list = append(list, d.ID)
			}
		}
	}
	return list, nil
}
