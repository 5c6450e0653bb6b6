package catalog

import (
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
)

// Folder is a folder as one caller sees it. Group has neither Groups nor
// Entries: these are in Folders and Entries, as far as they were asked for.
type Folder struct {
	Group  *vault.Group
	Parent vault.ID // zero: the root
	// Passage is a folder that the caller sees only because something below it
	// is visible. Its Group has identifier and name, nothing else.
	Passage bool
	Rights  policy.Rights
	Flags   policy.Flags
	Block   bool // grants from above do not reach it
	Folders []*Folder
	Entries []*Entry
	Path    []string // names from below the root; empty for the root
}

// Entry is an entry as one caller sees it. What the caller may not see, and
// what was not revealed, is absent or empty:
//
//   - with ViewEntryNames alone there is identifier, title and icon;
//   - passwords are fields without a value, marked as protected; no other field
//     is marked unless revealed;
//   - attachments have no Binary, see Sizes and Attachment;
//   - Unknown is there only when revealed;
//   - History needs ViewEntryHistory, and is read by Entry and Reveal only.
type Entry struct {
	*vault.Entry
	Folder  vault.ID
	Version int64
	Rights  policy.Rights
	Flags   policy.Flags // its own and its folders'

	HasPassword bool
	HasOTP      bool
	Sizes       []int64 // of Attachments, bytes
	Path        []string
	// Offline says whether a cache that the caller makes now would hold it.
	Offline policy.Decision
}

// TreeQuery says how much of the tree to return.
type TreeQuery struct {
	Folder vault.ID // zero: the root
	// Depth is the number of levels of folders below Folder, with their
	// entries; negative: all. Entries of Folder itself are always there.
	Depth int
}

// NodeKind says what a path or an identifier names. The numbers stay inside the
// process.
type NodeKind uint8

// The kinds of nodes.
const (
	FolderNode NodeKind = 1
	EntryNode  NodeKind = 2
)

// Node is a folder or an entry.
type Node struct {
	Kind NodeKind
	ID   vault.ID
}

// SearchResult is what Search found: entries as in a tree, without history, and
// folders without what is in them.
type SearchResult struct {
	Folders []*Folder
	Entries []*Entry
}

// File is the content of an attachment. The caller wipes Data.
type File struct {
	ID        vault.ID
	Name      string
	Protected bool
	Data      []byte
}

// FileQuery says which files of an entry Files returns.
type FileQuery struct {
	Comment string
	Bytes   int64 // that they may have together
	// All: one that the caller may not have, or that has no room, refuses them
	// all. Without it such files are left out.
	All bool
}

// NewEntry is what AddEntry takes. Entry.ID may be zero; an ID that is taken is
// replaced. History must be empty; attachments come with their Binary.
type NewEntry struct {
	Folder  vault.ID
	Entry   *vault.Entry
	Comment string
}

// EntryChange is what ChangeEntry does.
type EntryChange struct {
	Folder  vault.ID // where it goes; zero: it stays
	Comment string
	Edit    func(*vault.Entry) error // see EditEntry; nil: it is moved, nothing else
}

// FolderChange is what ChangeFolder does.
type FolderChange struct {
	Parent  vault.ID // where it goes; zero: it stays
	Comment string
	Edit    func(*vault.Group) error // see EditFolder; nil: it is moved, nothing else
}

// NewFolder is what AddFolder takes. Group.ID may be zero; Groups and Entries
// must be empty.
type NewFolder struct {
	Parent  vault.ID
	Group   *vault.Group
	Comment string
}

// Removal says how to remove an entry or a folder.
type Removal struct {
	Archive bool // keep it, out of sight, instead of deleting it
	Comment string
}

// Imported counts what Import did.
type Imported struct {
	Folders, Entries, Versions, Attachments int
	Renumbered                              int      // identifiers that were taken or are no version 4 GUIDs
	Root                                    vault.ID // the folder that took the content
}

// Me is what GET /me tells a user.
type Me struct {
	User           vault.ID
	Name           string
	Roles          []string
	OfflineEnabled bool
	OfflineEntries int
	Governance     policy.Governance
}

// DryRun is what an offline package would hold now, and why the rest would not.
type DryRun struct {
	User     vault.ID
	Name     string
	Total    int // entries that the user may see
	Cached   int
	Excluded int
	Expires  time.Time // of a lease issued now; zero: offline use is forbidden
	ByReason map[policy.Reason]int
	Entries  []DryRunEntry // by path
}

// DryRunEntry is one line of a DryRun.
type DryRunEntry struct {
	ID       vault.ID
	Path     []string
	Decision policy.Decision
}
