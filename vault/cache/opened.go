package cache

import (
	"context"
	"io"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/lease"
)

// Opened is a cache that is unlocked. It holds the lock and, in memory, the
// keys; Close ends both. It is safe for concurrent use, but Content is not.
type Opened struct{}

// Content returns the cached entries, without the overlay. They belong to the
// Opened, which wipes them at Close; nobody may change them.
func (o *Opened) Content() *vault.Content { return nil }

// Lease returns the lease that held at unlocking, or nil where no server
// governs.
func (o *Opened) Lease() *lease.Lease { return nil }

// Policy returns the lease's policy, or the local one.
func (o *Opened) Policy() lease.Policy { return lease.Policy{} }

// Generation returns the number of the generation that is open.
func (o *Opened) Generation() uint64 { return 0 }

// Judge says whether the lease still holds now, a renewed one included. A chip
// that does not answer takes no part. It marks the time as seen.
func (o *Opened) Judge(ctx context.Context) (lease.Verdict, error) {
	return lease.Verdict{}, errSkeleton
}

// Append puts an event into the journal and returns when it is on disk. Show
// nothing before. Of e it takes Type, Entry and Detail. ReadOnly: the disk is
// full or not writable, and the secret must not be shown.
func (o *Opened) Append(ctx context.Context, e audit.Event) error { return errSkeleton }

// Overlay returns the edits made offline, in the order made. The caller owns
// and wipes them. Damaged if the file cannot be read; the cache is not
// affected.
func (o *Opened) Overlay(ctx context.Context) ([]Edit, error) { return nil, errSkeleton }

// SaveOverlay replaces the edits, on disk when it returns; none removes the
// file. Unsupported, with IDs, if KDBX cannot carry one exactly. It runs the
// key derivation once.
func (o *Opened) SaveOverlay(ctx context.Context, edits []Edit) error { return errSkeleton }

// ExportKeyFile writes the machine secret as a KeePass key file (.keyx), with
// which the cache file opens in other programs, anywhere. The journal has it
// before the first byte. NotPermitted if the policy forbids it.
func (o *Opened) ExportKeyFile(ctx context.Context, w io.Writer) error { return errSkeleton }

// Close wipes keys and content and releases the lock. It may be called twice.
func (o *Opened) Close() {}

// Edit is one change made offline: a draft, beside the cache.
type Edit struct {
	Op    Op
	ID    vault.ID     // of the entry
	Group vault.ID     // where an added entry belongs
	Entry *vault.Entry // the whole entry as it is now; nil if removed
	At    time.Time
}

// Op is a kind of edit; the text reaches disk and is what --json prints.
type Op string

// The kinds.
const (
	Added   Op = "added"
	Edited  Op = "edited"
	Removed Op = "removed"
)
