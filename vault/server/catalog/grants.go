package catalog

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

func levelRow(l policy.Level) store.AccessLevel {
	return store.AccessLevel{
		ID: l.ID, Name: l.Name, BuiltIn: l.BuiltIn,
		Actions: uint64(l.Rights.Actions()), Grants: uint64(l.Rights.Grants()),
	}
}

// Levels returns the access levels by name, for every user.
func (c *Catalog) Levels(ctx context.Context, by *Caller) ([]policy.Level, error) {
	a, err := c.access(ctx, by)
	if err != nil {
		return nil, err
	}
	list := make([]policy.Level, 0, len(a.levels))
	for _, l := range a.levels {
		list = append(list, l)
	}
	sort.Slice(list, func(i, j int) bool { return store.Fold(list[i].Name) < store.Fold(list[j].Name) })
	return list, nil
}

// PutLevel makes an access level, or changes the one with its ID; a zero ID is
// a new one. It takes ManageRoles and ManageGrants, as a change reaches all who
// hold the level. Built-in levels stay as they are. Usage: the name is taken.
func (c *Catalog) PutLevel(ctx context.Context, by *Caller, l policy.Level) error {
	if err := checkName(l.Name); err != nil {
		return err
	}
	if l.ID.IsZero() {
		l.ID = vault.NewID()
	}
	l.BuiltIn = false
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needAdmin(policy.ManageRoles | policy.ManageGrants); err != nil {
			return err
		}
		if a.levels[l.ID].BuiltIn {
			return vault.Fail(vault.Usage, "built-in access levels stay as they are")
		}
		for _, other := range a.levels {
			if other.ID != l.ID && store.Fold(other.Name) == store.Fold(l.Name) {
				return taken(nil, "access level", l.Name)
			}
		}
		row := levelRow(l)
		row.Created = a.now
		if err := tx.PutAccessLevel(ctx, row); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionLevel, Target: l.ID, Detail: []byte(l.Name + ": " + l.Rights.String())})
	})
}

// RemoveLevel removes an access level. It takes what PutLevel takes. Usage:
// grants use it, or it is built in.
func (c *Catalog) RemoveLevel(ctx context.Context, by *Caller, name string) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needAdmin(policy.ManageRoles | policy.ManageGrants); err != nil {
			return err
		}
		l, err := a.levelNamed(name)
		if err != nil {
			return err
		}
		if l.BuiltIn {
			return vault.Fail(vault.Usage, "built-in access levels stay as they are")
		}
		err = tx.DeleteAccessLevel(ctx, l.ID)
		if errors.Is(err, store.ErrConflict) {
			return vault.Fail(vault.Usage, "grants use the access level %q", l.Name)
		}
		if err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionLevel, Target: l.ID, Detail: []byte("removed " + l.Name)})
	})
}

func (w *world) levelNamed(name string) (policy.Level, error) {
	for _, l := range w.levels {
		if store.Fold(l.Name) == store.Fold(name) {
			return l, nil
		}
	}
	return policy.Level{}, vault.Fail(vault.NotFound, "access level %q", name)
}

// mayGrant returns NotPermitted unless the caller may give or take level on a
// node: they hold, without time limit, the Grant twin of all that is in it, or
// ManageGrants.
func (a *access) mayGrant(have policy.Effective, level policy.Level) error {
	if a.admin.Has(policy.ManageGrants) || have.Permanent.MayGrant(level.Rights) {
		return nil
	}
	return vault.Fail(vault.NotPermitted, "you may not grant %q here", level.Name)
}

// AddGrant gives a user or a role an access level on a node and, for a folder,
// on what is below. Usage: not one subject, or Until is over; NotFound.
func (c *Catalog) AddGrant(ctx context.Context, by *Caller, g NewGrant) (vault.ID, error) {
	if (g.User == "") == (g.Role == "") {
		return vault.ID{}, vault.Fail(vault.Usage, "a grant is for a user or for a role")
	}
	id := vault.NewID()
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if !g.Until.IsZero() && !a.now.Before(g.Until) {
			return vault.Fail(vault.Usage, "the grant would be over already")
		}
		row := store.Grant{ID: id, Until: g.Until.UTC().Truncate(time.Millisecond), By: by.user, Created: a.now}
		if g.Until.IsZero() {
			row.Until = time.Time{}
		}
		have, err := a.nodeRights(ctx, tx, g.Node, &row)
		if err != nil {
			return err
		}
		level, err := a.levelNamed(g.Level)
		if err != nil {
			return err
		}
		if err := a.mayGrant(have, level); err != nil {
			return err
		}
		row.Level = level.ID
		if err := setSubject(ctx, tx, g, &row); err != nil {
			return err
		}
		if err := tx.AddGrants(ctx, []store.Grant{row}); err != nil {
			return err
		}
		detail := fmt.Appendf(nil, "%s%s: %s", g.User, g.Role, level.Name)
		if !row.Until.IsZero() {
			detail = fmt.Appendf(detail, " until %s", row.Until.Format(time.RFC3339))
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionGrant, Target: g.Node.ID, Detail: detail})
	})
	return id, err
}

