package store

import (
	"context"

	"github.com/tideover/tideover/vault"
)

// Store is one database. It is safe for concurrent use.
//
// Failures of the database itself, from any method of this package: ErrFull;
// vault.Busy after waiting for another process's lock, or when a transaction
// lost to others too often; vault.Damaged for a file that is no database of
// ours; anything else is an ordinary error, such as a lost connection.
type Store interface {
	// Update runs fn in a write transaction and commits if fn returns nil; any
	// error of fn rolls back and is returned as it is. Writers are serialised
	// on SQLite, and by the revision counter at their end on PostgreSQL.
	//
	// fn may be called more than once, when the database asks for a repetition
	// (SQLSTATE 40001, 40P01): it must have no effect outside of the
	// transaction, and must not call Update or View of the same Store. The Tx
	// is dead when fn returns. After the database has refused a row (an *Error
	// with Err set) the transaction can only be given up: Update returns that
	// error even if fn does not. Refusals without Err, such as a missing row or a
	// stale version, leave it usable.
	//
	// If ctx ends while waiting for the turn, Update
	// returns its error and nothing was done; on SQLite a transaction that has
	// begun is finished, because interrupting SQLite can break a connection.
	Update(ctx context.Context, fn func(Tx) error) error

	// View runs fn on a consistent snapshot: everything that it reads is of one
	// moment, its Revision included. It never waits for writers. fn may be
	// called more than once, as in Update. Do not talk to the network in fn:
	// an old snapshot keeps the database from tidying up.
	View(ctx context.Context, fn func(Reader) error) error

	// Revision returns the counters. It is cheap (one row), and sees what other
	// processes have committed: ask every second.
	Revision(ctx context.Context) (Revision, error)

	// Close waits for running transactions and releases the database.
	Close() error
}

// Revision is a set of counters that say what has changed. Each one grows by 1
// with each transaction that changed something of its kind, and never shrinks.
type Revision struct {
	// Rev is the change feed: folders, entries, attachments, icons. Rows carry
	// the Rev of their last change; deleted ones leave a Tombstone with it.
	Rev int64
	// Perm: what Permissions returns (users, roles, members, levels, grants,
	// folders). A change of folders counts in Rev and in Perm.
	Perm int64
	// Gov: settings, devices, data keys, sub-keys, requests, orders. The bookkeeping of
	// generations, holdings, leases and last contacts does not count.
	Gov int64
	// Audit is the number of the last audit event.
	Audit int64
}

// Reader reads one snapshot.
type Reader interface {
	// Revision returns the counters as of the snapshot. In an Update they are
	// those before it.
	Revision(ctx context.Context) (Revision, error)
	// Counts returns the numbers of rows, for status pages.
	Counts(ctx context.Context) (Counts, error)

	UserReader
	FactorReader
	TokenReader
	RoleReader
	AccessReader
	FolderReader
	EntryReader
	AttachmentReader
	IconReader
	TombstoneReader
	SettingReader
	DeviceReader
	CacheReader
	ChipReader
	SlotReader
	LeaseReader
	JournalReader
	AuditReader
	KeyReader
	RequestReader
	OrderReader
	RecoveryReader
}

// Tx reads and writes. In a Tx, the rows that User, Device, Factor, Generation,
// Chip, Challenge, Slots, Release and Request return are locked until its end, and a Setting cannot be changed
// by others: so read, decide, write is safe. Entries and folders are guarded by
// their version instead.
type Tx interface {
	Reader

	UserWriter
	FactorWriter
	TokenWriter
	RoleWriter
	AccessWriter
	FolderWriter
	EntryWriter
	AttachmentWriter
	IconWriter
	TombstoneWriter
	SettingWriter
	DeviceWriter
	CacheWriter
	ChipWriter
	SlotWriter
	LeaseWriter
	JournalWriter
	AuditWriter
	KeyWriter
	RequestWriter
	OrderWriter
	RecoveryWriter
}

// Counts are numbers of rows.
type Counts struct {
	Users, Roles, Folders, Entries, Devices, AuditEvents int64
}

// Sealed is a ciphertext that only server/keyring can open, with the identifier
// of its data key. The zero value means "none".
type Sealed struct {
	Key  vault.ID
	Data []byte
}
