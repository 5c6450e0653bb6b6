package catalog

import (
	"context"
	"slices"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// gained are the rights that nobody may obtain by moving something to where
// they hold more.
const gained = policy.ReadSecrets | policy.ViewEntryHistory | policy.ViewOffline | policy.ModifyEntries |
	policy.DeleteEntries | policy.MoveEntries

// noGain returns NotPermitted if the caller would hold more on what they move.
func noGain(before, after policy.Effective) error {
	if more := after.Now &^ before.Now & gained; more != 0 {
		return vault.Fail(vault.NotPermitted, "moving it there would give you %s on it", more.Words())
	}
	return noLonger(before, after)
}

// noLonger returns NotPermitted if rights that end would become permanent.
func noLonger(before, after policy.Effective) error {
	if more := after.Permanent &^ before.Permanent & gained; more != 0 {
		return vault.Fail(vault.NotPermitted, "moving it there would give you %s on it without time limit", more.Words())
	}
	return nil
}

// MoveEntry puts an entry into another folder. It takes MoveEntries on the
// entry and AddEntries on the folder, and the mover must not gain rights on the
// entry by it.
func (c *Catalog) MoveEntry(ctx context.Context, by *Caller, id, folder vault.ID, comment string) error {
	return c.ChangeEntry(ctx, by, id, EntryChange{Folder: folder, Comment: comment})
}

// moveEntry is MoveEntry within a transaction.
func moveEntry(ctx context.Context, tx store.Tx, a *access, row *store.Entry, have policy.Effective, ch EntryChange) error {
	if err := need(have, policy.MoveEntries); err != nil {
		return err
	}
	if err := a.needFolder(ch.Folder, policy.AddEntries); err != nil {
		return err
	}
	if err := needComment(a.flagsOn(row), policy.CommentOnMoveEntries, ch.Comment); err != nil {
		return err
	}
	if err := noGain(have, a.onEntry(ch.Folder, row.ID)); err != nil {
		return err
	}
	if row.Folder == ch.Folder {
		return nil
	}
	from := row.Folder
	row.Folder = ch.Folder
	if err := tx.UpdateEntry(ctx, store.EntryUpdate{Entry: *row, Base: row.Version}); err != nil {
		return err
	}
	return a.record(ctx, tx, store.AuditEvent{
		Action: ActionMoveEntry, Target: row.ID, Comment: ch.Comment, Detail: []byte("from " + from.String() + " to " + ch.Folder.String()),
	})
}

// MoveFolder puts a folder, with all that is below, into another one. It takes
// MoveFolders on it and AddFolders there; the mover must not gain rights by it.
func (c *Catalog) MoveFolder(ctx context.Context, by *Caller, id, parent vault.ID, comment string) error {
	return c.ChangeFolder(ctx, by, id, FolderChange{Parent: parent, Comment: comment})
}

// moveFolder is MoveFolder within a transaction.
func moveFolder(ctx context.Context, tx store.Tx, a *access, id vault.ID, ch FolderChange) error {
	if err := a.needFolder(id, policy.MoveFolders); err != nil {
		return err
	}
	if err := a.needFolder(ch.Parent, policy.AddFolders); err != nil {
		return err
	}
	at, _ := a.tree.Position(id)
	to, _ := a.tree.Position(ch.Parent)
	switch {
	case id == a.root:
		return vault.Fail(vault.Usage, "the root folder cannot be moved")
	case to >= at && to < a.tree.End(at):
		return vault.Fail(vault.Usage, "a folder cannot be moved into itself")
	case len(a.folders[ch.Parent].path)+1+a.height(at) > maxDepth:
		return vault.Fail(vault.Usage, "folders are nested at most %d deep", maxDepth)
	}
	if err := needComment(a.flags[at], policy.CommentOnMoveFolders, ch.Comment); err != nil {
		return err
	}
	if !a.folders[id].row.BlockInheritance {
		have, there := a.onFolder(id), a.onFolder(ch.Parent)
		after := policy.Effective{Now: have.Now | there.Now, Permanent: have.Permanent | there.Permanent}
		if err := noGain(have, after); err != nil {
			return err
		}
	}
	f, err := tx.Folder(ctx, id)
	if err != nil {
		return err
	}
	if f.Parent == ch.Parent {
		return nil
	}
	from := f.Parent
	f.Parent, f.Modified = ch.Parent, a.now
	if err := tx.UpdateFolder(ctx, store.FolderUpdate{Folder: f, Base: f.Version}); err != nil {
		return err
	}
	return a.record(ctx, tx, store.AuditEvent{
		Action: ActionMoveFolder, Target: id, Comment: ch.Comment, Detail: []byte("from " + from.String() + " to " + ch.Parent.String()),
	})
}

// height returns how many levels of folders are below the one at a position.
func (a *access) height(at int) int {
	base := len(a.folders[a.tree.At(at)].path)
	deepest := base
	for i := at; i < a.tree.End(at); i++ {
		deepest = max(deepest, len(a.folders[a.tree.At(i)].path))
	}
	return deepest - base
}

// RemoveEntry deletes an entry with its history, or archives it. It takes
// DeleteEntries or ArchiveEntries, and a comment where changes ask for one.
func (c *Catalog) RemoveEntry(ctx context.Context, by *Caller, id vault.ID, r Removal) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		row, have, err := find(ctx, tx, a, id)
		if err != nil {
			return err
		}
		want := policy.DeleteEntries
		if r.Archive {
			want = policy.ArchiveEntries
		}
		if err := need(have, want); err != nil {
			return err
		}
		if err := needComment(a.flagsOn(&row), policy.CommentOnModifyEntries, r.Comment); err != nil {
			return err
		}
		if r.Archive {
			row.Archived = a.now
			err = tx.UpdateEntry(ctx, store.EntryUpdate{Entry: row, Base: row.Version})
		} else {
			_, err = tx.DeleteEntries(ctx, []vault.ID{id})
		}
		if err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionRemoveEntry, Target: id, Comment: r.Comment, Detail: []byte(how(r)),
			Objects: []store.AuditObject{{Entry: id, Version: row.Version}},
		})
	})
}

