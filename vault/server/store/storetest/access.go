package storetest

import (
	"slices"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func newLevel(name string) store.AccessLevel {
	return store.AccessLevel{ID: vault.NewID(), Name: name, Actions: 1<<63 | 7, Grants: 3, Created: at(0)}
}

func testAccess(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	full, view := newLevel("Full"), newLevel("view")
	full.BuiltIn = true
	role := store.Role{ID: vault.NewID(), Name: "staff", Created: at(0)}
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddRole(ctx, role); err != nil {
			return err
		}
		if err := tx.PutAccessLevel(ctx, view); err != nil {
			return err
		}
		return tx.PutAccessLevel(ctx, full)
	})
	levels := func(r store.Reader) ([]store.AccessLevel, error) { return r.AccessLevels(ctx) }
	same(t, "levels, by name", read(t, s, levels), []store.AccessLevel{full, view})
	view.Name, view.Actions, view.Grants = "See", 9, 0
	update(t, s, func(tx store.Tx) error { return tx.PutAccessLevel(ctx, view) })
	same(t, "levels, replaced", read(t, s, levels), []store.AccessLevel{full, view})
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.PutAccessLevel(ctx, newLevel("FULL")) })

	list := []store.Grant{
		{ID: vault.NewID(), Folder: b.root.ID, User: b.user.ID, Level: full.ID, Created: at(0)},
		{ID: vault.NewID(), Folder: b.root.ID, Role: role.ID, Level: view.ID, By: b.user.ID, Created: at(1)},
		{ID: vault.NewID(), Entry: b.entry.ID, User: b.user.ID, Level: view.ID, Until: at(9), Created: at(2)},
	}
	update(t, s, func(tx store.Tx) error { return tx.AddGrants(ctx, list) })
	grants := func() []store.Grant {
		return read(t, s, func(r store.Reader) ([]store.Grant, error) { return r.Grants(ctx) })
	}
	same(t, "grants", grants(), list)
	same(t, "grant", read(t, s, func(r store.Reader) (store.Grant, error) { return r.Grant(ctx, list[2].ID) }), list[2])

	refused(t, s, store.InUse, func(tx store.Tx) error { return tx.DeleteAccessLevel(ctx, view.ID) })
	for name, spoil := range map[string]func(*store.Grant){
		"no node":      func(g *store.Grant) { g.Folder = vault.ID{} },
		"two nodes":    func(g *store.Grant) { g.Entry = b.entry.ID },
		"no subject":   func(g *store.Grant) { g.User = vault.ID{} },
		"two subjects": func(g *store.Grant) { g.Role = role.ID },
	} {
		t.Run(name, func(t *testing.T) {
			bad := list[0]
			bad.ID = vault.NewID()
			spoil(&bad)
			refused(t, s, store.Invalid, func(tx store.Tx) error { return tx.AddGrants(ctx, []store.Grant{bad}) })
		})
	}
	for name, spoil := range map[string]func(*store.Grant){
		"folder": func(g *store.Grant) { g.Folder = vault.NewID() },
		"user":   func(g *store.Grant) { g.User = vault.NewID() },
		"level":  func(g *store.Grant) { g.Level = vault.NewID() },
	} {
		t.Run("missing "+name, func(t *testing.T) {
			bad := list[0]
			bad.ID = vault.NewID()
			spoil(&bad)
			refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddGrants(ctx, []store.Grant{bad}) })
		})
	}
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddGrants(ctx, list[:1]) })

	update(t, s, func(tx store.Tx) error { return tx.DeleteGrant(ctx, list[0].ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteGrant(ctx, list[0].ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Grant(ctx, list[0].ID); return err })
	update(t, s, func(tx store.Tx) error { return tx.DeleteRole(ctx, role.ID) })
	same(t, "grants after the role went", grants(), list[2:])
	update(t, s, func(tx store.Tx) error {
		_, err := tx.DeleteEntries(ctx, []vault.ID{b.entry.ID})
		return err
	})
	same(t, "grants after the entry went", grants(), nil)
	update(t, s, func(tx store.Tx) error { return tx.DeleteAccessLevel(ctx, view.ID) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteAccessLevel(ctx, view.ID) })
}

func testPermissions(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	sub := newFolder(b.root.ID)
	sub.BlockInheritance, sub.Flags, sub.Archived = true, 1<<63|2, at(3)
	level := newLevel("all")
	role := store.Role{ID: vault.NewID(), Name: "staff", Created: at(0)}
	member := store.Member{Role: role.ID, User: b.user.ID}
	grant := store.Grant{ID: vault.NewID(), Folder: sub.ID, Role: role.ID, Level: level.ID, Created: at(0)}
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddFolders(ctx, []store.Folder{sub}); err != nil {
			return err
		}
		if err := tx.PutAccessLevel(ctx, level); err != nil {
			return err
		}
		if err := tx.AddRole(ctx, role); err != nil {
			return err
		}
		if err := tx.AddMember(ctx, member); err != nil {
			return err
		}
		return tx.AddGrants(ctx, []store.Grant{grant})
	})
	got := read(t, s, func(r store.Reader) (*store.Permissions, error) { return r.Permissions(ctx) })
	slices.SortFunc(got.Folders, func(a, b store.FolderNode) int { return slices.Compare(a.Parent[:], b.Parent[:]) })
	rev, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "permissions", got, &store.Permissions{
		Revision: rev,
		Folders: []store.FolderNode{
			{ID: b.root.ID},
			{ID: sub.ID, Parent: b.root.ID, BlockInheritance: true, Flags: 1<<63 | 2, Archived: true},
		},
		Grants:  []store.Grant{grant},
		Levels:  []store.AccessLevel{level},
		Roles:   []store.Role{role},
		Members: []store.Member{member},
		Users:   []store.UserNode{{ID: b.user.ID, State: store.UserActive}},
	})
}
