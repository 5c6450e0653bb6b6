package sqlstore

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	folderList   = `id, parent, content, data_key, version, rev, block, flags, created, modified, archived`
	folderSelect = `SELECT ` + folderList + ` FROM folder`

	sqlFolder       = folderSelect + ` WHERE id = $1`
	sqlRootFolder   = folderSelect + ` WHERE parent IS NULL`
	sqlFolders      = folderSelect
	sqlFoldersAfter = folderSelect + ` WHERE rev > $1 ORDER BY rev`
	sqlUpdateFolder = `UPDATE folder SET parent = $1, content = $2, data_key = $3, version = $4, rev = $5, block = $6,
 flags = $7, modified = $8, archived = $9 WHERE id = $10 AND version = $11`
	sqlDeleteFolder = `DELETE FROM folder WHERE id = $1`

	sqlBury = `INSERT INTO tombstone (kind, id, rev, deleted) VALUES ($1, $2, 0, $3)
 ON CONFLICT (kind, id) DO UPDATE SET rev = 0, deleted = excluded.deleted`
	sqlUnbury          = `DELETE FROM tombstone WHERE kind = $1 AND {id in $2}`
	sqlTombstones      = `SELECT kind, id, rev, deleted FROM tombstone WHERE rev > $1 ORDER BY rev`
	sqlHorizon         = `SELECT horizon FROM counter`
	sqlOldTombstones   = `SELECT MAX(rev) FROM tombstone WHERE deleted < $1 AND rev > 0`
	sqlPurgeTombstones = `DELETE FROM tombstone WHERE deleted < $1 AND rev > 0`
	sqlMoveHorizon     = `UPDATE counter SET horizon = $1 WHERE id = 1 AND horizon < $1`
)

func folderColumns(f *store.Folder) []any {
	return []any{
		guid(&f.ID), guid(&f.Parent), bytes(&f.Content.Data), guid(&f.Content.Key), &f.Version, &f.Rev,
		&f.BlockInheritance, bits(&f.Flags), millis(&f.Created), millis(&f.Modified), millis(&f.Archived),
	}
}

// Folder implements store.FolderReader.
func (t *tx) Folder(ctx context.Context, id vault.ID) (store.Folder, error) {
	return one(ctx, t, "folder", folderColumns, sqlFolder, id[:])
}

// RootFolder implements store.FolderReader.
func (t *tx) RootFolder(ctx context.Context) (store.Folder, error) {
	return one(ctx, t, "folder", folderColumns, sqlRootFolder)
}

// Folders implements store.FolderReader.
func (t *tx) Folders(ctx context.Context, after int64) iter.Seq2[store.Folder, error] {
	if after == 0 {
		return seq(ctx, t, "folder", folderColumns, sqlFolders)
	}
	return seq(ctx, t, "folder", folderColumns, sqlFoldersAfter, after)
}

// AddFolders implements store.FolderWriter.
func (t *tx) AddFolders(ctx context.Context, folders []store.Folder) error {
	rev, err := t.stamp(ctx, len(folders))
	if err != nil {
		return err
	}
	t.changed.folders, t.changed.perm = true, true
	if err := unbury(ctx, t, store.KindFolder, folders, func(f *store.Folder) vault.ID { return f.ID }); err != nil {
		return err
	}
	return t.insertAll(ctx, table{"folder", "folder", folderList}, len(folders), func(i int) []any {
		f := &folders[i]
		return []any{
			f.ID[:], idArg(f.Parent), bytesArg(f.Content.Data), idArg(f.Content.Key), f.Version, rev,
			f.BlockInheritance, int64(f.Flags), f.Created.UnixMilli(), timeArg(f.Modified), timeArg(f.Archived),
		}
	})
}

// UpdateFolder implements store.FolderWriter.
func (t *tx) UpdateFolder(ctx context.Context, u store.FolderUpdate) error {
	rev, err := t.stamp(ctx, 1)
	if err != nil {
		return err
	}
	t.changed.folders, t.changed.perm = true, true
	f := &u.Folder
	n, err := t.exec(ctx, "folder", verbWrite, sqlUpdateFolder,
		idArg(f.Parent), bytesArg(f.Content.Data), idArg(f.Content.Key), f.Version, rev, f.BlockInheritance,
		int64(f.Flags), timeArg(f.Modified), timeArg(f.Archived), f.ID[:], u.Base)
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.Folder(ctx, f.ID); err != nil {
		return err
	}
	return &store.Error{Reason: store.Stale, Noun: "folder"}
}

// DeleteFolder implements store.FolderWriter.
func (t *tx) DeleteFolder(ctx context.Context, id vault.ID) error {
	t.changed.perm = true
	if err := t.remove(ctx, "folder", sqlDeleteFolder, id[:]); err != nil {
		return err
	}
	return t.bury(ctx, store.KindFolder, id)
}

// bury leaves a tombstone.
func (t *tx) bury(ctx context.Context, kind store.Kind, id vault.ID) error {
	t.changed.content, t.changed.tombstones = true, true
	_, err := t.exec(ctx, "tombstone", verbWrite, sqlBury, kind, id[:], t.store.now().UnixMilli())
	return err
}

// unbury removes the tombstones of rows that are added again.
func unbury[T any](ctx context.Context, t *tx, kind store.Kind, rows []T, id func(*T) vault.ID) error {
	ids := make([]vault.ID, len(rows))
	for i := range rows {
		ids[i] = id(&rows[i])
	}
	_, err := t.exec(ctx, "tombstone", verbWrite, sqlUnbury, kind, t.dialect.ids(ids))
	return err
}

// Tombstones implements store.TombstoneReader.
func (t *tx) Tombstones(ctx context.Context, after int64) iter.Seq2[store.Tombstone, error] {
	return seq(ctx, t, "tombstone", func(v *store.Tombstone) []any {
		return []any{&v.Kind, guid(&v.ID), &v.Rev, millis(&v.At)}
	}, sqlTombstones, after)
}

// Horizon implements store.TombstoneReader.
func (t *tx) Horizon(ctx context.Context) (int64, error) {
	return one(ctx, t, "counter", func(n *int64) []any { return []any{n} }, sqlHorizon)
}

// PurgeTombstones implements store.TombstoneWriter.
func (t *tx) PurgeTombstones(ctx context.Context, before time.Time) error {
	at := before.UnixMilli()
	rev, err := one(ctx, t, "tombstone", func(n *int64) []any { return []any{whole(n)} }, sqlOldTombstones, at)
	if err != nil || rev == 0 {
		return err
	}
	if _, err := t.exec(ctx, "tombstone", verbDelete, sqlPurgeTombstones, at); err != nil {
		return err
	}
	_, err = t.exec(ctx, "counter", verbWrite, sqlMoveHorizon, rev)
	return err
}
