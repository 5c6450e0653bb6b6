package sqlstore

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	generationList = `device, cache, number, state, record, root_name, level, virtual_tpm, clock_ms, resets,` +
		` user_name, comment, event, created, proven_at, ended_at`
	generationSelect = `SELECT ` + generationList + ` FROM generation`

	sqlGeneration       = generationSelect + ` WHERE device = $1 AND cache = $2 AND number = $3`
	sqlGenerations      = generationSelect + ` WHERE device = $1 ORDER BY number DESC, cache`
	sqlOpenGenerations  = generationSelect + ` WHERE ended_at IS NULL`
	sqlUpdateGeneration = `UPDATE generation SET state = $1, record = $2, root_name = $3, level = $4, virtual_tpm = $5,
 clock_ms = $6, resets = $7, user_name = $8, comment = $9, event = $10, proven_at = $11, ended_at = $12
 WHERE device = $13 AND cache = $14 AND number = $15`

	holdingList         = `device, generation, entry, version`
	holdingSelect       = `SELECT ` + holdingList + ` FROM device_cache`
	sqlAnyHolding       = `SELECT version FROM device_cache WHERE device = $1 AND generation = $2 LIMIT 1`
	sqlReplacedHoldings = `DELETE FROM device_cache WHERE device = $1 AND generation = $2 AND {entry in $3}`

	leaseList   = `id, device, cache, generation, seq, key_id, epoch, issued, expires, entries, digest`
	sqlLeases   = `SELECT ` + leaseList + ` FROM lease WHERE device = $1 ORDER BY seq DESC`
	sqlLeaseSeq = `UPDATE device SET lease_seq = $1, lease_end = CASE WHEN lease_end > $2 THEN lease_end ELSE $2 END
 WHERE id = $3 AND lease_seq = $1 - 1`
	sqlPurgeLeases = `DELETE FROM lease WHERE expires < $1`
)

func generationColumns(g *store.Generation) []any {
	return []any{
		guid(&g.Device), guid(&g.Cache), &g.Number, &g.State, bytes(&g.Record), bytes(&g.RootName), &g.Level,
		&g.Virtual, &g.ClockMS, &g.Resets, &g.UserName, &g.Comment, guid(&g.Event), millis(&g.Created),
		millis(&g.ProvenAt), millis(&g.EndedAt),
	}
}

func holdingColumns(h *store.Holding) []any {
	return []any{guid(&h.Device), &h.Generation, guid(&h.Entry), &h.Version}
}

func leaseColumns(l *store.Lease) []any {
	return []any{
		guid(&l.ID), guid(&l.Device), guid(&l.Cache), &l.Generation, &l.Seq, &l.KeyID, &l.Epoch,
		millis(&l.Issued), millis(&l.Expires), &l.Entries, bytes(&l.Digest),
	}
}

// Generation implements store.CacheReader.
func (t *tx) Generation(ctx context.Context, id store.GenerationID) (store.Generation, error) {
	return one(ctx, t, "generation", generationColumns, t.locking(sqlGeneration), id.Device[:], id.Cache[:], id.Number)
}

// Generations implements store.CacheReader.
func (t *tx) Generations(ctx context.Context, device vault.ID) ([]store.Generation, error) {
	return list(ctx, t, "generation", generationColumns, sqlGenerations, device[:])
}

// OpenGenerations implements store.CacheReader.
func (t *tx) OpenGenerations(ctx context.Context) iter.Seq2[store.Generation, error] {
	return seq(ctx, t, "generation", generationColumns, sqlOpenGenerations)
}

var errHoldingQuery = errors.New("sqlstore: internal error: holdings of no device and no entry")

func holdingWhere(q store.HoldingQuery, below bool) (where, error) {
	var w where
	if q.Device.IsZero() && q.Entry.IsZero() {
		return w, errHoldingQuery
	}
	if !q.Device.IsZero() {
		w.add("device =", q.Device[:])
	}
	switch {
	case below:
		w.add("generation <", q.Generation)
	case q.Generation != 0:
		w.add("generation =", q.Generation)
	}
	if !q.Entry.IsZero() {
		w.add("entry =", q.Entry[:])
	}
	return w, nil
}

// Holdings implements store.CacheReader.
func (t *tx) Holdings(ctx context.Context, q store.HoldingQuery) iter.Seq2[store.Holding, error] {
	w, err := holdingWhere(q, false)
	if err != nil {
		return func(yield func(store.Holding, error) bool) { yield(store.Holding{}, err) }
	}
	return seq(ctx, t, "holding", holdingColumns, holdingSelect+w.text(), w.args...)
}

