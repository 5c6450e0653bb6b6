package sqlstore

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	chipList   = `device, ek_name, identity, proven, virtual, created, seen_at, clock_ms, resets, restarts, safe, counter`
	chipSelect = `SELECT ` + chipList + ` FROM chip`

	sqlChip    = chipSelect + ` WHERE device = $1`
	sqlChips   = `SELECT ` + chipList + ` FROM chip`
	sqlChipsOf = chipSelect + ` WHERE ek_name = $1 ORDER BY created, device`
	sqlPutChip = `INSERT INTO chip (` + chipList + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
 ON CONFLICT (device) DO UPDATE SET ek_name = excluded.ek_name, identity = excluded.identity, proven = excluded.proven,
 virtual = excluded.virtual, created = excluded.created, seen_at = excluded.seen_at, clock_ms = excluded.clock_ms,
 resets = excluded.resets, restarts = excluded.restarts, safe = excluded.safe, counter = excluded.counter`
	sqlPutSighting = `UPDATE chip SET seen_at = $1, clock_ms = $2, resets = $3, restarts = $4, safe = $5, counter = $6
 WHERE device = $7`

	challengeList   = `device, pending, created`
	sqlChallenge    = `SELECT ` + challengeList + ` FROM challenge WHERE device = $1`
	sqlPutChallenge = `INSERT INTO challenge (` + challengeList + `) VALUES ($1, $2, $3)
 ON CONFLICT (device) DO UPDATE SET pending = excluded.pending, created = excluded.created`
	sqlDeleteChallenge = `DELETE FROM challenge WHERE device = $1`
)

func chipColumns(c *store.Chip) []any {
	return []any{
		guid(&c.Device), bytes(&c.EKName), bytes(&c.Identity), &c.Proven, &c.Virtual, millis(&c.Created),
		millis(&c.Seen.At), &c.Seen.ClockMS, &c.Seen.Resets, &c.Seen.Restarts, &c.Seen.Safe, &c.Seen.Counter,
	}
}

func challengeColumns(c *store.Challenge) []any {
	return []any{guid(&c.Device), bytes(&c.Pending), millis(&c.Created)}
}

// Chip implements store.ChipReader.
func (t *tx) Chip(ctx context.Context, device vault.ID) (store.Chip, error) {
	return one(ctx, t, "chip", chipColumns, t.locking(sqlChip), device[:])
}

// ChipsOf implements store.ChipReader.
func (t *tx) ChipsOf(ctx context.Context, ekName []byte) ([]store.Chip, error) {
	return list(ctx, t, "chip", chipColumns, sqlChipsOf, ekName)
}

// Chips implements store.ChipReader.
func (t *tx) Chips(ctx context.Context) iter.Seq2[store.Chip, error] {
	return seq(ctx, t, "chip", chipColumns, sqlChips)
}

// Challenge implements store.ChipReader.
func (t *tx) Challenge(ctx context.Context, device vault.ID) (store.Challenge, error) {
	return one(ctx, t, "challenge", challengeColumns, t.locking(sqlChallenge), device[:])
}

// PutChip implements store.ChipWriter.
func (t *tx) PutChip(ctx context.Context, c store.Chip) error {
	_, err := t.exec(ctx, "chip", verbWrite, sqlPutChip,
		c.Device[:], c.EKName, c.Identity, c.Proven, c.Virtual, c.Created.UnixMilli(), c.Seen.At.UnixMilli(),
		c.Seen.ClockMS, c.Seen.Resets, c.Seen.Restarts, c.Seen.Safe, c.Seen.Counter)
	return err
}

// PutSighting implements store.ChipWriter.
func (t *tx) PutSighting(ctx context.Context, device vault.ID, s store.Sighting) error {
	return t.must(ctx, "chip", store.Missing, sqlPutSighting,
		s.At.UnixMilli(), s.ClockMS, s.Resets, s.Restarts, s.Safe, s.Counter, device[:])
}

// PutChallenge implements store.ChipWriter.
func (t *tx) PutChallenge(ctx context.Context, c store.Challenge) error {
	_, err := t.exec(ctx, "challenge", verbWrite, sqlPutChallenge, c.Device[:], c.Pending, c.Created.UnixMilli())
	return err
}

// DeleteChallenge implements store.ChipWriter.
func (t *tx) DeleteChallenge(ctx context.Context, device vault.ID) error {
	return t.remove(ctx, "challenge", sqlDeleteChallenge, device[:])
}

const (
	slotList  = `device, cache, counter, pin_fail, pin_pass, created`
	sqlSlots  = `SELECT ` + slotList + ` FROM cache_slot WHERE device = $1 AND cache = $2`
	sqlSlotOf = `SELECT ` + slotList + ` FROM cache_slot WHERE device = $1 ORDER BY created DESC, cache`

	permitList    = `id, device, cache, idx, kind, count, top, created, shown_at, clock_ms, resets, void_at`
	sqlPermits    = `SELECT ` + permitList + ` FROM permit WHERE device = $1 AND cache = $2 ORDER BY created, id`
	sqlVoidPermit = `UPDATE permit SET void_at = $1 WHERE id = $2`
	sqlShowPermit = `UPDATE permit SET shown_at = $1 WHERE id = $2`

	readingList   = `device, cache, idx, value, created`
	sqlReadings   = `SELECT ` + readingList + ` FROM reading WHERE device = $1 AND cache = $2 ORDER BY idx`
	sqlPutReading = `INSERT INTO reading (` + readingList + `) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (device, cache, idx) DO UPDATE SET value = excluded.value, created = excluded.created`
)

func slotColumns(s *store.Slots) []any {
	return []any{guid(&s.Device), guid(&s.Cache), &s.Counter, &s.PinFail, &s.PinPass, millis(&s.Created)}
}

func permitColumns(p *store.Permit) []any {
	return []any{
		guid(&p.ID), guid(&p.Device), guid(&p.Cache), &p.Index, &p.Kind, &p.Count, &p.Limit, millis(&p.Created), millis(&p.ShownAt),
		&p.ClockMS, &p.Resets, millis(&p.VoidAt),
	}
}

func readingColumns(r *store.Reading) []any {
	return []any{guid(&r.Device), guid(&r.Cache), &r.Index, &r.Value, millis(&r.Created)}
}

// Slots implements store.SlotReader.
func (t *tx) Slots(ctx context.Context, device, cache vault.ID) (store.Slots, error) {
	return one(ctx, t, "slots", slotColumns, t.locking(sqlSlots), device[:], cache[:])
}

// SlotsOf implements store.SlotReader.
func (t *tx) SlotsOf(ctx context.Context, device vault.ID) ([]store.Slots, error) {
	return list(ctx, t, "slots", slotColumns, sqlSlotOf, device[:])
}

// Permits implements store.SlotReader.
func (t *tx) Permits(ctx context.Context, device, cache vault.ID) ([]store.Permit, error) {
	return list(ctx, t, "permit", permitColumns, sqlPermits, device[:], cache[:])
}

// Readings implements store.SlotReader.
func (t *tx) Readings(ctx context.Context, device, cache vault.ID) ([]store.Reading, error) {
	return list(ctx, t, "reading", readingColumns, sqlReadings, device[:], cache[:])
}

// AddSlots implements store.SlotWriter.
func (t *tx) AddSlots(ctx context.Context, s store.Slots) error {
	return t.insert(ctx, table{"cache_slot", "slots", slotList},
		s.Device[:], s.Cache[:], s.Counter, s.PinFail, s.PinPass, s.Created.UnixMilli())
}

// AddPermit implements store.SlotWriter.
func (t *tx) AddPermit(ctx context.Context, p store.Permit) error {
	return t.insert(ctx, table{"permit", "permit", permitList},
		p.ID[:], p.Device[:], p.Cache[:], textArg(p.Index), textArg(p.Kind), p.Count, p.Limit, p.Created.UnixMilli(), timeArg(p.ShownAt),
		p.ClockMS, p.Resets, timeArg(p.VoidAt))
}

// ShowPermit implements store.SlotWriter.
func (t *tx) ShowPermit(ctx context.Context, id vault.ID, at time.Time) error {
	return t.must(ctx, "permit", store.Missing, sqlShowPermit, at.UnixMilli(), id[:])
}

// VoidPermit implements store.SlotWriter.
func (t *tx) VoidPermit(ctx context.Context, id vault.ID, at time.Time) error {
	return t.must(ctx, "permit", store.Missing, sqlVoidPermit, at.UnixMilli(), id[:])
}

// PutReading implements store.SlotWriter.
func (t *tx) PutReading(ctx context.Context, r store.Reading) error {
	_, err := t.exec(ctx, "reading", verbWrite, sqlPutReading,
		r.Device[:], r.Cache[:], textArg(r.Index), r.Value, r.Created.UnixMilli())
	return err
}
