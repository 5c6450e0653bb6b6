package store

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
)

// Escrow is the machine secret of one generation, wrapped to the recovery key.
type Escrow struct {
	Device, Cache vault.ID
	Generation    int64
	Key           string // id of the recovery key
	Wrapped       []byte // ciphertext; opaque here
	Record        []byte // SHA-256 of the record
	User          vault.ID
	Created       time.Time
}

// Release is a request of one administrator to release a machine secret, and
// what became of it. Releases outlive what they are about.
type Release struct {
	ID            vault.ID
	Device, Cache vault.ID
	Generation    int64
	Key           string // id of the recovery key
	AskedBy       vault.ID
	AskedAt       time.Time
	Reason        string
	ApprovedBy    vault.ID  // zero: not approved
	ApprovedAt    time.Time // zero: likewise
	EndedAt       time.Time // it can be approved no more, for another reason than time; zero: it can
	EndedWhy      string
}

// RecoveryReader finds what is escrowed, and who asked for it.
type RecoveryReader interface {
	// Escrows returns those of a device, or of all if it is zero: by device and
	// cache, newest generation first.
	Escrows(ctx context.Context, device vault.ID) ([]Escrow, error)
	// Release returns one, or ErrNotFound.
	Release(ctx context.Context, id vault.ID) (Release, error)
	// Releases returns those of a device, or all if it is zero, newest first.
	Releases(ctx context.Context, device vault.ID) ([]Release, error)
}

// RecoveryWriter records it. Nothing here counts in Revision.
type RecoveryWriter interface {
	// PutEscrow inserts e, or replaces that of the generation. ErrNotFound: no
	// such device.
	PutEscrow(ctx context.Context, e Escrow) error
	// DeleteEscrow removes that of a generation, or returns ErrNotFound.
	DeleteEscrow(ctx context.Context, id GenerationID) error
	// AddRelease inserts r. ErrNotFound: no such device; ErrConflict: ID taken.
	AddRelease(ctx context.Context, r Release) error
	// UpdateRelease replaces ApprovedBy, ApprovedAt, EndedAt and EndedWhy, or
	// returns ErrNotFound.
	UpdateRelease(ctx context.Context, r Release) error
}
