package store

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
)

// Purpose is what a data key encrypts. The numbers are stored; keyring names
// them.
type Purpose int

// DataKey is a key that encrypts rows, wrapped by a key-encryption key (KEK)
// that the database does not have.
type DataKey struct {
	ID      vault.ID
	Purpose Purpose
	Wrapped []byte // ciphertext
	KEK     string // identifier of the KEK that wraps it
	Uses    int64  // seals so far, about
	Created time.Time
	Retired time.Time // zero: the active key of its purpose, which is unique
}

// SubKey is a signing key of the server, signed by the identity root.
type SubKey struct {
	ID        string // kid; unique
	Use       string // lease, order, list, tpm, tls
	Public    []byte // SPKI DER
	Private   Sealed // PKCS #8 DER inside
	Signature []byte // by the identity root
	Created   time.Time
	NotAfter  time.Time // signs nothing after; zero: no end
	Retired   time.Time // zero: in use
}

// KeyReader reads keys.
type KeyReader interface {
	// DataKeys returns all data keys in order of Created.
	DataKeys(ctx context.Context) ([]DataKey, error)
	// SubKeys returns all sub-keys in order of Created.
	SubKeys(ctx context.Context) ([]SubKey, error)
}

// KeyWriter writes keys; all but AddKeyUses counts in Gov.
type KeyWriter interface {
	// AddDataKey inserts k. ErrConflict: ID taken, or k is not retired and its
	// purpose has an active key.
	AddDataKey(ctx context.Context, k DataKey) error
	// UpdateDataKey replaces Wrapped, KEK and Retired. ErrNotFound, ErrConflict.
	UpdateDataKey(ctx context.Context, k DataKey) error
	// AddKeyUses adds n to Uses, or returns ErrNotFound.
	AddKeyUses(ctx context.Context, id vault.ID, n int64) error
	// PutSubKey inserts k or replaces the one with its ID (not Created).
	PutSubKey(ctx context.Context, k SubKey) error
}
