package keyring

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// The purposes of data keys; each has one active key. The numbers are stored.
const (
	PurposeEntries     store.Purpose = 1 // entries, their history, folders, icons, requests
	PurposeAttachments store.Purpose = 2
	PurposeSigning     store.Purpose = 3 // private halves of the sub-keys
	PurposeFactors     store.Purpose = 4 // TOTP seeds, passkeys, recovery codes
	PurposeSettings    store.Purpose = 5 // secrets among the settings
	// PurposeTags is the key of Tag. It has one key for ever: a new one would
	// make equal contents look different.
	PurposeTags store.Purpose = 6
)

// purposes lists them all; every one has an active key after Open.
func purposes() []store.Purpose {
	return []store.Purpose{
		PurposeEntries, PurposeAttachments, PurposeSigning,
		PurposeFactors, PurposeSettings, PurposeTags,
	}
}

// Kind is the kind of row that a ciphertext belongs to. It is part of the
// associated data: never change one.
type Kind string

// The kinds of rows.
const (
	Entry      Kind = "entry/v1" // also a version in the history: it is the same row at that version
	Folder     Kind = "folder/v1"
	Icon       Kind = "icon/v1"
	Request    Kind = "request/v1"
	Attachment Kind = "attachment/v1" // the name; the version is store.Attachment.Since
	chunk      Kind = "chunk/v1"
	SigningKey Kind = "signing-key/v1"
	Factor     Kind = "factor/v1"
	Setting    Kind = "setting/v1"
)

// purpose returns the purpose whose key encrypts rows of the kind, 0 for an
// unknown kind.
func (k Kind) purpose() store.Purpose {
	switch k {
	case Entry, Folder, Icon, Request:
		return PurposeEntries
	case Attachment, chunk:
		return PurposeAttachments
	case SigningKey:
		return PurposeSigning
	case Factor:
		return PurposeFactors
	case Setting:
		return PurposeSettings
	}
	return 0
}

// Row names the row, and the version of it, that a ciphertext belongs to.
type Row struct {
	Kind    Kind
	ID      vault.ID
	Version int64
}

// Named returns the row of something that is known by a name instead of an ID,
// such as a setting or a signing key.
func Named(kind Kind, name string, version int64) Row {
	sum := sha256.Sum256([]byte(name))
	return Row{Kind: kind, ID: vault.ID(sum[:16]), Version: version}
}

// Chunk returns the row of chunk n (from 0) of a blob with count chunks, each
// below 2³¹. Order, number and end of the chunks are thereby authenticated.
func Chunk(blob vault.ID, n, count int64) Row {
	return Row{Kind: chunk, ID: blob, Version: n<<32 | count}
}

// associated appends the row's associated data under a data key to b. Kinds
// differ and what follows has one length, so no two rows have the same.
func (r Row) associated(b []byte, key vault.ID) []byte {
	b = append(b, r.Kind...)
	b = append(b, r.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Version))
	return append(b, key[:]...)
}
