package sqlstore

import (
	"context"
	"errors"
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	entryList   = `id, folder, content, data_key, version, rev, flags, created, modified, modified_by, expires, archived`
	entrySelect = `SELECT ` + entryList + ` FROM entry`
	// bareSelect has the same columns, so that one list of destinations serves.
	bareSelect = `SELECT id, folder, NULL, NULL, version, rev, flags, created, modified, modified_by, expires, archived
 FROM entry`

	sqlEntry       = entrySelect + ` WHERE id = $1`
	sqlUpdateEntry = `UPDATE entry SET folder = $1, content = $2, data_key = $3, version = $4, rev = $5, flags = $6,
 modified = $7, modified_by = $8, expires = $9, archived = $10 WHERE id = $11 AND version = $12`
	sqlKeepVersion = `INSERT INTO entry_history (entry, version, content, data_key, modified, modified_by)
 SELECT id, version, content, data_key, modified, modified_by FROM entry WHERE id = $1 AND version = $2`

	sqlBuryEntries = `INSERT INTO tombstone (kind, id, rev, deleted) SELECT $1, id, 0, $2 FROM entry WHERE {id in $3}
 ON CONFLICT (kind, id) DO UPDATE SET rev = 0, deleted = excluded.deleted`
	sqlDeleteEntries = `DELETE FROM entry WHERE {id in $1}`

	historyList   = `entry, version, content, data_key, modified, modified_by`
	historySelect = `SELECT ` + historyList + ` FROM entry_history`

	sqlHistory      = historySelect + ` WHERE {entry in $1} ORDER BY entry, version`
	sqlHistoryEntry = historySelect + ` WHERE entry = $1 AND version = $2`
	// The newest version that has to go: the one after those that stay.
	sqlPruneFrom    = `SELECT version FROM entry_history WHERE entry = $1 ORDER BY version DESC LIMIT 1 OFFSET $2`
	sqlPruneHistory = `DELETE FROM entry_history WHERE entry = $1 AND version <= $2`
	// An attachment goes when no version that stays has it.
	sqlPruneAttachments = `DELETE FROM attachment WHERE entry = $1 AND until_version <= COALESCE(
 (SELECT MIN(version) FROM entry_history WHERE entry_history.entry = $1),
 (SELECT version FROM entry WHERE id = $1))`
	sqlPruneBlobs = `DELETE FROM blob WHERE entry = $1
 AND NOT EXISTS (SELECT 1 FROM attachment WHERE attachment.blob = blob.id)`
)

func entryColumns(e *store.Entry) []any {
	return []any{
		guid(&e.ID), guid(&e.Folder), bytes(&e.Content.Data), guid(&e.Content.Key), &e.Version, &e.Rev,
		bits(&e.Flags), millis(&e.Created), millis(&e.Modified), guid(&e.By), millis(&e.Expires), millis(&e.Archived),
	}
}

func historyColumns(h *store.HistoryEntry) []any {
	return []any{
		guid(&h.Entry), &h.Version, bytes(&h.Content.Data), guid(&h.Content.Key), millis(&h.Modified), guid(&h.By),
	}
}

// Entry implements store.EntryReader.
func (t *tx) Entry(ctx context.Context, id vault.ID) (store.Entry, error) {
	return one(ctx, t, "entry", entryColumns, sqlEntry, id[:])
}

var errEntryQuery = errors.New("sqlstore: internal error: at most one of IDs, Folders and After")

// Entries implements store.EntryReader.
func (t *tx) Entries(ctx context.Context, q store.EntryQuery) iter.Seq2[store.Entry, error] {
	query := entrySelect
	if q.Bare {
		query = bareSelect
	}
	var args []any
	set := 0
	if q.IDs != nil {
		set++
		query += ` WHERE {id in $1}`
		args = append(args, t.dialect.ids(q.IDs))
	}
	if q.Folders != nil {
		set++
		query += ` WHERE {folder in $1}`
		args = append(args, t.dialect.ids(q.Folders))
	}
	if q.After != 0 {
		set++
		query += ` WHERE rev > $1 ORDER BY rev`
		args = append(args, q.After)
	}
	switch {
	case set > 1:
		return func(yield func(store.Entry, error) bool) { yield(store.Entry{}, errEntryQuery) }
	case q.Archived || q.After != 0:
	case set == 0:
		query += ` WHERE archived IS NULL`
	default:
		query += ` AND archived IS NULL`
	}
	return seq(ctx, t, "entry", entryColumns, query, args...)
}

