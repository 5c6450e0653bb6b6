package catalog

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// ChangeEntry moves an entry and edits it in one transaction: either both
// happen or neither. It takes what MoveEntry takes, if the entry is to go to
// another folder, and what EditEntry takes, if there is an Edit; the rights and
// the comments are those of where it was.
func (c *Catalog) ChangeEntry(ctx context.Context, by *Caller, id vault.ID, ch EntryChange) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		row, have, err := find(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if ch.Edit != nil {
			if err := mayEditEntry(a, &row, have, ch.Comment); err != nil {
				return err
			}
		}
		if ch.Edit == nil || !ch.Folder.IsZero() && ch.Folder != row.Folder {
			if err := moveEntry(ctx, tx, a, &row, have, ch); err != nil || ch.Edit == nil {
				return err
			}
		}
		return c.editEntry(ctx, tx, a, &row, have, ch)
	})
}

// ChangeFolder is ChangeEntry for a folder: MoveFolder and EditFolder in one.
func (c *Catalog) ChangeFolder(ctx context.Context, by *Caller, id vault.ID, ch FolderChange) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		stays := ch.Parent.IsZero()
		if f := a.folders[id]; f != nil {
			stays = stays || f.row.Parent == ch.Parent
		}
		if ch.Edit == nil || !stays {
			if err := moveFolder(ctx, tx, a, id, ch); err != nil || ch.Edit == nil {
				return err
			}
		}
		return c.editFolder(ctx, tx, a, id, ch)
	})
}
