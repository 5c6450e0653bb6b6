package store

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// GenerationState is where a generation of a device's cache stands. The numbers
// are stored.
type GenerationState int

// The states of a generation.
const (
	GenerationPending GenerationState = 1 // sent; the device has not shown that it uses it
	GenerationProven  GenerationState = 2 // a device-signed contact named it
	GenerationGivenUp GenerationState = 3 // never proven; a later one was
	GenerationCleared GenerationState = 4 // the device reported that it was cleared
)

// Generation is one cache that was sent to a device.
type Generation struct {
	Device   vault.ID
	Cache    vault.ID // the client's identifier of the cache
	Number   int64    // as the client declared; unique in device and cache
	State    GenerationState
	Record   []byte // SHA-256 of the TPM record
	RootName []byte // Name of the storage root key, as the lease signs it
	Level    string // binding level as measured
	Virtual  bool
	ClockMS  int64  // TPM clock at the request, milliseconds
	Resets   int64  // TPM resetCount at the request
	UserName string // as the user typed it
	Comment  string
	Event    vault.ID // audit event that recorded the sending
	Created  time.Time
	ProvenAt time.Time // zero: not proven
	EndedAt  time.Time // zero: neither given up nor cleared
}

// Holding says that a generation of a device's cache holds an entry. Entries
// that were deleted since stay listed until the device has dropped them.
type Holding struct {
	Device     vault.ID
	Generation int64
	Entry      vault.ID
	Version    int64
}

// GenerationID names a generation.
type GenerationID struct {
	Device vault.ID
	Cache  vault.ID
	Number int64
}

// HoldingQuery names holdings; fields that are set must all hold. Either Device
// or Entry must be set.
type HoldingQuery struct {
	Device     vault.ID
	Generation int64 // with Device
	Entry      vault.ID
}

// CacheReader says what devices have.
type CacheReader interface {
	// Generation returns one generation, or ErrNotFound.
	Generation(ctx context.Context, id GenerationID) (Generation, error)
	// Generations returns those of one device, newest number first.
	Generations(ctx context.Context, device vault.ID) ([]Generation, error)
	// OpenGenerations yields those of all devices that are neither given up,
	// cleared nor replaced, in no order.
	OpenGenerations(ctx context.Context) iter.Seq2[Generation, error]
	// Holdings yields what q names, in no order.
	Holdings(ctx context.Context, q HoldingQuery) iter.Seq2[Holding, error]
}

// CacheWriter records what devices have. Nothing here counts in Revision.
type CacheWriter interface {
	// AddGeneration inserts g. ErrNotFound: no such device; ErrConflict: the
	// number exists.
	AddGeneration(ctx context.Context, g Generation) error
	// UpdateGeneration replaces everything but Created, or returns ErrNotFound.
	UpdateGeneration(ctx context.Context, g Generation) error
	// PutHoldings inserts holdings; one that exists gets the new version. 10,000
	// at once are fine. ErrNotFound: no such device.
	PutHoldings(ctx context.Context, list []Holding) error
	// DeleteHoldings removes what q names; returns how many. With below, it
	// removes the generations of q.Device that are lower than q.Generation.
	DeleteHoldings(ctx context.Context, q HoldingQuery, below bool) (int64, error)
}

// Lease is a lease that was signed, without the signature.
type Lease struct {
	ID         vault.ID // jti
	Device     vault.ID
	Cache      vault.ID
	Generation int64
	Seq        int64 // the server's issue number in this device
	KeyID      string
	Epoch      int64
	Issued     time.Time
	Expires    time.Time
	Entries    int64
	Digest     []byte // SHA-256 of the stream that it ended, or that of the lease it renews
}

// LeaseReader finds leases.
type LeaseReader interface {
	// Leases yields the leases of one device, newest first.
	Leases(ctx context.Context, device vault.ID) iter.Seq2[Lease, error]
}

// LeaseWriter records leases.
type LeaseWriter interface {
	// AddLease inserts l, and sets Device.LeaseSeq to l.Seq and Device.LeaseEnd
	// to the later of itself and l.Expires. ErrNotFound: no such device;
	// ErrConflict (Stale): l.Seq is not Device.LeaseSeq + 1.
	AddLease(ctx context.Context, l Lease) error
	// PurgeLeases removes those that expired before; returns how many.
	PurgeLeases(ctx context.Context, before time.Time) (int64, error)
}
