package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// maxDepth bounds nesting below the root: what vault/kdbx writes is 256 levels,
// and an import may put a file of that depth somewhere.
const maxDepth = 250

// needFolder returns NotFound if the caller sees nothing of a folder, or
// NotPermitted unless they hold want on it.
func (a *access) needFolder(id vault.ID, want policy.Rights) error {
	have := a.onFolder(id)
	if !have.Now.Any(policy.ViewFolders|policy.ViewEntryNames) && !have.Now.Has(want) {
		return vault.Fail(vault.NotFound, "folder %s", id)
	}
	if _, ok := a.tree.Position(id); !ok {
		return vault.Fail(vault.NotFound, "folder %s", id)
	}
	return need(have, want)
}

// AddFolder adds a folder. It takes AddFolders on the parent. Times that are
// zero become now. Returns its identifier.
func (c *Catalog) AddFolder(ctx context.Context, by *Caller, n NewFolder) (vault.ID, error) {
	if n.Group == nil || len(n.Group.Groups)+len(n.Group.Entries) > 0 {
		return vault.ID{}, vault.Fail(vault.Usage, "a new folder is empty")
	}
	var id vault.ID
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needFolder(n.Parent, policy.AddFolders); err != nil {
			return err
		}
		if len(a.folders[n.Parent].path)+1 > maxDepth {
			return vault.Fail(vault.Usage, "folders are nested at most %d deep", maxDepth)
		}
		id = n.Group.ID
		if _, taken := a.folders[id]; taken || !isRandom(id) {
			id = vault.NewID()
		}
		row, err := c.newFolder(n.Parent, id, n.Group, a.now)
		if err != nil {
			return err
		}
		if err := tx.AddFolders(ctx, []store.Folder{row}); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionAddFolder, Target: id, Comment: n.Comment})
	})
	return id, err
}

// newFolder returns the row of a new folder.
func (c *Catalog) newFolder(parent, id vault.ID, g *vault.Group, now time.Time) (store.Folder, error) {
	group := *g
	group.ID = id
	group.Times = started(group.Times, now)
	row := store.Folder{ID: id, Parent: parent, Version: 1, Created: now, Modified: now}
	return row, c.sealFolder(&row, &group)
}

func (c *Catalog) sealFolder(row *store.Folder, g *vault.Group) error {
	text := appendGroup(nil, g)
	if len(text) > maxContentBytes {
		return vault.Fail(vault.Hostile, "a folder's own content has at most %d bytes", maxContentBytes)
	}
	var err error
	if row.Content, err = c.keys.Seal(folderRow(row.ID, row.Version), text); err != nil {
		return fmt.Errorf("encrypt folder: %w", err)
	}
	return nil
}

// EditFolder changes what a folder says of itself. It takes ModifyFolderNames,
// and a comment where one is asked for. change may be called more than once and
// must have no other effect; Groups and Entries are not looked at. The root
// keeps its name, by which clients know it.
func (c *Catalog) EditFolder(ctx context.Context, by *Caller, id vault.ID, comment string, change func(*vault.Group) error) error {
	return c.ChangeFolder(ctx, by, id, FolderChange{Comment: comment, Edit: change})
}

// editFolder is EditFolder within a transaction.
func (c *Catalog) editFolder(ctx context.Context, tx store.Tx, a *access, id vault.ID, ch FolderChange) error {
	if err := a.needFolder(id, policy.ModifyFolderNames); err != nil {
		return err
	}
	at, _ := a.tree.Position(id)
	if err := needComment(a.flags[at], policy.CommentOnModifyFolders, ch.Comment); err != nil {
		return err
	}
	row, err := tx.Folder(ctx, id)
	if err != nil {
		return err
	}
	text, err := c.keys.Unseal(nil, folderRow(id, row.Version), row.Content)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	g, err := parseGroup(bytes.Clone(text), id)
	if err != nil {
		return err
	}
	name := g.Name
	if err := ch.Edit(g); err != nil {
		return err
	}
	if id == a.root && g.Name != name {
		return vault.Fail(vault.Usage, "the root folder keeps its name")
	}
	if bytes.Equal(text, appendGroup(nil, g)) {
		return nil
	}
	g.Times.Modified = a.now.UTC().Truncate(time.Second)
	base := row.Version
	row.Version++
	row.Modified = a.now
	if err := c.sealFolder(&row, g); err != nil {
		return err
	}
	if err := tx.UpdateFolder(ctx, store.FolderUpdate{Folder: row, Base: base}); err != nil {
		return err
	}
	return a.record(ctx, tx, store.AuditEvent{Action: ActionEditFolder, Target: id, Comment: ch.Comment})
}

