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
	Clock(ctx context.Context) (binding.Clock, error)
	Tries(ctx context.Context) (binding.Tries, error)
}
