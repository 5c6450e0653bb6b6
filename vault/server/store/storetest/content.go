package storetest

import (
	"iter"
	"slices"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func testFolders(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.RootFolder(ctx); return err })
	root := newFolder(vault.ID{})
	sub := newFolder(root.ID)
	sub.BlockInheritance, sub.Flags, sub.Archived = true, 1<<63, at(4)
	update(t, s, func(tx store.Tx) error { return tx.AddFolders(ctx, []store.Folder{root, sub}) })
	root.Rev, sub.Rev = 1, 1
	folder := func(id vault.ID) store.Folder {
		return read(t, s, func(r store.Reader) (store.Folder, error) { return r.Folder(ctx, id) })
	}
	same(t, "root", read(t, s, func(r store.Reader) (store.Folder, error) { return r.RootFolder(ctx) }), root)
	same(t, "sub", folder(sub.ID), sub)

	refused(t, s, store.Duplicate, func(tx store.Tx) error {
		return tx.AddFolders(ctx, []store.Folder{newFolder(vault.ID{})})
	})
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddFolders(ctx, []store.Folder{sub}) })
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.AddFolders(ctx, []store.Folder{newFolder(vault.NewID())})
	})

	sub.Content, sub.Version, sub.BlockInheritance, sub.Flags = sealed(), 2, false, 7
	sub.Modified, sub.Archived = at(9), root.Archived
	update(t, s, func(tx store.Tx) error {
		return tx.UpdateFolder(ctx, store.FolderUpdate{Folder: sub, Base: 1})
	})
	sub.Rev = 2
	same(t, "updated", folder(sub.ID), sub)
	refused(t, s, store.Stale, func(tx store.Tx) error {
		return tx.UpdateFolder(ctx, store.FolderUpdate{Folder: sub, Base: 1})
	})
	lost := newFolder(root.ID)
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.UpdateFolder(ctx, store.FolderUpdate{Folder: lost, Base: 1})
	})
	moved := sub
	moved.Parent = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.UpdateFolder(ctx, store.FolderUpdate{Folder: moved, Base: 2})
	})

	folders := func(after int64) []store.Folder {
		return collected(t, s, func(r store.Reader) iter.Seq2[store.Folder, error] { return r.Folders(ctx, after) })
	}
	same(t, "number of folders", len(folders(0)), 2)
	same(t, "changed after 1", folders(1), []store.Folder{sub})

	e := newEntry(sub.ID)
	update(t, s, func(tx store.Tx) error { return tx.AddEntries(ctx, []store.Entry{e}) })
	refused(t, s, store.InUse, func(tx store.Tx) error { return tx.DeleteFolder(ctx, root.ID) })
	refused(t, s, store.InUse, func(tx store.Tx) error { return tx.DeleteFolder(ctx, sub.ID) })
	update(t, s, func(tx store.Tx) error {
		if _, err := tx.DeleteEntries(ctx, []vault.ID{e.ID}); err != nil {
			return err
		}
		return tx.DeleteFolder(ctx, sub.ID)
	})
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteFolder(ctx, sub.ID) })
}

func testEntries(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	e := newEntry(b.root.ID)
	e.Flags, e.By, e.Expires, e.Archived = 1<<63|1, b.user.ID, at(5), at(6)
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddEntries(ctx, []store.Entry{e}); err != nil {
			return err
		}
		inside, err := tx.Entry(ctx, e.ID)
		same(t, "inside the transaction", inside, e) // Rev 0
		return err
	})
	e.Rev = 2
	entry := func(id vault.ID) store.Entry {
		return read(t, s, func(r store.Reader) (store.Entry, error) { return r.Entry(ctx, id) })
	}
	same(t, "entry", entry(e.ID), e)
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddEntries(ctx, []store.Entry{e}) })
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.AddEntries(ctx, []store.Entry{newEntry(vault.NewID())})
	})
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Entry(ctx, vault.NewID()); return err })

	old := e
	e.Content, e.Version, e.Flags, e.Modified = sealed(), 2, 0, at(8)
	e.Archived, e.Expires = b.root.Archived, at(9)
	update(t, s, func(tx store.Tx) error {
		return tx.UpdateEntry(ctx, store.EntryUpdate{Entry: e, Base: 1, Keep: true})
	})
	e.Rev = 3
	same(t, "updated", entry(e.ID), e)
	same(t, "kept", read(t, s, func(r store.Reader) (store.HistoryEntry, error) {
		return r.HistoryEntry(ctx, e.ID, 1)
	}), store.HistoryEntry{Entry: e.ID, Version: 1, Content: old.Content, Modified: old.Modified, By: old.By})

	for _, keep := range []bool{true, false} {
		refused(t, s, store.Stale, func(tx store.Tx) error {
			return tx.UpdateEntry(ctx, store.EntryUpdate{Entry: e, Base: 1, Keep: keep})
		})
		refused(t, s, store.Missing, func(tx store.Tx) error {
			return tx.UpdateEntry(ctx, store.EntryUpdate{Entry: newEntry(b.root.ID), Base: 1, Keep: keep})
		})
	}
	moved := e
	moved.Folder = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.UpdateEntry(ctx, store.EntryUpdate{Entry: moved, Base: 2})
	})
	same(t, "after the refusals", entry(e.ID), e)

	var n int64
	update(t, s, func(tx store.Tx) (err error) {
		n, err = tx.DeleteEntries(ctx, []vault.ID{e.ID, vault.NewID()})
		return err
	})
	same(t, "deleted", n, 1)
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.HistoryEntry(ctx, e.ID, 1); return err })
}