// AddGeneration implements store.CacheWriter.
func (t *tx) AddGeneration(ctx context.Context, g store.Generation) error {
	return t.insert(ctx, table{"generation", "generation", generationList},
		g.Device[:], g.Cache[:], g.Number, g.State, bytesArg(g.Record), bytesArg(g.RootName), textArg(g.Level),
		g.Virtual, g.ClockMS, g.Resets, textArg(g.UserName), textArg(g.Comment), idArg(g.Event),
		g.Created.UnixMilli(), timeArg(g.ProvenAt), timeArg(g.EndedAt))
}

// UpdateGeneration implements store.CacheWriter.
func (t *tx) UpdateGeneration(ctx context.Context, g store.Generation) error {
	return t.must(ctx, "generation", store.Missing, sqlUpdateGeneration,
		g.State, bytesArg(g.Record), bytesArg(g.RootName), textArg(g.Level), g.Virtual, g.ClockMS, g.Resets,
		textArg(g.UserName), textArg(g.Comment), idArg(g.Event), timeArg(g.ProvenAt), timeArg(g.EndedAt),
		g.Device[:], g.Cache[:], g.Number)
}

// PutHoldings implements store.CacheWriter.
func (t *tx) PutHoldings(ctx context.Context, rows []store.Holding) error {
	// COPY cannot replace rows: so those that are there go first.
	sets := map[store.HoldingQuery][]vault.ID{}
	for _, h := range rows {
		key := store.HoldingQuery{Device: h.Device, Generation: h.Generation}
		sets[key] = append(sets[key], h.Entry)
	}
	for key, entries := range sets {
		_, err := one(ctx, t, "holding", func(n *int64) []any { return []any{n} }, sqlAnyHolding, key.Device[:], key.Generation)
		if errors.Is(err, store.ErrNotFound) {
			continue // the ordinary case: a generation is filled once
		}
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, "holding", verbWrite, sqlReplacedHoldings,
			key.Device[:], key.Generation, t.dialect.ids(entries))
		if err != nil {
			return err
		}
	}
	// In the order of both indexes, which halves the work of SQLite.
	rows = slices.SortedFunc(slices.Values(rows), func(a, b store.Holding) int { return slices.Compare(a.Entry[:], b.Entry[:]) })
	row := make([]any, 4)
	return t.insertAll(ctx, table{"device_cache", "holding", holdingList}, len(rows), func(i int) []any {
		h := &rows[i]
		row[0], row[1], row[2], row[3] = h.Device[:], h.Generation, h.Entry[:], h.Version
		return row
	})
}

// DeleteHoldings implements store.CacheWriter.
func (t *tx) DeleteHoldings(ctx context.Context, q store.HoldingQuery, below bool) (int64, error) {
	w, err := holdingWhere(q, below)
	if err != nil {
		return 0, err
	}
	return t.exec(ctx, "holding", verbDelete, "DELETE FROM device_cache"+w.text(), w.args...)
}

// Leases implements store.LeaseReader.
func (t *tx) Leases(ctx context.Context, device vault.ID) iter.Seq2[store.Lease, error] {
	return seq(ctx, t, "lease", leaseColumns, sqlLeases, device[:])
}

// AddLease implements store.LeaseWriter.
func (t *tx) AddLease(ctx context.Context, l store.Lease) error {
	n, err := t.exec(ctx, "lease", verbWrite, sqlLeaseSeq, l.Seq, l.Expires.UnixMilli(), l.Device[:])
	if err != nil {
		return err
	}
	if n == 0 {
		if _, err := t.Device(ctx, l.Device); err != nil {
			return err
		}
		return &store.Error{Reason: store.Stale, Noun: "lease"}
	}
	return t.insert(ctx, table{"lease", "lease", leaseList},
		l.ID[:], l.Device[:], l.Cache[:], l.Generation, l.Seq, textArg(l.KeyID), l.Epoch, l.Issued.UnixMilli(),
		l.Expires.UnixMilli(), l.Entries, bytesArg(l.Digest))
}

// PurgeLeases implements store.LeaseWriter.
func (t *tx) PurgeLeases(ctx context.Context, before time.Time) (int64, error) {
	return t.exec(ctx, "lease", verbDelete, sqlPurgeLeases, before.UnixMilli())
}
