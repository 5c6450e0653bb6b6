package catalog

import (
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// User is an account, without what proves it.
type User struct {
	ID           vault.ID
	Name         string
	Display      string
	State        store.UserState
	SecondFactor bool
	Roles        []string
	Created      time.Time
	LastSignIn   time.Time // zero: never
	LockedUntil  time.Time // zero: not locked
}

// NewUser is what AddUser takes. Roles are names.
type NewUser struct {
	Name, Display string
	Password      vault.Secret // empty: the user cannot sign in by password
	Roles         []string
}

// Role is a named set of users.
type Role struct {
	ID      vault.ID
	Name    string
	Admin   policy.Admin
	Members []string // user names
}

// Grant is an access level given to a user or role on a folder or an entry.
type Grant struct {
	ID      vault.ID
	Node    Node
	Path    string // as vault.JoinPath writes it
	User    string // one of User and Role is set, by name
	Role    string
	Level   policy.Level
	Until   time.Time // zero: without limit
	Created time.Time
}

// NewGrant is what AddGrant takes; one of User and Role, by name.
type NewGrant struct {
	Node       Node
	User, Role string
	Level      string // the name of an access level
	Until      time.Time
}

// Enrolment is a one-time code generator that was made for a user and works
// after its first code was given back (ConfirmTOTP). The caller wipes URI.
type Enrolment struct {
	ID  vault.ID
	URI vault.Secret // otpauth://totp/…, with the seed
}
