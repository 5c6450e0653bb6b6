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
