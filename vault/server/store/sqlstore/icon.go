package sqlstore

import (
	"context"
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	iconList   = `id, content, data_key, version, tag, rev, modified`
	iconSelect = `SELECT ` + iconList + ` FROM icon`

	sqlIcon       = iconSelect + ` WHERE id = $1`
	sqlIconByTag  = iconSelect + ` WHERE tag = $1`
	sqlIcons      = iconSelect
	sqlIconsAfter = iconSelect + ` WHERE rev > $1 ORDER BY rev`
	sqlDeleteIcon = `DELETE FROM icon WHERE id = $1`
)

func iconColumns(i *store.Icon) []any {
	return []any{
		guid(&i.ID), bytes(&i.Content.Data), guid(&i.Content.Key), &i.Version, sum(&i.Tag), &i.Rev, millis(&i.Modified),
	}
}

// Icon implements store.IconReader.
func (t *tx) Icon(ctx context.Context, id vault.ID) (store.Icon, error) {
	return one(ctx, t, "icon", iconColumns, sqlIcon, id[:])
}

// IconByTag implements store.IconReader.
func (t *tx) IconByTag(ctx context.Context, tag [32]byte) (store.Icon, error) {
	return one(ctx, t, "icon", iconColumns, sqlIconByTag, tag[:])
}

// Icons implements store.IconReader.
func (t *tx) Icons(ctx context.Context, after int64) iter.Seq2[store.Icon, error] {
	if after == 0 {
		return seq(ctx, t, "icon", iconColumns, sqlIcons)
	}
	return seq(ctx, t, "icon", iconColumns, sqlIconsAfter, after)
}

// AddIcons implements store.IconWriter.
func (t *tx) AddIcons(ctx context.Context, icons []store.Icon) error {
	rev, err := t.stamp(ctx, len(icons))
	if err != nil {
		return err
	}
	t.changed.icons = true
	if err := unbury(ctx, t, store.KindIcon, icons, func(i *store.Icon) vault.ID { return i.ID }); err != nil {
		return err
	}
	return t.insertAll(ctx, table{"icon", "icon", iconList}, len(icons), func(n int) []any {
		i := &icons[n]
		return []any{
			i.ID[:], bytesArg(i.Content.Data), idArg(i.Content.Key), i.Version, i.Tag[:], rev, timeArg(i.Modified),
		}
	})
}

// DeleteIcon implements store.IconWriter.
func (t *tx) DeleteIcon(ctx context.Context, id vault.ID) error {
	if err := t.remove(ctx, "icon", sqlDeleteIcon, id[:]); err != nil {
		return err
	}
	return t.bury(ctx, store.KindIcon, id)
}
