package sqlstore

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	roleList   = `id, name, name_fold, rights, source, external_id, policy, created, modified`
	roleSelect = `SELECT id, name, rights, source, external_id, policy, created, modified FROM role`

	sqlRole       = roleSelect + ` WHERE id = $1`
	sqlRoleByName = roleSelect + ` WHERE name_fold = $1`
	sqlRoles      = roleSelect + ` ORDER BY name_fold`
	sqlUpdateRole = `UPDATE role SET name = $1, name_fold = $2, rights = $3, source = $4, external_id = $5,
 policy = $6, modified = $7 WHERE id = $8`
	sqlDeleteRole = `DELETE FROM role WHERE id = $1`

	sqlMembers       = `SELECT role, usr FROM member ORDER BY role, usr`
	sqlMembersOfRole = `SELECT role, usr FROM member WHERE role = $1 ORDER BY usr`
	sqlAddMember     = `INSERT INTO member (role, usr) VALUES ($1, $2) ON CONFLICT (role, usr) DO NOTHING`
	sqlDeleteMember  = `DELETE FROM member WHERE role = $1 AND usr = $2`
)

func roleColumns(r *store.Role) []any {
	return []any{
		guid(&r.ID), &r.Name, bits(&r.Rights), &r.Source, &r.ExternalID, bytes(&r.Policy),
		millis(&r.Created), millis(&r.Modified),
	}
}

func memberColumns(m *store.Member) []any { return []any{guid(&m.Role), guid(&m.User)} }

// Role implements store.RoleReader.
func (t *tx) Role(ctx context.Context, id vault.ID) (store.Role, error) {
	return one(ctx, t, "role", roleColumns, sqlRole, id[:])
}

// RoleByName implements store.RoleReader.
func (t *tx) RoleByName(ctx context.Context, name string) (store.Role, error) {
	return one(ctx, t, "role", roleColumns, sqlRoleByName, foldArg(name))
}

// Roles implements store.RoleReader.
func (t *tx) Roles(ctx context.Context) ([]store.Role, error) {
	return list(ctx, t, "role", roleColumns, sqlRoles)
}

// Members implements store.RoleReader.
func (t *tx) Members(ctx context.Context, role vault.ID) ([]store.Member, error) {
	if role.IsZero() {
		return list(ctx, t, "member", memberColumns, sqlMembers)
	}
	return list(ctx, t, "member", memberColumns, sqlMembersOfRole, role[:])
}

// AddRole implements store.RoleWriter.
func (t *tx) AddRole(ctx context.Context, r store.Role) error {
	t.changed.perm = true
	return t.insert(ctx, table{"role", "role", roleList},
		r.ID[:], textArg(r.Name), foldArg(r.Name), int64(r.Rights), r.Source, textArg(r.ExternalID),
		bytesArg(r.Policy), r.Created.UnixMilli(), timeArg(r.Modified))
}

// UpdateRole implements store.RoleWriter.
func (t *tx) UpdateRole(ctx context.Context, r store.Role) error {
	t.changed.perm = true
	return t.must(ctx, "role", store.Missing, sqlUpdateRole,
		textArg(r.Name), foldArg(r.Name), int64(r.Rights), r.Source, textArg(r.ExternalID),
		bytesArg(r.Policy), timeArg(r.Modified), r.ID[:])
}

// DeleteRole implements store.RoleWriter.
func (t *tx) DeleteRole(ctx context.Context, id vault.ID) error {
	t.changed.perm = true
	return t.remove(ctx, "role", sqlDeleteRole, id[:])
}

// AddMember implements store.RoleWriter.
func (t *tx) AddMember(ctx context.Context, m store.Member) error {
	t.changed.perm = true
	_, err := t.exec(ctx, "member", verbWrite, sqlAddMember, m.Role[:], m.User[:])
	return err
}

// DeleteMember implements store.RoleWriter.
func (t *tx) DeleteMember(ctx context.Context, m store.Member) error {
	t.changed.perm = true
	return t.remove(ctx, "member", sqlDeleteMember, m.Role[:], m.User[:])
}
