package tpmtest

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/tpm"
)

// What happens to a machine, for programs that are no tests. Machine has the
// same for tests; see there.

// PowerCut takes the power away and gives it back.
func (p *Process) PowerCut() error {
	p.kill()
	return p.start()
}

// Reboot is an orderly shutdown and start.
func (p *Process) Reboot() error {
	if err := p.shutdown(); err != nil {
		return err
	}
	return p.PowerCut()
}

// ResetLockout forgives all failures of the shared lockout. A power cut counts
// as one where the lockout has been used, so whoever cuts often needs it.
func (p *Process) ResetLockout() error {
	return p.owned(ccDictionaryAttackLockReset, rhLockout)
}

// Clear clears the chip: it has another storage root, no index, and an ordinary
// lockout.
func (p *Process) Clear() error {
	if err := p.owned(ccClear, rhPlatform); err != nil {
		return err
	}
	return p.setLockout(ordinaryTries, ordinaryInterval)
}

// AdvanceClock puts the chip's clock forward, as if the machine had run for d.
func (p *Process) AdvanceClock(d time.Duration) error {
	ctx := context.Background()
	chip, err := tpm.Open(ctx, p.Spec())
	if err != nil {
		return err
	}
	clock, err := chip.Clock(ctx)
	if err := errors.Join(err, chip.Close()); err != nil {
		return err
	}
	return p.owned(ccClockSet, rhOwner, u64(clock.MS+uint64(d/time.Millisecond)))
}
