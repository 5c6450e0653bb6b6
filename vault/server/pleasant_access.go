package server

import (
	"errors"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// accessRow is one row of GET useraccess. Pleasant's page is not public to its
// end; these are the members of the assignment that it takes, with the row's
// identifier, which DELETE wants.
type accessRow struct {
	ID              wire.GUID `json:"Id"`
	UserID          wire.GUID `json:"UserId"`
	RoleID          wire.GUID `json:"RoleId"`
	ZoneID          wire.GUID `json:"ZoneId"`
	PermissionSetID wire.GUID `json:"PermissionSetId"`
	AccessExpiry    wire.Date
	UserName        string
	RoleName        string
	PermissionSet   string
}

// node returns the folder or entry of the path, if the caller may see who
// holds what on it.
func (s *Server) node(r *http.Request, c *call) (catalog.Node, error) {
	noun, kind := "folder", catalog.FolderNode
	if inAliases("entries", r.PathValue("objects")) {
		noun, kind = "entry", catalog.EntryNode
	}
	id, err := vault.ParseID(r.PathValue("object"))
	if err != nil {
		return catalog.Node{}, vault.Fail(vault.NotFound, "no such %s", noun)
	}
	var rights policy.Rights
	if kind == catalog.EntryNode {
		found, err := s.catalog.Entry(r.Context(), c.caller, id)
		if err != nil {
			return catalog.Node{}, err
		}
		rights = found.Rights
	} else {
		found, err := s.catalog.Tree(r.Context(), c.caller, catalog.TreeQuery{Folder: id})
		if err != nil {
			return catalog.Node{}, err
		}
		rights = found.Rights
	}
	if !rights.Has(policy.ViewSecurity) {
		return catalog.Node{}, vault.Fail(vault.NotPermitted, "missing: %s", policy.ViewSecurity)
	}
	return catalog.Node{Kind: kind, ID: id}, nil
}

// people maps identifiers and names of users and roles, as far as the caller
// may know them.
type people struct {
	users, roles map[string]vault.ID
}

func (s *Server) people(r *http.Request, c *call) (people, error) {
	p := people{users: map[string]vault.ID{}, roles: map[string]vault.ID{}}
	users, err := s.catalog.Users(r.Context(), c.caller)
	if err != nil {
		return p, err
	}
	for _, u := range users {
		p.users[u.Name] = u.ID
	}
	roles, err := s.catalog.Roles(r.Context(), c.caller)
	if err != nil {
		return p, err
	}
	for _, role := range roles {
		p.roles[role.Name] = role.ID
	}
	return p, nil
}

func (s *Server) getUserAccess(w http.ResponseWriter, r *http.Request, c *call) error {
	node, err := s.node(r, c)
	if err != nil {
		return err
	}
	grants, err := s.catalog.Grants(r.Context(), c.caller, &node)
	if err != nil {
		return err
	}
	known, err := s.people(r, c)
	if err != nil && !errors.Is(err, vault.NotPermitted) { // then names are all that there is
		return err
	}
	out := []accessRow{}
	for _, g := range grants {
		out = append(out, accessRow{
			ID: wire.GUID(g.ID), UserID: wire.GUID(known.users[g.User]), RoleID: wire.GUID(known.roles[g.Role]),
			PermissionSetID: wire.GUID(g.Level.ID), AccessExpiry: wire.Date{Time: g.Until},
			UserName: g.User, RoleName: g.Role, PermissionSet: g.Level.Name,
		})
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *Server) postUserAccess(w http.ResponseWriter, r *http.Request, c *call) error {
	node, err := s.node(r, c)
	if err != nil {
		return err
	}
	var in wire.UserAccess
	if err := readJSON(r, &in, false); err != nil {
		return err
	}
	grant := catalog.NewGrant{Node: node}
	if !in.AccessExpiry.IsNever() {
		grant.Until = in.AccessExpiry.Time
	}
	known, err := s.people(r, c)
	if err != nil {
		return err
	}
	grant.User = nameOf(known.users, vault.ID(in.UserID))
	grant.Role = nameOf(known.roles, vault.ID(in.RoleID))
	if (grant.User == "") == (grant.Role == "") {
		return vault.Fail(vault.Usage, "one of UserId and RoleId must name somebody")
	}
	levels, err := s.catalog.Levels(r.Context(), c.caller)
	if err != nil {
		return err
	}
	if grant.Level = levelName(levels, vault.ID(in.PermissionSetID)); grant.Level == "" {
		return vault.Fail(vault.Usage, "PermissionSetId names no access level")
	}
	id, err := s.catalog.AddGrant(r.Context(), c.caller, grant)
	if err != nil {
		return err
	}
	writeString(w, id.String())
	return nil
}

func (s *Server) deleteUserAccess(w http.ResponseWriter, r *http.Request, c *call) error {
	node, err := s.node(r, c)
	if err != nil {
		return err
	}
	row, err := vault.ParseID(r.PathValue("row"))
	if err != nil {
		return vault.Fail(vault.NotFound, "no such user access")
	}
	grants, err := s.catalog.Grants(r.Context(), c.caller, &node)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.ID != row {
			continue
		}
		if err := s.catalog.RemoveGrant(r.Context(), c.caller, row); err != nil {
			return err
		}
		writeNothing(w)
		return nil
	}
	return vault.Fail(vault.NotFound, "no such user access")
}

func nameOf(names map[string]vault.ID, id vault.ID) string {
	for name, known := range names {
		if known == id && !id.IsZero() {
			return name
		}
	}
	return ""
}

func levelName(levels []policy.Level, id vault.ID) string {
	for _, l := range levels {
		if l.ID == id {
			return l.Name
		}
	}
	return ""
}
