package cache

import (
	"context"

	"github.com/tideover/tideover/tpm/binding"
)

// Chip is the security chip of this machine, as *tpm.Chip satisfies it. Errors
// are the ones of package binding, wrapped. It is safe for concurrent use.
type Chip interface {
	Sealer
	Gauge
}

// Sealer binds 32 bytes to this machine. It stores nothing: the caller keeps
// the object.
type Sealer interface {
	// Pin makes every later call refuse a chip with another storage root, before
	// anything secret is sent to it.
	Pin(rootName []byte) error
	// Seal makes an object that opens under t with auth.
	Seal(ctx context.Context, t binding.Terms, auth, secret []byte) (binding.Object, error)
	// Check does everything that Unseal does up to the password. It costs no try.
	Check(ctx context.Context, o binding.Object, t binding.Terms, a *binding.Approval) error
	// Unseal returns the secret. ErrWrongAuth has cost a try: never repeat it.
	Unseal(ctx context.Context, use binding.SealedUse) ([]byte, error)
}

// Gauge tells the chip's facts. None of them costs a try.
type Gauge interface {
	Machine(ctx context.Context) (binding.Machine, error)
	// HasRoot reports whether the chip has the storage root of that Name, whatever
	// stands in its place for others. It pins nothing.
	HasRoot(ctx context.Context, name []byte) (bool, error)
	Clock(ctx context.Context) (binding.Clock, error)
	Tries(ctx context.Context) (binding.Tries, error)
}

// Prover is a Sealer that tells how it made an object, for a server that wants
// the chip's word on it. *tpm.Chip and *tpm.Indexed are.
type Prover interface {
	SealForProof(ctx context.Context, t binding.Terms, auth, secret []byte) (binding.Object, binding.Creation, error)
}

// Provisioner gives a cache the NV indices of level A. *tpm.Chip is one, but
// for With, which is its WithIndices.
type Provisioner interface {
	// PlanSlots chooses handles and values, and changes nothing.
	PlanSlots(ctx context.Context, p binding.IndexPlan) (binding.Slots, error)
	// Provision defines what is missing. It needs the chip's owner: ErrOwnerAuth,
	// ErrNoSpace, ErrIndexTaken.
	Provision(ctx context.Context, s binding.Slots, owner []byte) error
	// Remove deletes indices, likewise.
	Remove(ctx context.Context, handles []uint32, owner []byte) error
	// With returns the chip with the indices of s. It asks the chip nothing.
	With(s binding.Slots) (Indexed, error)
}

// Indexed is the chip with the NV indices of one cache: *tpm.Indexed.
type Indexed interface {
	Chip
	Prover
	Generations
	Pins
}

// Generations is the counter, and what it decides.
type Generations interface {
	// Counter returns the generation that opens.
	Counter(ctx context.Context) (uint64, error)
	// Rehearse does what can be done of Unseal before Commit. It costs a try if
	// the password is wrong.
	Rehearse(ctx context.Context, use binding.SealedUse) error
	// Commit steps the counter until it is n. It may be repeated.
	Commit(ctx context.Context, n uint64) error
	// Wipe steps it twice at least, and past highestSealed.
	Wipe(ctx context.Context, highestSealed uint64) (uint64, error)
}

// Pins are the indices that count wrong passwords and openings.
type Pins interface {
	// Opens is the budget; ErrNoIndices if there is none.
	Opens(ctx context.Context) (binding.Opens, error)
	// WritePin writes count and limit with a permit of the server.
	WritePin(ctx context.Context, w binding.PinWrite) error
	// Rekey makes auth the value of pin_fail, with a permit of the server.
	Rekey(ctx context.Context, auth []byte, permit binding.AskPermit) error
	// Certify has the chip state what an index holds.
	Certify(ctx context.Context, with binding.IndexCertifying) (binding.Statement, error)
}
