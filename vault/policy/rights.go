package policy

import (
	"fmt"
	"math/bits"
	"sort"
	"strings"
)

// Rights is a set of rights. Bits 0–31 are actions; bit n+32 is the Grant twin
// of action n: the right to give that action to others. The numbers are stored
// in the database: never change or reuse one.
type Rights uint64

// grantShift is the distance between an action and its Grant twin.
const grantShift = 32

// The actions. Names equal the members of Pleasant's access level object
// (RESTful API v5, "User Access"), so that the wire needs no table of its own.
const (
	ViewFolders                      Rights = 1 << 0
	ViewEntryNames                   Rights = 1 << 1
	ViewEntryContents                Rights = 1 << 2 // everything but passwords: user name, URL, notes, plain fields, plain attachments
	ViewEntryPassword                Rights = 1 << 3 // password, protected fields, protected attachments, one-time code
	ViewEntryHistory                 Rights = 1 << 4
	ViewOffline                      Rights = 1 << 5 // "View Entry Offline"
	AddEntries                       Rights = 1 << 6
	AddFolders                       Rights = 1 << 7
	ModifyEntries                    Rights = 1 << 8
	ModifyFolderNames                Rights = 1 << 9
	DeleteEntries                    Rights = 1 << 10
	DeleteFolders                    Rights = 1 << 11
	ArchiveEntries                   Rights = 1 << 12
	ArchiveFolders                   Rights = 1 << 13
	MoveEntries                      Rights = 1 << 14
	MoveFolders                      Rights = 1 << 15
	ViewSecurity                     Rights = 1 << 16 // see who holds what
	GrantPermissions                 Rights = 1 << 17 // hand on the right to grant
	SetBlockInheritance              Rights = 1 << 18
	ModifyCommentSettings            Rights = 1 << 19
	ModifyNotificationSettings       Rights = 1 << 20
	ModifyPasswordAutoChangeSettings Rights = 1 << 21
	ModifyProxySettings              Rights = 1 << 22
	UseViaProxy                      Rights = 1 << 23
	ViewRecordedSessions             Rights = 1 << 24
	RequestAccess                    Rights = 1 << 25
	AccessApprovals                  Rights = 1 << 26
)

// actionNames holds the name of each action at its bit number.
var actionNames = [...]string{
	"ViewFolders", "ViewEntryNames", "ViewEntryContents", "ViewEntryPassword", "ViewEntryHistory", "ViewOffline",
	"AddEntries", "AddFolders", "ModifyEntries", "ModifyFolderNames", "DeleteEntries", "DeleteFolders",
	"ArchiveEntries", "ArchiveFolders", "MoveEntries", "MoveFolders",
	"ViewSecurity", "GrantPermissions", "SetBlockInheritance",
	"ModifyCommentSettings", "ModifyNotificationSettings", "ModifyPasswordAutoChangeSettings", "ModifyProxySettings",
	"UseViaProxy", "ViewRecordedSessions", "RequestAccess", "AccessApprovals",
}

// AllActions is every action, without the Grant twins.
const AllActions Rights = 1<<27 - 1

// ReadSecrets is what a person needs to see an entry whole.
const ReadSecrets = ViewEntryNames | ViewEntryContents | ViewEntryPassword

// Has reports whether every right in want is in r.
func (r Rights) Has(want Rights) bool { return r&want == want }

// Any reports whether at least one right in want is in r.
func (r Rights) Any(want Rights) bool { return r&want != 0 }

// Actions returns r without the Grant twins.
func (r Rights) Actions() Rights { return r & AllActions }

// Grants returns the actions whose Grant twin is in r.
func (r Rights) Grants() Rights { return r >> grantShift & AllActions }

// Twins returns the Grant twins of the actions in r.
func (r Rights) Twins() Rights { return r.Actions() << grantShift }

// MayGrant reports whether a holder of r may give level to somebody: the Grant
// twin of every action in it, and GrantPermissions too if level hands on the
// right to grant. Nobody can give more than they may give.
func (r Rights) MayGrant(level Rights) bool {
	if !r.Grants().Has(level.Actions() | level.Grants()) {
		return false
	}
	return level.Grants() == 0 || r.Has(GrantPermissions)
}

// Names returns the names of the rights in r, actions first, each in the order
// of its number. A Grant twin is named "Grant" and the action's name.
func (r Rights) Names() []string {
	names := make([]string, 0, bits.OnesCount64(uint64(r)))
	for i, n := range actionNames {
		if r&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	for i, n := range actionNames {
		if r&(1<<(i+grantShift)) != 0 {
			names = append(names, "Grant"+n)
		}
	}
	return names
}

// String returns the names with commas between them, or "none".
func (r Rights) String() string {
	if r == 0 {
		return "none"
	}
	return strings.Join(r.Names(), ",")
}

// ParseRights reads names with commas between them, or "none". Case matters,
// as the names are identifiers.
func ParseRights(s string) (Rights, error) {
	var r Rights
	if s = strings.TrimSpace(s); s == "" || s == "none" {
		return 0, nil
	}
	for name := range strings.SplitSeq(s, ",") {
		bit, ok := RightNamed(strings.TrimSpace(name))
		if !ok {
			return 0, fmt.Errorf("parse rights: %q is not a right", name)
		}
		r |= bit
	}
	return r, nil
}

// RightNamed returns the right of that name.
func RightNamed(name string) (Rights, bool) {
	if i, ok := action(name); ok {
		return 1 << i, true
	}
	if twin, found := strings.CutPrefix(name, "Grant"); found {
		if i, ok := action(twin); ok {
			return 1 << (i + grantShift), true
		}
	}
	return 0, false
}

func action(name string) (int, bool) {
	for i, n := range actionNames {
		if n == name {
			return i, true
		}
	}
	return 0, false
}

// RightNames returns every right's name in alphabetical order, for messages
// and for the wire.
func RightNames() []string {
	names := (AllActions | AllActions.Twins()).Names()
	sort.Strings(names)
	return names
}
