package sqlstore

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	factorList   = `id, usr, kind, name, secret, data_key, version, last_step, confirmed, created`
	factorSelect = `SELECT ` + factorList + ` FROM factor`

	sqlFactor       = factorSelect + ` WHERE id = $1`
	sqlFactors      = factorSelect + ` WHERE usr = $1 ORDER BY created, id`
	sqlUpdateFactor = `UPDATE factor SET name = $1, secret = $2, data_key = $3, version = $4, confirmed = $5
 WHERE id = $6`
	sqlSpendFactor  = `UPDATE factor SET last_step = $1 WHERE id = $2 AND last_step < $1`
	sqlDeleteFactor = `DELETE FROM factor WHERE id = $1`
)

func factorColumns(f *store.Factor) []any {
	return []any{
		guid(&f.ID), guid(&f.User), &f.Kind, &f.Name, bytes(&f.Secret.Data), guid(&f.Secret.Key),
		&f.Version, &f.LastStep, millis(&f.Confirmed), millis(&f.Created),
	}
}

// Factor implements store.FactorReader.
func (t *tx) Factor(ctx context.Context, id vault.ID) (store.Factor, error) {
	return one(ctx, t, "factor", factorColumns, t.locking(sqlFactor), id[:])
}

// Factors implements store.FactorReader.
func (t *tx) Factors(ctx context.Context, user vault.ID) ([]store.Factor, error) {
	return list(ctx, t, "factor", factorColumns, sqlFactors, user[:])
}

// AddFactor implements store.FactorWriter.
func (t *tx) AddFactor(ctx context.Context, f store.Factor) error {
	return t.insert(ctx, table{"factor", "factor", factorList},
		f.ID[:], f.User[:], f.Kind, textArg(f.Name), bytesArg(f.Secret.Data), idArg(f.Secret.Key),
		f.Version, f.LastStep, timeArg(f.Confirmed), f.Created.UnixMilli())
}

// UpdateFactor implements store.FactorWriter.
func (t *tx) UpdateFactor(ctx context.Context, f store.Factor) error {
	return t.must(ctx, "factor", store.Missing, sqlUpdateFactor,
		textArg(f.Name), bytesArg(f.Secret.Data), idArg(f.Secret.Key), f.Version, timeArg(f.Confirmed), f.ID[:])
}

// SpendFactor implements store.FactorWriter.
func (t *tx) SpendFactor(ctx context.Context, id vault.ID, step int64) error {
	n, err := t.exec(ctx, "factor", verbWrite, sqlSpendFactor, step, id[:])
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.Factor(ctx, id); err != nil {
		return err
	}
	return &store.Error{Reason: store.Stale, Noun: "factor"}
}

// DeleteFactor implements store.FactorWriter.
func (t *tx) DeleteFactor(ctx context.Context, id vault.ID) error {
	return t.remove(ctx, "factor", sqlDeleteFactor, id[:])
}