// SetFlags sets the conditions under which an entry, or all in a folder, is
// used: comment prompts, and marks that keep it out of caches. It takes
// ModifyCommentSettings. Checking out and dual control are not functions of
// this server; their marks only exclude from caches.
func (c *Catalog) SetFlags(ctx context.Context, by *Caller, n Node, f policy.Flags) error {
	return c.setFlags(ctx, by, n, flagChange{f, policy.AllFlags})
}

// SetPrompts sets for what a comment is asked, and leaves the marks that SetFlags
// also sets as they are. It takes what SetFlags takes.
func (c *Catalog) SetPrompts(ctx context.Context, by *Caller, n Node, f policy.Flags) error {
	return c.setFlags(ctx, by, n, flagChange{f, policy.CommentOnViewPassword | policy.CommentOnViewOffline |
		policy.CommentOnModifyEntries | policy.CommentOnMoveEntries |
		policy.CommentOnMoveFolders | policy.CommentOnModifyFolders})
}

// flagChange sets the flags that are in mask.
type flagChange struct{ set, mask policy.Flags }

// of returns what becomes of the flags of a row.
func (f flagChange) of(row uint64) uint64 { return row&^uint64(f.mask) | uint64(f.set) }

func (c *Catalog) setFlags(ctx context.Context, by *Caller, n Node, f flagChange) error {
	if f.set&^f.mask != 0 {
		return vault.Fail(vault.Usage, "unknown flags")
	}
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		event := store.AuditEvent{Action: ActionSetFlags, Target: n.ID, Detail: []byte(fmt.Sprintf("%#x", uint64(f.set)))}
		if n.Kind == EntryNode {
			row, have, err := find(ctx, tx, a, n.ID)
			if err != nil {
				return err
			}
			if err := need(have, policy.ModifyCommentSettings); err != nil {
				return err
			}
			row.Flags = f.of(row.Flags)
			if err := tx.UpdateEntry(ctx, store.EntryUpdate{Entry: row, Base: row.Version}); err != nil {
				return err
			}
			return a.record(ctx, tx, event)
		}
		if err := a.needFolder(n.ID, policy.ModifyCommentSettings); err != nil {
			return err
		}
		return c.changeFolder(ctx, tx, a, event, func(row *store.Folder) { row.Flags = f.of(row.Flags) })
	})
}

// SetBlock cuts a folder off from what is granted above it, or undoes that. It
// takes SetBlockInheritance, and who undoes it must not gain rights by it.
func (c *Catalog) SetBlock(ctx context.Context, by *Caller, folder vault.ID, block bool) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needFolder(folder, policy.SetBlockInheritance); err != nil {
			return err
		}
		if !block && folder != a.root {
			// Who unblocks must not gain by it.
			have, above := a.onFolder(folder), a.onFolder(a.folders[folder].row.Parent)
			after := policy.Effective{Now: have.Now | above.Now, Permanent: have.Permanent | above.Permanent}
			if err := noGain(have, after); err != nil {
				return err
			}
		}
		event := store.AuditEvent{Action: ActionSetBlock, Target: folder, Detail: []byte(fmt.Sprint(block))}
		return c.changeFolder(ctx, tx, a, event, func(row *store.Folder) { row.BlockInheritance = block })
	})
}

// changeFolder changes the clear part of a folder's row.
func (c *Catalog) changeFolder(ctx context.Context, tx store.Tx, a *access, e store.AuditEvent, change func(*store.Folder)) error {
	row, err := tx.Folder(ctx, e.Target)
	if errors.Is(err, store.ErrNotFound) {
		return vault.Fail(vault.NotFound, "folder %s", e.Target)
	}
	if err != nil {
		return err
	}
	change(&row)
	row.Modified = a.now
	if err := tx.UpdateFolder(ctx, store.FolderUpdate{Folder: row, Base: row.Version}); err != nil {
		return err
	}
	return a.record(ctx, tx, e)
}
