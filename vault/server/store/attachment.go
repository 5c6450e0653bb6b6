package store

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// Limits of attachments.
const (
	// MaxBlobBytes is the longest attachment, before encryption. It is what a
	// client's KDBX reader takes in one piece without strain.
	MaxBlobBytes = 64 << 20
	// ChunkBytes is the length of a chunk before encryption (the last one may
	// be shorter): small enough to stream with little memory, large enough for
	// few rows.
	ChunkBytes = 256 << 10
	// MaxChunkBytes is the longest stored chunk: nonce and tag included.
	MaxChunkBytes = ChunkBytes + 64
)

// Blob is the content of attachments of one entry. Attachments of the entry and
// of its history with equal content share one Blob.
type Blob struct {
	ID      vault.ID
	Entry   vault.ID
	Tag     [32]byte // keyed digest of the content; unique in the entry
	Size    int64    // before encryption, bytes
	Chunks  int64    // number of chunks, ≥ 1
	Key     vault.ID // the data key of all chunks
	Created time.Time
}

// Attachment is a named file on an entry, present in the versions
// Since ≤ v < Until; Until 0 means that the current version has it.
type Attachment struct {
	ID    vault.ID
	Entry vault.ID
	Blob  vault.ID
	Name  Sealed // name and protection; associated data: ID and Since
	Since int64
	Until int64
	Size  int64 // of the blob, bytes before encryption; ignored when adding
}

// AttachmentReader finds attachments.
type AttachmentReader interface {
	// Attachment returns the attachment, removed or not, or ErrNotFound.
	Attachment(ctx context.Context, id vault.ID) (Attachment, error)
	// Attachments yields the attachments of the entries in all versions, entry
	// by entry, in order of Since and ID.
	Attachments(ctx context.Context, entries []vault.ID) iter.Seq2[Attachment, error]
	// AllAttachments yields those that current versions have, in no order.
	AllAttachments(ctx context.Context) iter.Seq2[Attachment, error]
	// Blob returns the blob, or ErrNotFound.
	Blob(ctx context.Context, id vault.ID) (Blob, error)
	// BlobByTag returns the entry's blob with that tag, or ErrNotFound.
	BlobByTag(ctx context.Context, entry vault.ID, tag [32]byte) (Blob, error)
	// Chunks yields the ciphertext chunks of a blob in order. A blob that does
	// not exist yields none.
	Chunks(ctx context.Context, blob vault.ID) iter.Seq2[[]byte, error]
}

// AttachmentWriter changes attachments. Write the new version of the entry in
// the same transaction: attachments have no Rev of their own.
type AttachmentWriter interface {
	// AddBlob inserts b and its chunks; an error of chunks is returned.
	// ErrNotFound: no such entry; ErrConflict: ID taken, or the entry has a
	// blob with that tag; Invalid: too long, or b.Chunks is not their number.
	AddBlob(ctx context.Context, b Blob, chunks iter.Seq2[[]byte, error]) error
	// AddAttachments inserts attachments. ErrNotFound: no such entry or blob;
	// ErrConflict: ID taken.
	AddAttachments(ctx context.Context, list []Attachment) error
	// EndAttachment sets Until to version, the first one without it.
	// ErrNotFound; ErrConflict (Stale): it has ended before.
	EndAttachment(ctx context.Context, id vault.ID, version int64) error
}
