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
	sqlLastEvents   = deviceEventSelect + ` JOIN (SELECT chain AS last_chain, MAX(seq) AS last_seq FROM device_event
 WHERE device = $1 GROUP BY chain) l ON chain = last_chain AND seq = last_seq WHERE device = $1 ORDER BY received, chain`
	sqlCountEvents = `SELECT generation, COUNT(*) FROM device_event WHERE device = $1 AND type = $2
 GROUP BY generation ORDER BY generation`
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

// CountDeviceEvents implements store.JournalReader.
func (t *tx) CountDeviceEvents(ctx context.Context, device vault.ID, typ string) ([]store.EventCount, error) {
	return list(ctx, t, "device event", func(c *store.EventCount) []any {
		return []any{&c.Generation, &c.Events}
	}, sqlCountEvents, device[:], textArg(typ))
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
