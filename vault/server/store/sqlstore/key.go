package sqlstore

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	dataKeyList      = `id, purpose, wrapped, kek, uses, created, retired`
	sqlDataKeys      = `SELECT ` + dataKeyList + ` FROM data_key ORDER BY created, id`
	sqlUpdateDataKey = `UPDATE data_key SET wrapped = $1, kek = $2, retired = $3 WHERE id = $4`
	sqlAddKeyUses    = `UPDATE data_key SET uses = uses + $1 WHERE id = $2`

	subKeyList = `id, used_for, public_key, private, data_key, signature, created, not_after, retired`
	sqlSubKeys = `SELECT ` + subKeyList + ` FROM sub_key ORDER BY created, id`
	sqlPutKey  = `INSERT INTO sub_key (` + subKeyList + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
 ON CONFLICT (id) DO UPDATE SET used_for = excluded.used_for, public_key = excluded.public_key,
 private = excluded.private, data_key = excluded.data_key, signature = excluded.signature,
 not_after = excluded.not_after, retired = excluded.retired`
)

func dataKeyColumns(k *store.DataKey) []any {
	return []any{
		guid(&k.ID), &k.Purpose, bytes(&k.Wrapped), &k.KEK, &k.Uses, millis(&k.Created), millis(&k.Retired),
	}
}

func subKeyColumns(k *store.SubKey) []any {
	return []any{
		&k.ID, &k.Use, bytes(&k.Public), bytes(&k.Private.Data), guid(&k.Private.Key), bytes(&k.Signature),
		millis(&k.Created), millis(&k.NotAfter), millis(&k.Retired),
	}
}

// DataKeys implements store.KeyReader.
func (t *tx) DataKeys(ctx context.Context) ([]store.DataKey, error) {
	return list(ctx, t, "data key", dataKeyColumns, sqlDataKeys)
}

// SubKeys implements store.KeyReader.
func (t *tx) SubKeys(ctx context.Context) ([]store.SubKey, error) {
	return list(ctx, t, "sub-key", subKeyColumns, sqlSubKeys)
}

// AddDataKey implements store.KeyWriter.
func (t *tx) AddDataKey(ctx context.Context, k store.DataKey) error {
	t.changed.gov = true
	return t.insert(ctx, table{"data_key", "data key", dataKeyList},
		k.ID[:], k.Purpose, k.Wrapped, textArg(k.KEK), k.Uses, k.Created.UnixMilli(), timeArg(k.Retired))
}

// UpdateDataKey implements store.KeyWriter.
func (t *tx) UpdateDataKey(ctx context.Context, k store.DataKey) error {
	t.changed.gov = true
	return t.must(ctx, "data key", store.Missing, sqlUpdateDataKey,
		k.Wrapped, textArg(k.KEK), timeArg(k.Retired), k.ID[:])
}

// AddKeyUses implements store.KeyWriter.
func (t *tx) AddKeyUses(ctx context.Context, id vault.ID, n int64) error {
	return t.must(ctx, "data key", store.Missing, sqlAddKeyUses, n, id[:])
}

// PutSubKey implements store.KeyWriter.
func (t *tx) PutSubKey(ctx context.Context, k store.SubKey) error {
	t.changed.gov = true
	_, err := t.exec(ctx, "sub-key", verbWrite, sqlPutKey,
		textArg(k.ID), textArg(k.Use), k.Public, bytesArg(k.Private.Data), idArg(k.Private.Key),
		bytesArg(k.Signature), k.Created.UnixMilli(), timeArg(k.NotAfter), timeArg(k.Retired))
	return err
}
