package sqlstore

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	levelSelect = `SELECT id, name, actions, grants, built_in, created FROM access_level`
	grantList   = `id, folder, entry, usr, role, level, until, granted_by, created`
	grantSelect = `SELECT ` + grantList + ` FROM access`

	sqlLevels   = levelSelect + ` ORDER BY name_fold`
	sqlPutLevel = `INSERT INTO access_level (id, name, name_fold, actions, grants, built_in, created)
 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE
 SET name = excluded.name, name_fold = excluded.name_fold, actions = excluded.actions, grants = excluded.grants`
	sqlDeleteLevel = `DELETE FROM access_level WHERE id = $1`

	sqlGrant       = grantSelect + ` WHERE id = $1`
	sqlGrants      = grantSelect + ` ORDER BY created, id`
	sqlDeleteGrant = `DELETE FROM access WHERE id = $1`

	sqlFolderNodes = `SELECT id, parent, block, flags, archived FROM folder`
	sqlUserNodes   = `SELECT id, state, policy FROM usr`
)

func levelColumns(l *store.AccessLevel) []any {
	return []any{guid(&l.ID), &l.Name, bits(&l.Actions), bits(&l.Grants), &l.BuiltIn, millis(&l.Created)}
}

func grantColumns(g *store.Grant) []any {
	return []any{
		guid(&g.ID), guid(&g.Folder), guid(&g.Entry), guid(&g.User), guid(&g.Role), guid(&g.Level),
		millis(&g.Until), guid(&g.By), millis(&g.Created),
	}
}

func folderNodeColumns(n *store.FolderNode) []any {
	return []any{guid(&n.ID), guid(&n.Parent), &n.BlockInheritance, bits(&n.Flags), present(&n.Archived)}
}

func userNodeColumns(n *store.UserNode) []any {
	return []any{guid(&n.ID), &n.State, bytes(&n.Policy)}
}

// Permissions implements store.AccessReader.
func (t *tx) Permissions(ctx context.Context) (*store.Permissions, error) {
	var p store.Permissions
	var err error
	if p.Revision, err = t.Revision(ctx); err != nil {
		return nil, err
	}
	if p.Folders, err = list(ctx, t, "folder", folderNodeColumns, sqlFolderNodes); err != nil {
		return nil, err
	}
	if p.Grants, err = t.Grants(ctx); err != nil {
		return nil, err
	}
	if p.Levels, err = t.AccessLevels(ctx); err != nil {
		return nil, err
	}
	if p.Roles, err = t.Roles(ctx); err != nil {
		return nil, err
	}
	if p.Members, err = t.Members(ctx, vault.ID{}); err != nil {
		return nil, err
	}
	if p.Users, err = list(ctx, t, "user", userNodeColumns, sqlUserNodes); err != nil {
		return nil, err
	}
	return &p, nil
}

// AccessLevels implements store.AccessReader.
func (t *tx) AccessLevels(ctx context.Context) ([]store.AccessLevel, error) {
	return list(ctx, t, "access level", levelColumns, sqlLevels)
}

// Grant implements store.AccessReader.
func (t *tx) Grant(ctx context.Context, id vault.ID) (store.Grant, error) {
	return one(ctx, t, "grant", grantColumns, sqlGrant, id[:])
}

// Grants implements store.AccessReader.
func (t *tx) Grants(ctx context.Context) ([]store.Grant, error) {
	return list(ctx, t, "grant", grantColumns, sqlGrants)
}

// PutAccessLevel implements store.AccessWriter.
func (t *tx) PutAccessLevel(ctx context.Context, l store.AccessLevel) error {
	t.changed.perm = true
	_, err := t.exec(ctx, "access level", verbWrite, sqlPutLevel, l.ID[:], textArg(l.Name), foldArg(l.Name),
		int64(l.Actions), int64(l.Grants), l.BuiltIn, l.Created.UnixMilli())
	return err
}

// DeleteAccessLevel implements store.AccessWriter.
func (t *tx) DeleteAccessLevel(ctx context.Context, id vault.ID) error {
	t.changed.perm = true
	return t.remove(ctx, "access level", sqlDeleteLevel, id[:])
}

// AddGrants implements store.AccessWriter.
func (t *tx) AddGrants(ctx context.Context, grants []store.Grant) error {
	t.changed.perm = true
	return t.insertAll(ctx, table{"access", "grant", grantList}, len(grants), func(i int) []any {
		g := &grants[i]
		return []any{
			g.ID[:], idArg(g.Folder), idArg(g.Entry), idArg(g.User), idArg(g.Role), g.Level[:],
			timeArg(g.Until), idArg(g.By), g.Created.UnixMilli(),
		}
	})
}

// DeleteGrant implements store.AccessWriter.
func (t *tx) DeleteGrant(ctx context.Context, id vault.ID) error {
	t.changed.perm = true
	return t.remove(ctx, "grant", sqlDeleteGrant, id[:])
}
