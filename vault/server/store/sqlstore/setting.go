package sqlstore

import (
	"context"

	"github.com/tideover/tideover/vault/server/store"
)

const (
	settingSelect = `SELECT name, value, data_key, version, written_by, written_at FROM setting`

	sqlSetting    = settingSelect + ` WHERE name = $1`
	sqlSettings   = settingSelect + ` ORDER BY name`
	sqlAddSetting = `INSERT INTO setting (name, value, data_key, version, written_by, written_at)
 VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT (name) DO NOTHING`
	sqlUpdateSetting = `UPDATE setting SET value = $1, data_key = $2, version = version + 1, written_by = $3,
 written_at = $4 WHERE name = $5 AND version = $6`
	sqlDeleteSetting = `DELETE FROM setting WHERE name = $1`

	sqlMeta    = `SELECT value FROM meta WHERE name = $1`
	sqlPutMeta = `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
)

func settingColumns(s *store.Setting) []any {
	return []any{&s.Name, bytes(&s.Value), guid(&s.Key), &s.Version, guid(&s.By), millis(&s.At)}
}

// Setting implements store.SettingReader.
func (t *tx) Setting(ctx context.Context, name string) (store.Setting, error) {
	query := sqlSetting
	if t.write {
		query += t.dialect.forShare // many may decide by it at once; changing it waits
	}
	return one(ctx, t, "setting", settingColumns, query, textArg(name))
}

// Settings implements store.SettingReader.
func (t *tx) Settings(ctx context.Context) ([]store.Setting, error) {
	return list(ctx, t, "setting", settingColumns, sqlSettings)
}

// Meta implements store.SettingReader.
func (t *tx) Meta(ctx context.Context, name string) ([]byte, error) {
	return one(ctx, t, "mark", func(b *[]byte) []any { return []any{bytes(b)} }, sqlMeta, textArg(name))
}

// PutSetting implements store.SettingWriter.
func (t *tx) PutSetting(ctx context.Context, s store.Setting) error {
	t.changed.gov = true
	if s.Version == 0 {
		return t.must(ctx, "setting", store.Stale, sqlAddSetting,
			textArg(s.Name), bytesArg(s.Value), idArg(s.Key), idArg(s.By), s.At.UnixMilli())
	}
	return t.must(ctx, "setting", store.Stale, sqlUpdateSetting,
		bytesArg(s.Value), idArg(s.Key), idArg(s.By), s.At.UnixMilli(), textArg(s.Name), s.Version)
}

// DeleteSetting implements store.SettingWriter.
func (t *tx) DeleteSetting(ctx context.Context, name string) error {
	t.changed.gov = true
	return t.remove(ctx, "setting", sqlDeleteSetting, textArg(name))
}

// PutMeta implements store.SettingWriter.
func (t *tx) PutMeta(ctx context.Context, name string, value []byte) error {
	_, err := t.exec(ctx, "mark", verbWrite, sqlPutMeta, textArg(name), bytesArg(value))
	return err
}
