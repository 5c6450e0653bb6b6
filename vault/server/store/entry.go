package store

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// Entry is one credential. Everything that people typed is in Content.
type Entry struct {
	ID       vault.ID
	Folder   vault.ID
	Content  Sealed // associated data: ID and Version
	Version  int64  // 1 at first, grows with each new Content
	Rev      int64  // set by the store; 0 in the transaction that wrote it
	Flags    uint64 // comment prompts, check-out and the like, bits of vault/policy; opaque here
	Created  time.Time
	Modified time.Time
	By       vault.ID  // who wrote this version; zero: an import
	Expires  time.Time // zero: never
	Archived time.Time // zero: not archived
}

// EntryUpdate replaces an entry that is still in version Base.
type EntryUpdate struct {
	Entry Entry // Created and Rev are ignored; Version is the new one, > Base if Content changes
	Base  int64
	// Keep puts version Base into the history. Its ciphertext is copied as it
	// is: the associated data of the two rows are the same.
	Keep bool
}

// HistoryEntry is an older version of an entry.
type HistoryEntry struct {
	Entry    vault.ID
	Version  int64
	Content  Sealed // associated data: Entry and Version, as in Entry
	Modified time.Time
	By       vault.ID
}

// EntryQuery names entries. At most one of IDs, Folders and After is set; the
// zero query names all.
type EntryQuery struct {
	IDs     []vault.ID // these; missing ones are left out
	Folders []vault.ID // those directly in these folders
	After   int64      // those with Rev > After, in order of Rev
	// Archived includes archived entries. With After they are always included.
	Archived bool
	// Bare leaves Content empty, which is faster.
	Bare bool
}

// EntryReader finds entries.
type EntryReader interface {
	// Entry returns the entry, archived or not, or ErrNotFound.
	Entry(ctx context.Context, id vault.ID) (Entry, error)
	// Entries yields the entries that q names, in no order unless q says so.
	// The sets may have any length.
	Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error]
	// History yields the older versions of the entries, oldest first within
	// each; entries without history are left out.
	History(ctx context.Context, entries []vault.ID) iter.Seq2[HistoryEntry, error]
	// HistoryEntry returns one older version, or ErrNotFound.
	HistoryEntry(ctx context.Context, entry vault.ID, version int64) (HistoryEntry, error)
}

// EntryWriter changes entries; everything counts in Rev.
type EntryWriter interface {
	// AddEntries inserts entries; 100,000 at once are fine. ErrNotFound: a
	// folder is missing; ErrConflict: ID taken.
	AddEntries(ctx context.Context, entries []Entry) error
	// AddHistory inserts older versions, for imports. ErrNotFound: no such
	// entry; ErrConflict: that version exists.
	AddHistory(ctx context.Context, history []HistoryEntry) error
	// UpdateEntry replaces the entry. ErrNotFound: no such entry or folder;
	// ErrConflict (Stale): it is not in version Base.
	UpdateEntry(ctx context.Context, u EntryUpdate) error
	// DeleteEntries removes entries with history, attachments and grants and
	// leaves tombstones; missing ones are left out. Returns how many it removed.
	DeleteEntries(ctx context.Context, ids []vault.ID) (int64, error)
	// PruneHistory keeps the newest keep versions of the entry's history and
	// removes the older ones, with attachments and blobs that only they used.
	PruneHistory(ctx context.Context, entry vault.ID, keep int) error
}

// Icon is a picture that entries and groups refer to, shared by all.
type Icon struct {
	ID       vault.ID
	Content  Sealed   // picture and name; associated data: ID and Version
	Version  int64    // 1 at first
	Tag      [32]byte // keyed digest of the picture, so that equal ones are stored once
	Rev      int64
	Modified time.Time
}

// IconReader finds icons.
type IconReader interface {
	// Icon returns the icon, or ErrNotFound.
	Icon(ctx context.Context, id vault.ID) (Icon, error)
	// IconByTag returns the icon with that tag, or ErrNotFound.
	IconByTag(ctx context.Context, tag [32]byte) (Icon, error)
	// Icons yields the icons with Rev > after, in order of Rev; 0 yields all.
	Icons(ctx context.Context, after int64) iter.Seq2[Icon, error]
}

// IconWriter changes icons; everything counts in Rev.
type IconWriter interface {
	// AddIcons inserts icons. ErrConflict: ID or tag taken.
	AddIcons(ctx context.Context, icons []Icon) error
	// DeleteIcon removes it and leaves a tombstone, or ErrNotFound. Whether an
	// entry refers to it only the caller can know.
	DeleteIcon(ctx context.Context, id vault.ID) error
}
