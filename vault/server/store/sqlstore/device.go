package sqlstore

import (
	"context"
	"iter"
	"slices"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	deviceList = `id, usr, name, os, public_key, level, virtual_tpm, root_name, client_version, address, state, why,` +
		` decided_by, decided_at, wiped_at, policy, created, lease_seq, lease_end, last_seen, last_address`
	deviceSelect = `SELECT ` + deviceList + ` FROM device`

	sqlDevice       = deviceSelect + ` WHERE id = $1`
	sqlDeviceByKey  = deviceSelect + ` WHERE public_key = $1`
	sqlUpdateDevice = `UPDATE device SET name = $1, os = $2, level = $3, virtual_tpm = $4, root_name = $5,
 client_version = $6, address = $7, state = $8, why = $9, decided_by = $10, decided_at = $11, wiped_at = $12,
 policy = $13 WHERE id = $14`
	sqlTouchDevice = `UPDATE device SET last_seen = $1, last_address = $2
 WHERE id = $3 AND (last_seen IS NULL OR last_seen <= $1)`
)

func deviceColumns(d *store.Device) []any {
	return []any{
		guid(&d.ID), guid(&d.User), &d.Name, &d.OS, bytes(&d.PublicKey), &d.Level, &d.Virtual, bytes(&d.RootName),
		&d.ClientVersion, &d.Address, &d.State, &d.Why, guid(&d.DecidedBy), millis(&d.DecidedAt), millis(&d.WipedAt),
		bytes(&d.Policy), millis(&d.Created), &d.LeaseSeq, millis(&d.LeaseEnd), millis(&d.LastSeen), &d.LastAddress,
	}
}

// Device implements store.DeviceReader.
func (t *tx) Device(ctx context.Context, id vault.ID) (store.Device, error) {
	return one(ctx, t, "device", deviceColumns, t.locking(sqlDevice), id[:])
}

// DeviceByKey implements store.DeviceReader.
func (t *tx) DeviceByKey(ctx context.Context, publicKey []byte) (store.Device, error) {
	return one(ctx, t, "device", deviceColumns, t.locking(sqlDeviceByKey), publicKey)
}

// Devices implements store.DeviceReader.
func (t *tx) Devices(ctx context.Context, q store.DeviceQuery) iter.Seq2[store.Device, error] {
	var w where
	if !q.User.IsZero() {
		w.add("usr =", q.User[:])
	}
	if q.State != 0 {
		w.add("state =", q.State)
	}
	return seq(ctx, t, "device", deviceColumns, deviceSelect+w.text()+` ORDER BY created DESC, id`, w.args...)
}

// AddDevice implements store.DeviceWriter.
func (t *tx) AddDevice(ctx context.Context, d store.Device) error {
	t.changed.gov = true
	return t.insert(ctx, table{"device", "device", deviceList},
		d.ID[:], d.User[:], textArg(d.Name), textArg(d.OS), d.PublicKey, textArg(d.Level), d.Virtual,
		bytesArg(d.RootName), textArg(d.ClientVersion), textArg(d.Address), d.State, textArg(d.Why),
		idArg(d.DecidedBy), timeArg(d.DecidedAt), timeArg(d.WipedAt), bytesArg(d.Policy), d.Created.UnixMilli(),
		d.LeaseSeq, timeArg(d.LeaseEnd), timeArg(d.LastSeen), textArg(d.LastAddress))
}

// UpdateDevice implements store.DeviceWriter.
func (t *tx) UpdateDevice(ctx context.Context, d store.Device) error {
	t.changed.gov = true
	return t.must(ctx, "device", store.Missing, sqlUpdateDevice,
		textArg(d.Name), textArg(d.OS), textArg(d.Level), d.Virtual, bytesArg(d.RootName), textArg(d.ClientVersion),
		textArg(d.Address), d.State, textArg(d.Why), idArg(d.DecidedBy), timeArg(d.DecidedAt), timeArg(d.WipedAt),
		bytesArg(d.Policy), d.ID[:])
}

// TouchDevices implements store.DeviceWriter.
func (t *tx) TouchDevices(ctx context.Context, contacts []store.Contact) error {
	// In one order, so that two servers that record the same devices wait for
	// each other instead of blocking each other.
	sorted := slices.SortedFunc(slices.Values(contacts), func(a, b store.Contact) int {
		return slices.Compare(a.Device[:], b.Device[:])
	})
	for _, c := range sorted {
		_, err := t.exec(ctx, "device", verbWrite, sqlTouchDevice, c.At.UnixMilli(), textArg(c.Address), c.Device[:])
		if err != nil {
			return err
		}
	}
	return nil
}
