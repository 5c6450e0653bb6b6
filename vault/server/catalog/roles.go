package catalog

import (
	"context"
	"errors"
	"slices"
	"sort"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// roleNames returns the names of a user's roles in order.
func (w *world) roleNames(user vault.ID) []string {
	names := make([]string, 0, len(w.rolesOf[user]))
	for _, id := range w.rolesOf[user] {
		names = append(names, w.roles[id].Name)
	}
	slices.Sort(names)
	return names
}

// AddRole makes a role. It takes ManageRoles and the administrative rights that
// the role gives. Usage: the name is taken.
func (c *Catalog) AddRole(ctx context.Context, by *Caller, name string, admin policy.Admin) (vault.ID, error) {
	if err := checkName(name); err != nil {
		return vault.ID{}, err
	}
	id := vault.NewID()
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needAdmin(policy.ManageRoles | admin); err != nil {
			return err
		}
		if _, err := tx.RoleByName(ctx, name); !errors.Is(err, store.ErrNotFound) {
			return taken(err, "role", name)
		}
		role := store.Role{ID: id, Name: name, Rights: uint64(admin), Source: store.SourceLocal, Created: a.now, Modified: a.now}
		if err := tx.AddRole(ctx, role); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionRole, Target: id, Detail: []byte("added " + name + ": " + admin.String())})
	})
	return id, err
}

// RemoveRole removes a role with its memberships and grants. It takes
// ManageRoles and the administrative rights that the role gives. The built-in
// role stays.
func (c *Catalog) RemoveRole(ctx context.Context, by *Caller, name string) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		role, err := tx.RoleByName(ctx, name)
		if err != nil {
			return errors.Join(a.needAdmin(policy.ManageRoles), notFound(err, "role %q", name))
		}
		if err := a.needAdmin(policy.ManageRoles | policy.Admin(role.Rights)); err != nil {
			return err
		}
		if role.Name == Administrators {
			return vault.Fail(vault.Usage, "the role %s cannot be removed", Administrators)
		}
		if err := tx.DeleteRole(ctx, role.ID); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionRole, Target: role.ID, Detail: []byte("removed " + role.Name)})
	})
}

// Roles returns all roles by name. It takes ManageRoles or ManageUsers.
func (c *Catalog) Roles(ctx context.Context, by *Caller) ([]Role, error) {
	var list []Role
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if !a.admin.Has(policy.ManageUsers) {
			if err := a.needAdmin(policy.ManageRoles); err != nil {
				return err
			}
		}
		names := map[vault.ID]string{}
		for u, err := range r.Users(ctx) {
			if err != nil {
				return err
			}
			names[u.ID] = u.Name
		}
		list = list[:0]
		for _, role := range a.roles {
			out := Role{ID: role.ID, Name: role.Name, Admin: policy.Admin(role.Rights)}
			for user, roles := range a.rolesOf {
				if slices.Contains(roles, role.ID) {
					out.Members = append(out.Members, names[user])
				}
			}
			slices.Sort(out.Members)
			list = append(list, out)
		}
		sort.Slice(list, func(i, j int) bool { return store.Fold(list[i].Name) < store.Fold(list[j].Name) })
		return nil
	})
	return list, err
}

// AddMember gives a user a role, both by name. It takes ManageUsers and the
// administrative rights that the role gives.
func (c *Catalog) AddMember(ctx context.Context, by *Caller, role, user string) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needAdmin(policy.ManageUsers); err != nil {
			return err
		}
		u, err := tx.UserByName(ctx, user)
		if err != nil {
			return notFound(err, "user %q", user)
		}
		return addMember(ctx, tx, a, role, u)
	})
}

func addMember(ctx context.Context, tx store.Tx, a *access, name string, u store.User) error {
	role, err := tx.RoleByName(ctx, name)
	if err != nil {
		return notFound(err, "role %q", name)
	}
	if err := a.mayHandOut(role); err != nil {
		return err
	}
	if err := tx.AddMember(ctx, store.Member{Role: role.ID, User: u.ID}); err != nil {
		return err
	}
	return a.record(ctx, tx, store.AuditEvent{Action: ActionMember, Target: u.ID, Detail: []byte(u.Name + " joined " + role.Name)})
}

// mayHandOut returns NotPermitted if a role gives what the caller may not give:
// administrative rights that they do not have, or, without ManageGrants, any
// access level that they could not grant where the role has it.
func (a *access) mayHandOut(role store.Role) error {
	if err := a.needAdmin(policy.ManageUsers | policy.Admin(role.Rights)); err != nil {
		return err
	}
	if a.admin.Has(policy.ManageGrants) {
		return nil
	}
	for _, g := range a.grants {
		if g.Role != role.ID {
			continue
		}
		if !g.Entry.IsZero() || !a.onFolder(g.Folder).Permanent.MayGrant(a.levels[g.Level].Rights) {
			return vault.Fail(vault.NotPermitted, "the role holds access that you may not give")
		}
	}
	return nil
}

// RemoveMember takes a role from a user. It takes ManageUsers and the
// administrative rights that the role gives. The last administrator stays one.
func (c *Catalog) RemoveMember(ctx context.Context, by *Caller, role, user string) error {
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		r, err := tx.RoleByName(ctx, role)
		if err != nil {
			return errors.Join(a.needAdmin(policy.ManageUsers), notFound(err, "role %q", role))
		}
		if err := a.needAdmin(policy.ManageUsers | policy.Admin(r.Rights)); err != nil {
			return err
		}
		u, err := tx.UserByName(ctx, user)
		if err != nil {
			return notFound(err, "user %q", user)
		}
		if r.Name == Administrators {
			members, err := tx.Members(ctx, r.ID)
			if err != nil {
				return err
			}
			if len(members) == 1 && members[0].User == u.ID {
				return vault.Fail(vault.Usage, "the last administrator stays one")
			}
		}
		if err := tx.DeleteMember(ctx, store.Member{Role: r.ID, User: u.ID}); err != nil {
			return notFound(err, "%s is not in %s", user, role)
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionMember, Target: u.ID, Detail: []byte(u.Name + " left " + r.Name)})
	})
}