// History implements store.EntryReader.
func (t *tx) History(ctx context.Context, entries []vault.ID) iter.Seq2[store.HistoryEntry, error] {
	return seq(ctx, t, "history", historyColumns, sqlHistory, t.dialect.ids(entries))
}

// HistoryEntry implements store.EntryReader.
func (t *tx) HistoryEntry(ctx context.Context, entry vault.ID, version int64) (store.HistoryEntry, error) {
	return one(ctx, t, "history", historyColumns, sqlHistoryEntry, entry[:], version)
}

// AddEntries implements store.EntryWriter.
func (t *tx) AddEntries(ctx context.Context, entries []store.Entry) error {
	rev, err := t.stamp(ctx, len(entries))
	if err != nil {
		return err
	}
	t.changed.entries = true
	if err := unbury(ctx, t, store.KindEntry, entries, func(e *store.Entry) vault.ID { return e.ID }); err != nil {
		return err
	}
	return t.insertAll(ctx, table{"entry", "entry", entryList}, len(entries), func(i int) []any {
		e := &entries[i]
		return []any{
			e.ID[:], e.Folder[:], bytesArg(e.Content.Data), idArg(e.Content.Key), e.Version, rev, int64(e.Flags),
			e.Created.UnixMilli(), timeArg(e.Modified), idArg(e.By), timeArg(e.Expires), timeArg(e.Archived),
		}
	})
}

// AddHistory implements store.EntryWriter.
func (t *tx) AddHistory(ctx context.Context, history []store.HistoryEntry) error {
	t.changed.content = true
	return t.insertAll(ctx, table{"entry_history", "history", historyList}, len(history), func(i int) []any {
		h := &history[i]
		return []any{
			h.Entry[:], h.Version, bytesArg(h.Content.Data), idArg(h.Content.Key), timeArg(h.Modified), idArg(h.By),
		}
	})
}

// UpdateEntry implements store.EntryWriter.
func (t *tx) UpdateEntry(ctx context.Context, u store.EntryUpdate) error {
	rev, err := t.stamp(ctx, 1)
	if err != nil {
		return err
	}
	t.changed.entries = true
	e := &u.Entry
	if u.Keep {
		// Nothing to keep means that the update below finds nothing either.
		if _, err := t.exec(ctx, "history", verbWrite, sqlKeepVersion, e.ID[:], u.Base); err != nil {
			return err
		}
	}
	n, err := t.exec(ctx, "entry", verbWrite, sqlUpdateEntry,
		e.Folder[:], bytesArg(e.Content.Data), idArg(e.Content.Key), e.Version, rev, int64(e.Flags),
		timeArg(e.Modified), idArg(e.By), timeArg(e.Expires), timeArg(e.Archived), e.ID[:], u.Base)
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.Entry(ctx, e.ID); err != nil {
		return err
	}
	return &store.Error{Reason: store.Stale, Noun: "entry"}
}

// DeleteEntries implements store.EntryWriter.
func (t *tx) DeleteEntries(ctx context.Context, ids []vault.ID) (int64, error) {
	t.changed.content, t.changed.tombstones = true, true
	t.changed.perm = true // grants on the entries go too
	set := t.dialect.ids(ids)
	_, err := t.exec(ctx, "tombstone", verbWrite, sqlBuryEntries, store.KindEntry, t.store.now().UnixMilli(), set)
	if err != nil {
		return 0, err
	}
	return t.exec(ctx, "entry", verbDelete, sqlDeleteEntries, set)
}

// PruneHistory implements store.EntryWriter.
func (t *tx) PruneHistory(ctx context.Context, entry vault.ID, keep int) error {
	last, err := one(ctx, t, "history", func(n *int64) []any { return []any{n} }, sqlPruneFrom, entry[:], keep)
	if errors.Is(err, store.ErrNotFound) {
		return nil // not more than keep
	}
	if err != nil {
		return err
	}
	t.changed.content = true
	if _, err := t.exec(ctx, "history", verbDelete, sqlPruneHistory, entry[:], last); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "attachment", verbDelete, sqlPruneAttachments, entry[:]); err != nil {
		return err
	}
	_, err = t.exec(ctx, "blob", verbDelete, sqlPruneBlobs, entry[:])
	return err
}
