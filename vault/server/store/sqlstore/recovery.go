package sqlstore

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	escrowList   = `device, cache, generation, kid, wrapped, record, usr, created`
	escrowSelect = `SELECT ` + escrowList + ` FROM escrow`
	escrowOrder  = ` ORDER BY device, cache, generation DESC`

	sqlEscrows      = escrowSelect + escrowOrder
	sqlEscrowsOf    = escrowSelect + ` WHERE device = $1` + escrowOrder
	sqlDeleteEscrow = `DELETE FROM escrow WHERE device = $1 AND cache = $2 AND generation = $3`
	sqlPutEscrow    = `INSERT INTO escrow (` + escrowList + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
 ON CONFLICT (device, cache, generation) DO UPDATE SET kid = excluded.kid, wrapped = excluded.wrapped,
 record = excluded.record, usr = excluded.usr, created = excluded.created`

	releaseList = `id, device, cache, generation, kid, asked_by, asked_at, reason, approved_by, approved_at, ended_at, ended_why`
	releaseFrom = `SELECT ` + releaseList + ` FROM escrow_release`

	sqlRelease       = releaseFrom + ` WHERE id = $1`
	sqlReleases      = releaseFrom + ` ORDER BY asked_at DESC, id`
	sqlReleasesOf    = releaseFrom + ` WHERE device = $1 ORDER BY asked_at DESC, id`
	sqlUpdateRelease = `UPDATE escrow_release SET approved_by = $1, approved_at = $2, ended_at = $3, ended_why = $4 WHERE id = $5`
)

func escrowColumns(e *store.Escrow) []any {
	return []any{
		guid(&e.Device), guid(&e.Cache), &e.Generation, &e.Key, bytes(&e.Wrapped), bytes(&e.Record), guid(&e.User), millis(&e.Created),
	}
}

func releaseColumns(r *store.Release) []any {
	return []any{
		guid(&r.ID), guid(&r.Device), guid(&r.Cache), &r.Generation, &r.Key, guid(&r.AskedBy), millis(&r.AskedAt), &r.Reason,
		guid(&r.ApprovedBy), millis(&r.ApprovedAt), millis(&r.EndedAt), &r.EndedWhy,
	}
}

// Escrows implements store.RecoveryReader.
func (t *tx) Escrows(ctx context.Context, device vault.ID) ([]store.Escrow, error) {
	if device.IsZero() {
		return list(ctx, t, "escrow", escrowColumns, sqlEscrows)
	}
	return list(ctx, t, "escrow", escrowColumns, sqlEscrowsOf, device[:])
}

// Release implements store.RecoveryReader.
func (t *tx) Release(ctx context.Context, id vault.ID) (store.Release, error) {
	return one(ctx, t, "release", releaseColumns, t.locking(sqlRelease), id[:])
}

// Releases implements store.RecoveryReader.
func (t *tx) Releases(ctx context.Context, device vault.ID) ([]store.Release, error) {
	if device.IsZero() {
		return list(ctx, t, "release", releaseColumns, sqlReleases)
	}
	return list(ctx, t, "release", releaseColumns, sqlReleasesOf, device[:])
}

// PutEscrow implements store.RecoveryWriter.
func (t *tx) PutEscrow(ctx context.Context, e store.Escrow) error {
	_, err := t.exec(ctx, "escrow", verbWrite, sqlPutEscrow,
		e.Device[:], e.Cache[:], e.Generation, textArg(e.Key), e.Wrapped, e.Record, e.User[:], e.Created.UnixMilli())
	return err
}

// DeleteEscrow implements store.RecoveryWriter.
func (t *tx) DeleteEscrow(ctx context.Context, id store.GenerationID) error {
	return t.remove(ctx, "escrow", sqlDeleteEscrow, id.Device[:], id.Cache[:], id.Number)
}

// AddRelease implements store.RecoveryWriter.
func (t *tx) AddRelease(ctx context.Context, r store.Release) error {
	return t.insert(ctx, table{"escrow_release", "release", releaseList},
		r.ID[:], r.Device[:], r.Cache[:], r.Generation, textArg(r.Key), r.AskedBy[:], r.AskedAt.UnixMilli(), textArg(r.Reason),
		idArg(r.ApprovedBy), timeArg(r.ApprovedAt), timeArg(r.EndedAt), textArg(r.EndedWhy))
}

// UpdateRelease implements store.RecoveryWriter.
func (t *tx) UpdateRelease(ctx context.Context, r store.Release) error {
	return t.must(ctx, "release", store.Missing, sqlUpdateRelease,
		idArg(r.ApprovedBy), timeArg(r.ApprovedAt), timeArg(r.EndedAt), textArg(r.EndedWhy), r.ID[:])
}
