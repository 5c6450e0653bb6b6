package start

import (
	"context"
	"crypto/ecdsa"
	"errors"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// keeper is the chip as the session's Keeper: one that ends in the middle of a
// command, or is somebody else's for too long, is told as that, and not as a
// mistake of the program. What else the chip can do is there as it is.
type keeper struct{ *tpm.Chip }

var _ session.Keeper = keeper{}

// Protect returns a blob that only this machine can open.
func (k keeper) Protect(ctx context.Context, secret []byte) ([]byte, error) {
	blob, err := k.Chip.Protect(ctx, secret)
	return blob, chipProblem(err)
}

// Unprotect opens a blob of Protect. The caller wipes the result.
func (k keeper) Unprotect(ctx context.Context, blob []byte) ([]byte, error) {
	secret, err := k.Chip.Unprotect(ctx, blob)
	return secret, chipProblem(err)
}

// NewSigningKey makes a key in the chip and returns it as a blob.
func (k keeper) NewSigningKey(ctx context.Context) ([]byte, *ecdsa.PublicKey, error) {
	blob, public, err := k.Chip.NewSigningKey(ctx)
	return blob, public, chipProblem(err)
}

// Sign signs with a key of NewSigningKey.
func (k keeper) Sign(ctx context.Context, blob []byte, digest [32]byte) ([]byte, error) {
	signature, err := k.Chip.Sign(ctx, blob, digest)
	return signature, chipProblem(err)
}

// chipProblem says in our causes that the chip cannot be reached now, or is
// another one than that of a blob. What else it says of a blob stays as it is.
func chipProblem(err error) error {
	switch {
	case errors.Is(err, binding.ErrUnavailable):
		return vault.Fail(vault.ChipMissing, "%w", err)
	case errors.Is(err, binding.ErrBusy):
		return vault.Fail(vault.Busy, "%w", err)
	case errors.Is(err, binding.ErrOtherMachine):
		return vault.Fail(vault.OtherMachine, "%w", err)
	}
	return err
}