// nodeRights returns the caller's rights on a node, and names it in the row.
func (a *access) nodeRights(ctx context.Context, r store.Reader, n Node, row *store.Grant) (policy.Effective, error) {
	if n.Kind == EntryNode {
		row.Entry = n.ID
		_, have, err := find(ctx, r, a, n.ID)
		if errors.Is(err, vault.NotFound) && a.admin.Has(policy.ManageGrants) {
			e, err := r.Entry(ctx, n.ID)
			return a.onEntry(e.Folder, n.ID), notFound(err, "entry %s", n.ID)
		}
		return have, err
	}
	row.Folder = n.ID
	have := a.onFolder(n.ID)
	if _, ok := a.tree.Position(n.ID); !ok || (!have.Now.Any(policy.ViewFolders|policy.ViewEntryNames) && !a.admin.Has(policy.ManageGrants)) {
		return have, vault.Fail(vault.NotFound, "folder %s", n.ID)
	}
	return have, nil
}

func setSubject(ctx context.Context, r store.Reader, g NewGrant, row *store.Grant) error {
	if g.User != "" {
		u, err := r.UserByName(ctx, g.User)
		row.User = u.ID
		return notFound(err, "user %q", g.User)
	}
	role, err := r.RoleByName(ctx, g.Role)
	row.Role = role.ID
	return notFound(err, "role %q", g.Role)
}

// Grants returns the grants on one node, or on all if node is nil: those on
// nodes where the caller has ViewSecurity, all of them with ManageGrants.
func (c *Catalog) Grants(ctx context.Context, by *Caller, node *Node) ([]Grant, error) {
	var list []Grant
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		names := map[vault.ID]string{}
		for u, err := range r.Users(ctx) {
			if err != nil {
				return err
			}
			names[u.ID] = u.Name
		}
		list = list[:0]
		for _, g := range a.grants {
			out := Grant{
				ID: g.ID, Node: Node{FolderNode, g.Folder}, User: names[g.User], Role: a.roles[g.Role].Name,
				Level: a.levels[g.Level], Until: g.Until, Created: g.Created,
			}
			if !g.Entry.IsZero() {
				out.Node = Node{EntryNode, g.Entry}
			}
			if node != nil && out.Node != *node {
				continue
			}
			visible, err := c.placeGrant(ctx, r, a, &out)
			if err != nil {
				return err
			}
			if visible {
				list = append(list, out)
			}
		}
		return nil
	})
	return list, err
}

// placeGrant sets the path of a grant, and reports whether the caller may see it.
func (c *Catalog) placeGrant(ctx context.Context, r store.Reader, a *access, g *Grant) (bool, error) {
	if g.Node.Kind == FolderNode {
		if f := a.folders[g.Node.ID]; f != nil {
			g.Path = vault.JoinPath(f.path...)
		}
		return a.admin.Has(policy.ManageGrants) || a.onFolder(g.Node.ID).Now.Has(policy.ViewSecurity), nil
	}
	row, err := r.Entry(ctx, g.Node.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !a.admin.Has(policy.ManageGrants) && !a.onEntry(row.Folder, row.ID).Now.Has(policy.ViewSecurity) {
		return false, nil
	}
	text, err := c.keys.Unseal(nil, entryRow(row.ID, row.Version), row.Content)
	if err != nil {
		return false, fmt.Errorf("open entry: %w", err)
	}
	defer clear(text)
	inner, err := parseEntry(text, row.ID)
	if err != nil {
		return false, err
	}
	g.Path = vault.JoinPath(a.entryPath(row.Folder, inner.Title())...)
	return true, nil
}

// RemoveGrant takes a grant away. It takes what giving it takes. NotFound.
func (c *Catalog) RemoveGrant(ctx context.Context, by *Caller, id vault.ID) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		g, err := tx.Grant(ctx, id)
		if err != nil {
			return notFound(err, "grant %s", id)
		}
		node := Node{FolderNode, g.Folder}
		if !g.Entry.IsZero() {
			node = Node{EntryNode, g.Entry}
		}
		have, err := a.nodeRights(ctx, tx, node, &store.Grant{})
		if err != nil {
			return err
		}
		if err := a.mayGrant(have, a.levels[g.Level]); err != nil {
			return err
		}
		if err := tx.DeleteGrant(ctx, id); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionUngrant, Target: node.ID, Detail: []byte(a.levels[g.Level].Name)})
	})
}
