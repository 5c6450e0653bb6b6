package cache

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// What is known of the chip beside the cause of a problem, for errors.Is: the
// way back is another one for each.
var (
	// ErrOtherChip says of OtherMachine that the chip is of another maker.
	ErrOtherChip = errors.New("the chip is of another maker")
	// ErrChipUpdated says of OtherMachine that a chip of that maker is there, with
	// other keys and another firmware.
	ErrChipUpdated = errors.New("the chip has other keys and another firmware")
	// ErrChipReset says of OtherMachine that a chip of that maker and firmware is
	// there, with other keys and a clock that began anew.
	ErrChipReset = errors.New("the chip has other keys and a younger clock")
	// ErrNoChip says of ChipMissing that the system has no chip at all, as far as it
	// says, or that the person does without it.
	ErrNoChip = errors.New("there is no chip")
	// ErrTriesSpent says of ChipLocked that time brings no tries back: the server
	// gives them, at level A.
	ErrTriesSpent = errors.New("the tries of the cache are used up")
)

// anotherChip says what is known of a chip that is not the one of the record.
// Another maker is another chip; all else may be the same chip, which lost its
// keys, as well as one of the same kind.
func (r *record) anotherChip(ctx context.Context, chip Chip, m binding.Machine) error {
	var why error
	switch {
	case shorten(m.Manufacturer) != r.Chip.Manufacturer:
		why = ErrOtherChip
	case shorten(m.Firmware) != r.Chip.Firmware:
		why = ErrChipUpdated
	default:
		if clock, err := chip.Clock(ctx); err == nil && clock.MS < r.Chip.ClockMS {
			why = ErrChipReset
		}
	}
	return &vault.Problem{Cause: vault.OtherMachine, Detail: "made with another chip, or the chip was cleared", Err: why}
}

// noChip says why there is no chip to ask.
func (s *Store) noChip() error {
	p := &vault.Problem{Cause: vault.ChipMissing, Detail: "no chip"}
	if s.opt.NoChip {
		p.Err = ErrNoChip
	}
	return p
}
