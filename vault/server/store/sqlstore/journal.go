package sqlstore

import (
	"context"
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	deviceEventList   = `device, chain, seq, happened, received, type, entry, detail, generation, prev, hash`
	deviceEventSelect = `SELECT ` + deviceEventList + ` FROM device_event`

	sqlDeviceEvents = deviceEventSelect + ` WHERE device = $1 AND chain = $2 AND seq > $3 ORDER BY seq`
	sqlLastEvent    = deviceEventSelect + ` WHERE device = $1 AND chain = $2 ORDER BY seq DESC LIMIT 1`
	sqlLastEvents   = deviceEventSelect + ` e WHERE device = $1 AND seq =
 (SELECT MAX(seq) FROM device_event WHERE device = e.device AND chain = e.chain) ORDER BY received, chain`
	sqlAddEvent = `INSERT INTO device_event (` + deviceEventList + `)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (device, chain, seq) DO NOTHING`
	sqlEventHash    = `SELECT hash FROM device_event WHERE device = $1 AND chain = $2 AND seq = $3`
	sqlDeviceExists = `SELECT 1 FROM device WHERE id = $1`
)

func deviceEventColumns(e *store.DeviceEvent) []any {
	return []any{
		guid(&e.Device), guid(&e.Chain), &e.Seq, millis(&e.At), millis(&e.Received), &e.Type, guid(&e.Entry),
		bytes(&e.Detail), &e.Generation, sum(&e.Prev), sum(&e.Hash),
	}
}

// DeviceEvents implements store.JournalReader.
func (t *tx) DeviceEvents(ctx context.Context, id store.ChainID, after int64) iter.Seq2[store.DeviceEvent, error] {
	return seq(ctx, t, "device event", deviceEventColumns, sqlDeviceEvents, id.Device[:], id.Chain[:], after)
}

// LastDeviceEvent implements store.JournalReader.
func (t *tx) LastDeviceEvent(ctx context.Context, id store.ChainID) (store.DeviceEvent, error) {
	return one(ctx, t, "device event", deviceEventColumns, sqlLastEvent, id.Device[:], id.Chain[:])
}

// LastDeviceEvents implements store.JournalReader.
func (t *tx) LastDeviceEvents(ctx context.Context, device vault.ID) ([]store.DeviceEvent, error) {
	return list(ctx, t, "device event", deviceEventColumns, sqlLastEvents, device[:])
}

// AddDeviceEvents implements store.JournalWriter.
func (t *tx) AddDeviceEvents(ctx context.Context, events []store.DeviceEvent) (int64, error) {
	added := int64(0)
	for i := range events {
		e := &events[i]
		if i == 0 || e.Device != events[i-1].Device {
			// The journal outlives the device's row, so no foreign key says this.
			if _, err := one(ctx, t, "device", oneNumber, sqlDeviceExists, e.Device[:]); err != nil {
				return 0, err
			}
		}
		n, err := t.exec(ctx, "device event", verbWrite, sqlAddEvent,
			e.Device[:], e.Chain[:], e.Seq, e.At.UnixMilli(), e.Received.UnixMilli(), textArg(e.Type), idArg(e.Entry),
			bytesArg(e.Detail), e.Generation, e.Prev[:], e.Hash[:])
		if err != nil {
			return 0, err
		}
		added += n
		if n > 0 {
			continue
		}
		hash, err := one(ctx, t, "device event", func(h *[32]byte) []any { return []any{sum(h)} }, sqlEventHash,
			e.Device[:], e.Chain[:], e.Seq)
		if err != nil {
			return 0, err
		}
		if hash != e.Hash {
			return 0, &store.Error{Reason: store.Stale, Noun: "device event"}
		}
	}
	return added, nil
}

// oneNumber reads a row of one number.
func oneNumber(n *int64) []any { return []any{whole(n)} }
