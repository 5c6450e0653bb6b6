package policy

import "github.com/tideover/tideover/vault"

// Level is an access level: a named set of rights that a grant gives.
type Level struct {
	ID      vault.ID
	Name    string
	Rights  Rights
	BuiltIn bool // cannot be changed or removed
}

// Rights of the built-in levels, from the narrowest to the widest.
const (
	// readOnly sees everything and changes nothing.
	readOnly = ViewFolders | ReadSecrets | ViewEntryHistory | RequestAccess

	// full works with entries and folders but does not share them.
	full = readOnly | AddEntries | AddFolders | ModifyEntries | ModifyFolderNames |
		DeleteEntries | DeleteFolders | ArchiveEntries | ArchiveFolders | MoveEntries | MoveFolders |
		ModifyCommentSettings | ModifyNotificationSettings | ModifyPasswordAutoChangeSettings |
		UseViaProxy

	// fullGrant shares as well; it may give View Entry Offline without holding
	// it, as in Pleasant, where holding and granting are two columns.
	fullGrant = full | ViewSecurity | GrantPermissions | AccessApprovals | ViewRecordedSessions |
		(full|ViewSecurity|GrantPermissions|AccessApprovals|ViewRecordedSessions|ViewOffline|SetBlockInheritance)<<grantShift

	// fullGrantBlock may cut a folder off from what is granted above it.
	fullGrantBlock = fullGrant | SetBlockInheritance | ModifyProxySettings | ModifyProxySettings<<grantShift
)

// BuiltInLevels returns the levels that every server has. The first four carry
// Pleasant's names and, as there, no View Entry Offline: an administrator who
// means it picks an "+ Offline" level. The identifiers are fixed.
func BuiltInLevels() []Level {
	return []Level{
		{levelID(1), "Read-Only", readOnly, true},
		{levelID(2), "Full", full, true},
		{levelID(3), "Full + Grant", fullGrant, true},
		{levelID(4), "Full + Grant + Block", fullGrantBlock, true},
		{levelID(5), "Read-Only + Offline", readOnly | ViewOffline, true},
		{levelID(6), "Full + Offline", full | ViewOffline, true},
		{levelID(7), "Full + Grant + Offline", fullGrant | ViewOffline, true},
		{levelID(8), "Full + Grant + Block + Offline", fullGrantBlock | ViewOffline, true},
	}
}

// levelID returns the fixed identifier of a built-in level. It has the form of
// a random version 4 GUID, since clients recognise no other.
func levelID(n byte) vault.ID {
	return vault.ID{0x7d, 0x1e, 0x5b, 0x0c, 0x3a, 0x42, 0x4f, 0x6e, 0x9c, 0x21, 0x54, 0x69, 0x64, 0x65, 0, n}
}