func how(r Removal) string {
	if r.Archive {
		return "archived"
	}
	return "deleted"
}

// RemoveFolder deletes a folder with everything below, or archives it. It takes
// DeleteFolders and DeleteEntries, or ArchiveFolders and ArchiveEntries, on
// every folder that goes.
func (c *Catalog) RemoveFolder(ctx context.Context, by *Caller, id vault.ID, r Removal) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		want := policy.DeleteFolders | policy.DeleteEntries
		if r.Archive {
			want = policy.ArchiveFolders | policy.ArchiveEntries
		}
		if err := a.needFolder(id, want); err != nil {
			return err
		}
		if id == a.root {
			return vault.Fail(vault.Usage, "the root folder cannot be removed")
		}
		at, _ := a.tree.Position(id)
		for i := at; i < a.tree.End(at); i++ {
			if missing := want &^ a.at(i); missing != 0 {
				return vault.Fail(vault.NotPermitted, "%s is needed on all folders below", missing.Words())
			}
			if err := needComment(a.flags[i], policy.CommentOnModifyFolders, r.Comment); err != nil {
				return err
			}
		}
		event := store.AuditEvent{Action: ActionRemoveFolder, Target: id, Comment: r.Comment, Detail: []byte(how(r))}
		if r.Archive {
			f, err := tx.Folder(ctx, id)
			if err != nil {
				return err
			}
			f.Archived, f.Modified = a.now, a.now
			if err := tx.UpdateFolder(ctx, store.FolderUpdate{Folder: f, Base: f.Version}); err != nil {
				return err
			}
			return a.record(ctx, tx, event)
		}
		var err error
		if event.Objects, err = deleteBelow(ctx, tx, a, id); err != nil {
			return err
		}
		return a.record(ctx, tx, event)
	})
}

// deleteBelow deletes a folder and all below it, archived ones too, and returns
// the entries that were in them.
func deleteBelow(ctx context.Context, tx store.Tx, a *access, id vault.ID) ([]store.AuditObject, error) {
	below := map[vault.ID][]vault.ID{}
	for child, f := range a.folders {
		below[f.row.Parent] = append(below[f.row.Parent], child)
	}
	all := []vault.ID{id}
	for i := 0; i < len(all); i++ {
		all = append(all, below[all[i]]...)
	}
	var objects []store.AuditObject
	var ids []vault.ID
	for row, err := range tx.Entries(ctx, store.EntryQuery{Folders: all, Archived: true, Bare: true}) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, row.ID)
		objects = append(objects, store.AuditObject{Entry: row.ID, Version: row.Version})
	}
	if _, err := tx.DeleteEntries(ctx, ids); err != nil {
		return nil, err
	}
	for _, f := range slices.Backward(all) {
		if err := tx.DeleteFolder(ctx, f); err != nil {
			return nil, err
		}
	}
	return objects, nil
}