func testEntryQueries(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	sub := newFolder(b.root.ID)
	inSub, archived := newEntry(sub.ID), newEntry(sub.ID)
	archived.Archived = at(3)
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddFolders(ctx, []store.Folder{sub}); err != nil {
			return err
		}
		return tx.AddEntries(ctx, []store.Entry{inSub, archived})
	})
	many := make([]vault.ID, 40_000) // far above any limit on parameters
	for i := range many {
		many[i] = vault.NewID()
	}
	for _, c := range []struct {
		name string
		q    store.EntryQuery
		want []vault.ID
	}{
		{"all", store.EntryQuery{}, []vault.ID{b.entry.ID, inSub.ID}},
		{"all, archived too", store.EntryQuery{Archived: true}, []vault.ID{b.entry.ID, inSub.ID, archived.ID}},
		{"of a folder", store.EntryQuery{Folders: []vault.ID{sub.ID}}, []vault.ID{inSub.ID}},
		{
			"of a folder, archived too",
			store.EntryQuery{Folders: []vault.ID{sub.ID}, Archived: true},
			[]vault.ID{inSub.ID, archived.ID},
		},
		{"of no folder", store.EntryQuery{Folders: []vault.ID{}}, nil},
		{"of very many folders", store.EntryQuery{Folders: append(many, b.root.ID)}, []vault.ID{b.entry.ID}},
		{"by id", store.EntryQuery{IDs: []vault.ID{inSub.ID, vault.NewID()}}, []vault.ID{inSub.ID}},
		{"by very many ids", store.EntryQuery{IDs: append(many, b.entry.ID)}, []vault.ID{b.entry.ID}},
		{"changed after 1", store.EntryQuery{After: 1}, []vault.ID{inSub.ID, archived.ID}},
		{"changed after 2", store.EntryQuery{After: 2}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, bare := range []bool{false, true} {
				c.q.Bare = bare
				rows := collected(t, s, func(r store.Reader) iter.Seq2[store.Entry, error] { return r.Entries(ctx, c.q) })
				var got []vault.ID
				for _, e := range rows {
					got = append(got, e.ID)
					if empty := e.Content.Data == nil && e.Content.Key.IsZero(); empty != bare {
						t.Errorf("got empty content %t with Bare %t", empty, bare)
					}
				}
				order := func(a, b vault.ID) int { return slices.Compare(a[:], b[:]) }
				slices.SortFunc(got, order)
				slices.SortFunc(c.want, order)
				same(t, "entries", got, c.want)
			}
		})
	}
	err := s.View(ctx, func(r store.Reader) error {
		_, err := collect(r.Entries(ctx, store.EntryQuery{After: 1, IDs: []vault.ID{b.entry.ID}}))
		return err
	})
	if err == nil {
		t.Error("a query with two sets was answered")
	}
}

func testHistory(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	other := newEntry(b.root.ID)
	var rows []store.HistoryEntry
	for v := range int64(5) {
		rows = append(rows, store.HistoryEntry{
			Entry: other.ID, Version: v + 1, Content: sealed(), Modified: at(int(v)), By: b.user.ID,
		})
	}
	other.Version = 6
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddEntries(ctx, []store.Entry{other}); err != nil {
			return err
		}
		return tx.AddHistory(ctx, rows)
	})
	history := func() []store.HistoryEntry {
		return collected(t, s, func(r store.Reader) iter.Seq2[store.HistoryEntry, error] {
			return r.History(ctx, []vault.ID{b.entry.ID, other.ID})
		})
	}
	same(t, "oldest first", history(), rows)
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddHistory(ctx, rows[:1]) })
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.AddHistory(ctx, []store.HistoryEntry{{Entry: vault.NewID(), Version: 1}})
	})
	for _, keep := range []int{9, 5, 3, 3, 0} {
		update(t, s, func(tx store.Tx) error { return tx.PruneHistory(ctx, other.ID, keep) })
		want := rows[max(0, 5-keep):]
		if keep == 0 {
			want = nil
		}
		same(t, "pruned", history(), want)
	}
}

