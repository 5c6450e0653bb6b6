package store

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
)

// Role is a named set of users. A user has any number of roles.
type Role struct {
	ID         vault.ID
	Name       string // unique after Fold
	Rights     uint64 // administrative rights, bits of vault/policy; opaque here
	Source     Source
	ExternalID string // in the Source; unique there unless empty
	Policy     []byte // the role's own rules; opaque here; empty: none
	Created    time.Time
	Modified   time.Time
}

// Member says that a user has a role.
type Member struct{ Role, User vault.ID }

// RoleReader finds roles.
type RoleReader interface {
	// Role returns the role, or ErrNotFound.
	Role(ctx context.Context, id vault.ID) (Role, error)
	// RoleByName finds by Fold(name), or ErrNotFound.
	RoleByName(ctx context.Context, name string) (Role, error)
	// Roles returns all roles by folded name.
	Roles(ctx context.Context) ([]Role, error)
	// Members returns every membership, or those of one role if it is not zero.
	Members(ctx context.Context, role vault.ID) ([]Member, error)
}

// RoleWriter changes roles; everything counts in Perm.
type RoleWriter interface {
	// AddRole inserts r. ErrConflict: name or identifier taken.
	AddRole(ctx context.Context, r Role) error
	// UpdateRole replaces everything but Created. ErrNotFound, ErrConflict.
	UpdateRole(ctx context.Context, r Role) error
	// DeleteRole removes the role, its memberships and its grants. ErrNotFound.
	DeleteRole(ctx context.Context, id vault.ID) error
	// AddMember adds the membership; one that exists is no error. ErrNotFound:
	// no such role or user.
	AddMember(ctx context.Context, m Member) error
	// DeleteMember removes the membership, or returns ErrNotFound.
	DeleteMember(ctx context.Context, m Member) error
}

// AccessLevel is a named set of rights.
type AccessLevel struct {
	ID      vault.ID
	Name    string // unique after Fold
	Actions uint64 // what the holder may do, bits of vault/policy; opaque here
	Grants  uint64 // which of the actions the holder may give to others
	BuiltIn bool   // made by init; the console does not delete it
	Created time.Time
}

// Grant gives a user or a role an access level on a folder or an entry. Exactly
// one of Folder and Entry is set, and exactly one of User and Role.
type Grant struct {
	ID            vault.ID
	Folder, Entry vault.ID
	User, Role    vault.ID
	Level         vault.ID
	Until         time.Time // zero: for ever; set: time-limited access
	By            vault.ID  // who granted it; zero: a command on the server
	Created       time.Time
}

// FolderNode is the part of a folder that permissions need.
type FolderNode struct {
	ID, Parent       vault.ID // Parent is zero for the root
	BlockInheritance bool
	Flags            uint64
	Archived         bool
}

// UserNode is the part of a user that permissions need.
type UserNode struct {
	ID     vault.ID
	State  UserState
	Policy []byte
}

// Permissions is everything that decides who may do what, of one moment.
type Permissions struct {
	Revision Revision
	Folders  []FolderNode // parents may stand after their children
	Grants   []Grant      // ended ones (Until) too
	Levels   []AccessLevel
	Roles    []Role
	Members  []Member
	Users    []UserNode
}

// AccessReader reads access levels and grants.
type AccessReader interface {
	// Permissions loads the whole snapshot. Load it again when Revision.Perm
	// has grown.
	Permissions(ctx context.Context) (*Permissions, error)
	// AccessLevels returns all levels by folded name.
	AccessLevels(ctx context.Context) ([]AccessLevel, error)
	// Grant returns the grant, or ErrNotFound.
	Grant(ctx context.Context, id vault.ID) (Grant, error)
	// Grants returns all grants in order of Created.
	Grants(ctx context.Context) ([]Grant, error)
}

// AccessWriter changes access levels and grants; everything counts in Perm.
type AccessWriter interface {
	// PutAccessLevel inserts the level or replaces the one with its ID (not
	// Created and BuiltIn). ErrConflict: the name is taken.
	PutAccessLevel(ctx context.Context, l AccessLevel) error
	// DeleteAccessLevel removes it. ErrNotFound; ErrConflict: grants use it.
	DeleteAccessLevel(ctx context.Context, id vault.ID) error
	// AddGrants inserts grants. ErrNotFound: node, subject or level is missing;
	// ErrConflict: ID taken; Invalid: not exactly one node and one subject.
	AddGrants(ctx context.Context, grants []Grant) error
	// DeleteGrant removes it, or returns ErrNotFound.
	DeleteGrant(ctx context.Context, id vault.ID) error
}
