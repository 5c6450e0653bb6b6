package catalog

import "github.com/tideover/tideover/vault"

// Caller is who asks. Only this package makes one, by SignIn's token
// (Authenticate) or for a command on the server itself (Operator), so that no
// handler can act for somebody who has not been proven.
type Caller struct {
	user     vault.ID
	name     string
	address  string
	token    [32]byte
	operator bool
}

// User returns the user's identifier; zero for an Operator.
func (c *Caller) User() vault.ID { return c.user }

// Name returns the name for the audit.
func (c *Caller) Name() string { return c.name }

// IsOperator reports whether the caller is a command on the server.
func (c *Caller) IsOperator() bool { return c.operator }

// Operator returns the caller of a command on the server, who may do everything
// but take an offline package: whoever can run it can read the database and the
// key file anyway. name says which command, for the audit.
func Operator(name string) *Caller { return &Caller{name: name, operator: true} }
