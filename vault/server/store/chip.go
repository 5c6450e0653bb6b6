package store

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// Chip is what the security chip of a device has proved.
type Chip struct {
	Device   vault.ID
	EKName   []byte // of the endorsement key: the same chip, the same Name
	Identity []byte // the rest of what statements are checked with; opaque here
	Proven   bool
	Virtual  bool
	Created  time.Time
	Seen     Sighting
}

// Sighting is a chip's own time, as it stated it last.
type Sighting struct {
	At       time.Time // when the statement came
	ClockMS  int64     // of the chip
	Resets   int64     // the chip's starts, or a number with the same differences
	Restarts int64     // its resumes, likewise
	Safe     bool      // the clock has lost nothing
	Counter  int64     // the newest certified generation counter; 0: none
}

// Challenge is one that waits for its answer.
type Challenge struct {
	Device  vault.ID
	Pending []byte // what the answer is checked with; opaque here
	Created time.Time
}

// ChipReader finds what chips have proved.
type ChipReader interface {
	// Chip returns that of the device, or ErrNotFound.
	Chip(ctx context.Context, device vault.ID) (Chip, error)
	// ChipsOf returns those of the endorsement key of that Name, the oldest first.
	ChipsOf(ctx context.Context, ekName []byte) ([]Chip, error)
	// Chips yields all, in no order.
	Chips(ctx context.Context) iter.Seq2[Chip, error]
	// Challenge returns the one that waits, or ErrNotFound.
	Challenge(ctx context.Context, device vault.ID) (Challenge, error)
}

// ChipWriter records what chips have proved. Nothing here counts in Revision.
type ChipWriter interface {
	// PutChip inserts c, or replaces the device's. ErrNotFound: no such device.
	PutChip(ctx context.Context, c Chip) error
	// PutSighting replaces the device's. ErrNotFound: it has no chip.
	PutSighting(ctx context.Context, device vault.ID, s Sighting) error
	// PutChallenge inserts c, or replaces the device's. ErrNotFound: no such device.
	PutChallenge(ctx context.Context, c Challenge) error
	// DeleteChallenge removes it, or returns ErrNotFound.
	DeleteChallenge(ctx context.Context, device vault.ID) error
}

// Slots say where the NV indices of a cache of level A stand.
type Slots struct {
	Device, Cache             vault.ID
	Counter, PinFail, PinPass int64 // handles; PinPass 0: none
	Created                   time.Time
}

// Permit is one that was given.
type Permit struct {
	ID            vault.ID
	Device, Cache vault.ID
	Index         string // as binding.IndexKind
	Kind          string // as binding.PermitKind
	Count, Limit  int64  // to be written
	Created       time.Time
	ClockMS       int64     // of the chip, as it stated with the request; -1: not known
	Resets        int64     // likewise, as Sighting has them
	ShownAt       time.Time // a reading showed the write; zero: none yet
	VoidAt        time.Time // a reading showed that it was not used and is over; zero: none
}

// Reading is the newest certified one of an index.
type Reading struct {
	Device, Cache vault.ID
	Index         string // as binding.IndexKind
	Value         int64  // the counter, or count and limit of 32 bits each
	Created       time.Time
}

// SlotReader finds what level A needs.
type SlotReader interface {
	// Slots returns those of a cache, or ErrNotFound.
	Slots(ctx context.Context, device, cache vault.ID) (Slots, error)
	// SlotsOf returns those of all caches of a device, newest first.
	SlotsOf(ctx context.Context, device vault.ID) ([]Slots, error)
	// Permits returns those of a cache, oldest first.
	Permits(ctx context.Context, device, cache vault.ID) ([]Permit, error)
	// Readings returns the newest of each index, in the order of their names.
	Readings(ctx context.Context, device, cache vault.ID) ([]Reading, error)
}

// SlotWriter records what level A needs. Nothing here counts in Revision.
type SlotWriter interface {
	// AddSlots inserts s. ErrNotFound: no such device; ErrConflict: the cache
	// has some.
	AddSlots(ctx context.Context, s Slots) error
	// AddPermit inserts p. ErrNotFound: no such slots; ErrConflict: ID taken.
	AddPermit(ctx context.Context, p Permit) error
	// VoidPermit sets VoidAt, or returns ErrNotFound.
	VoidPermit(ctx context.Context, id vault.ID, at time.Time) error
	// ShowPermit sets ShownAt, or returns ErrNotFound.
	ShowPermit(ctx context.Context, id vault.ID, at time.Time) error
	// PutReading inserts r, or replaces that of the index. ErrNotFound: no such
	// slots.
	PutReading(ctx context.Context, r Reading) error
}
