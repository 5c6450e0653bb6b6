package store

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// Folder is a group of entries and folders. One folder, the root, has no
// parent. Name, notes and icon are in Content.
type Folder struct {
	ID      vault.ID
	Parent  vault.ID // zero: the root
	Content Sealed   // associated data: ID and Version
	Version int64    // 1 at first, grows with each new Content
	Rev     int64    // set by the store; 0 in the transaction that wrote it
	// BlockInheritance: grants on the folders above do not reach this one.
	BlockInheritance bool
	Flags            uint64 // comment prompts and the like, bits of vault/policy; opaque here
	Created          time.Time
	Modified         time.Time
	Archived         time.Time // zero: not archived
}

// FolderUpdate replaces a folder that is still in version Base.
type FolderUpdate struct {
	Folder Folder // Created and Rev are ignored; Version is the new one, ≥ Base
	Base   int64
}

// FolderReader finds folders.
type FolderReader interface {
	// Folder returns the folder, or ErrNotFound.
	Folder(ctx context.Context, id vault.ID) (Folder, error)
	// RootFolder returns the folder without parent; ErrNotFound before init.
	RootFolder(ctx context.Context) (Folder, error)
	// Folders yields the folders with Rev > after, in order of Rev; after 0
	// yields all, in no order, those of this transaction included. Archived
	// ones are included.
	Folders(ctx context.Context, after int64) iter.Seq2[Folder, error]
}

// FolderWriter changes folders; everything counts in Rev and Perm.
type FolderWriter interface {
	// AddFolders inserts folders, parents first. ErrNotFound: a parent is
	// missing; ErrConflict: ID taken, or a second root.
	AddFolders(ctx context.Context, folders []Folder) error
	// UpdateFolder replaces the folder. ErrNotFound: no such folder or parent;
	// ErrConflict (Stale): it is not in version Base. That no folder becomes
	// its own ancestor is the caller's care.
	UpdateFolder(ctx context.Context, u FolderUpdate) error
	// DeleteFolder removes the folder with its grants and leaves a tombstone.
	// ErrNotFound; ErrConflict (InUse): it has folders or entries.
	DeleteFolder(ctx context.Context, id vault.ID) error
}

// Kind says what a tombstone stands for. The numbers are stored.
type Kind int

// The kinds of tombstones.
const (
	KindFolder Kind = 1
	KindEntry  Kind = 2
	KindIcon   Kind = 3
)

// Tombstone says that something was deleted.
type Tombstone struct {
	Kind Kind
	ID   vault.ID
	Rev  int64
	At   time.Time
}

// TombstoneReader reads what was deleted.
type TombstoneReader interface {
	// Tombstones yields those with Rev > after, in order of Rev. A row that was
	// added again with the same ID has none.
	Tombstones(ctx context.Context, after int64) iter.Seq2[Tombstone, error]
	// Horizon returns the highest Rev whose tombstones were purged; a reader
	// whose position is lower must start afresh.
	Horizon(ctx context.Context) (int64, error)
}

// TombstoneWriter drops old tombstones.
type TombstoneWriter interface {
	// PurgeTombstones removes those older than before, and moves the horizon.
	PurgeTombstones(ctx context.Context, before time.Time) error
}
