package policy

import "strings"

// Admin is a set of administrative rights, which a role gives. They say nothing
// about entries: who manages users sees no password by that. The numbers are
// stored: never change or reuse one.
type Admin uint64

// The administrative rights.
const (
	ManageUsers   Admin = 1 << 0 // add, disable, set passwords, see who holds what
	ManageRoles   Admin = 1 << 1 // roles, their members, access levels
	ManageDevices Admin = 1 << 2
	ManagePolicy  Admin = 1 << 3 // offline governance and the switches
	ViewAudit     Admin = 1 << 4
	ManageGrants  Admin = 1 << 5 // give any level anywhere, without holding it
)

// AllAdmin is every administrative right: the built-in role Administrators.
const AllAdmin = ManageUsers | ManageRoles | ManageDevices | ManagePolicy | ViewAudit | ManageGrants

// Has reports whether every right in want is in a.
func (a Admin) Has(want Admin) bool { return a&want == want }

// String returns the names with commas between them, or "none".
func (a Admin) String() string {
	var names []string
	for i, n := range []string{"ManageUsers", "ManageRoles", "ManageDevices", "ManagePolicy", "ViewAudit", "ManageGrants"} {
		if a&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ",")
}
