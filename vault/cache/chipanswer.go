package cache

import (
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// takeChip turns what the chip says into a finding, or returns it if it is no
// fact about the cache.
func (f *finding) takeChip(err error) error {
	switch {
	case errors.Is(err, binding.ErrTampered):
		f.object(Damaged, vault.Fail(vault.Damaged, "%w", err))
	case errors.Is(err, binding.ErrClockEnded):
		f.endedBy(lease.EndedByClock, err)
	case errors.Is(err, binding.ErrOpensEnded):
		f.endedBy(lease.EndedByOpens, err)
	case errors.Is(err, binding.ErrNoIndices):
		f.object(Foreign, vault.Fail(vault.OtherMachine, "the chip has not the indices that this cache was made with: %w", err))
	case errors.Is(err, binding.ErrOwnerAuth), errors.Is(err, binding.ErrNoSpace), errors.Is(err, binding.ErrIndexTaken):
		f.object(Foreign, vault.Fail(vault.LevelTooLow, "%w", err))
	case errors.Is(err, binding.ErrBootsEnded):
		f.endedBy(lease.EndedByBoots, err)
	case errors.Is(err, binding.ErrOtherMachine):
		f.object(Foreign, vault.Fail(vault.OtherMachine, "%w", err))
	case errors.Is(err, binding.ErrSuperseded):
		f.object(Superseded, vault.Fail(vault.Superseded, "%w", err))
	case errors.Is(err, binding.ErrLockedOut):
		if f.outer != nil && f.record.Slots != nil {
			err = errors.Join(err, ErrTriesSpent)
		}
		f.object(LockedOut, &vault.Problem{Cause: vault.ChipLocked, TriesLeft: new(int), Err: err})
	case errors.Is(err, vault.ChipMissing), errors.Is(err, vault.NoSecretStore):
		f.object(Foreign, err)
	case errors.Is(err, binding.ErrUnavailable):
		f.object(Foreign, vault.Fail(vault.ChipMissing, "%w", err))
	case errors.Is(err, binding.ErrBusy):
		return vault.Fail(vault.Busy, "%w", err)
	default:
		return err
	}
	return nil
}

// refused returns what the chip says as the problem of this file, whatever was
// found before.
func (f *finding) refused(err error) error {
	f.problem = nil
	if err := f.takeChip(err); err != nil {
		return err
	}
	return f.problem
}

// chipProblem turns an answer of the chip, given before there is a cache, into
// a problem.
func chipProblem(err error) error { return new(finding).refused(err) }