func testIcons(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	first := store.Icon{ID: vault.NewID(), Content: sealed(), Version: 1, Tag: digest(), Modified: at(1)}
	second := store.Icon{ID: vault.NewID(), Content: sealed(), Version: 1, Tag: digest()}
	update(t, s, func(tx store.Tx) error { return tx.AddIcons(ctx, []store.Icon{first}) })
	update(t, s, func(tx store.Tx) error { return tx.AddIcons(ctx, []store.Icon{second}) })
	first.Rev, second.Rev = 1, 2
	same(t, "by id", read(t, s, func(r store.Reader) (store.Icon, error) { return r.Icon(ctx, first.ID) }), first)
	same(t, "by tag", read(t, s, func(r store.Reader) (store.Icon, error) { return r.IconByTag(ctx, second.Tag) }), second)
	icons := func(after int64) []store.Icon {
		return collected(t, s, func(r store.Reader) iter.Seq2[store.Icon, error] { return r.Icons(ctx, after) })
	}
	same(t, "number of icons", len(icons(0)), 2)
	same(t, "changed after 1", icons(1), []store.Icon{second})
	twin := store.Icon{ID: vault.NewID(), Version: 1, Tag: first.Tag}
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddIcons(ctx, []store.Icon{twin}) })
	update(t, s, func(tx store.Tx) error { return tx.DeleteIcon(ctx, first.ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteIcon(ctx, first.ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.IconByTag(ctx, first.Tag); return err })
}

func testTombstones(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	tombstones := func(after int64) []store.Tombstone {
		rows := collected(t, s, func(r store.Reader) iter.Seq2[store.Tombstone, error] {
			return r.Tombstones(ctx, after)
		})
		for i := range rows {
			if rows[i].At.IsZero() {
				t.Errorf("tombstone of %s has no time", rows[i].ID)
			}
			rows[i].At = at(0)
		}
		return rows
	}
	sub := newFolder(b.root.ID)
	icon := store.Icon{ID: vault.NewID(), Version: 1, Tag: digest()}
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddIcons(ctx, []store.Icon{icon}); err != nil {
			return err
		}
		return tx.AddFolders(ctx, []store.Folder{sub})
	})
	same(t, "at first", tombstones(0), nil)
	update(t, s, func(tx store.Tx) error { _, err := tx.DeleteEntries(ctx, []vault.ID{b.entry.ID}); return err })
	update(t, s, func(tx store.Tx) error { return tx.DeleteFolder(ctx, sub.ID) })
	update(t, s, func(tx store.Tx) error { return tx.DeleteIcon(ctx, icon.ID) })
	entry := store.Tombstone{Kind: store.KindEntry, ID: b.entry.ID, Rev: 3, At: at(0)}
	folder := store.Tombstone{Kind: store.KindFolder, ID: sub.ID, Rev: 4, At: at(0)}
	gone := store.Tombstone{Kind: store.KindIcon, ID: icon.ID, Rev: 5, At: at(0)}
	same(t, "in order", tombstones(0), []store.Tombstone{entry, folder, gone})
	same(t, "after 4", tombstones(4), []store.Tombstone{gone})

	// Added again, deleted again.
	update(t, s, func(tx store.Tx) error { return tx.AddEntries(ctx, []store.Entry{b.entry}) })
	same(t, "added again", tombstones(0), []store.Tombstone{folder, gone})
	update(t, s, func(tx store.Tx) error { _, err := tx.DeleteEntries(ctx, []vault.ID{b.entry.ID}); return err })
	entry.Rev = 7
	same(t, "deleted again", tombstones(0), []store.Tombstone{folder, gone, entry})

	horizon := func() int64 {
		return read(t, s, func(r store.Reader) (int64, error) { return r.Horizon(ctx) })
	}
	update(t, s, func(tx store.Tx) error { return tx.PurgeTombstones(ctx, at(-100)) })
	same(t, "horizon, nothing purged", horizon(), 0)
	update(t, s, func(tx store.Tx) error { return tx.PurgeTombstones(ctx, at(1_000_000)) })
	same(t, "horizon", horizon(), 7)
	same(t, "purged", tombstones(0), nil)
}
