package policy

// Flags are the conditions under which an entry, or everything in a folder, may
// be used. The numbers are stored: never change or reuse one. A folder's flags
// hold for what is below it too.
type Flags uint64

// The flags. The first six are Pleasant's CommentPrompts.
const (
	CommentOnViewPassword  Flags = 1 << 0
	CommentOnViewOffline   Flags = 1 << 1
	CommentOnModifyEntries Flags = 1 << 2
	CommentOnMoveEntries   Flags = 1 << 3
	CommentOnMoveFolders   Flags = 1 << 4
	CommentOnModifyFolders Flags = 1 << 5

	NeedsCheckOut    Flags = 1 << 8  // one person at a time
	NeedsDualControl Flags = 1 << 9  // a second person must consent
	ChangesAfterUse  Flags = 1 << 10 // the password is changed after each use
)

// AllFlags is every flag.
const AllFlags = CommentOnViewPassword | CommentOnViewOffline | CommentOnModifyEntries |
	CommentOnMoveEntries | CommentOnMoveFolders | CommentOnModifyFolders |
	NeedsCheckOut | NeedsDualControl | ChangesAfterUse

// Has reports whether every flag in want is set.
func (f Flags) Has(want Flags) bool { return f&want == want }
