package cache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// told is a chip that says something else of itself.
type told struct {
	cache.Chip
	manufacturer, firmware string // empty: the truth
}

func (c told) Machine(ctx context.Context) (binding.Machine, error) {
	m, err := c.Chip.Machine(ctx)
	if c.manufacturer != "" {
		m.Manufacturer = c.manufacturer
	}
	if c.firmware != "" {
		m.Firmware = c.firmware
	}
	return m, err
}

// What became of the chip decides what a person is told: each is a chip with
// other keys, and no more is known than what it says of itself.
func TestWhatBecameOfTheChip(t *testing.T) {
	w := newWorld(t)
	w.machine.AdvanceClock(time.Hour) // it was in use before
	w.chip = w.machine.Open(t)
	w.cache(content("one"), nil)
	own := w.chip
	other := tpmtest.Start(t)
	other.AdvanceClock(2 * time.Hour)
	another := other.Open(t)
	young := tpmtest.Start(t).Open(t)

	for _, c := range []struct {
		name string
		chip cache.Chip
		want error
	}{
		{"another maker", told{Chip: another, manufacturer: "ACME"}, cache.ErrOtherChip},
		{"another firmware", told{Chip: another, firmware: "9.9"}, cache.ErrChipUpdated},
		{"another maker and firmware", told{Chip: young, manufacturer: "ACME", firmware: "9.9"}, cache.ErrOtherChip},
		{"a younger clock", young, cache.ErrChipReset},
		{"nothing more than other keys", another, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.chip = c.chip
			w.refuses(vault.OtherMachine, cache.Foreign)
			got := w.status().Problem
			for _, why := range []error{cache.ErrOtherChip, cache.ErrChipUpdated, cache.ErrChipReset} {
				if is := errors.Is(got, why); is != (why == c.want) {
					t.Errorf("%v is %v: %t", got, why, is)
				}
			}
		})
	}

	// A firmware that leaves the keys alone changes nothing.
	w.chip = told{Chip: own, firmware: "9.9"}
	w.opens("one")

	w.machine.Clear()
	w.chip = w.machine.Open(t)
	w.refuses(vault.OtherMachine, cache.Foreign)
	if got := w.status().Problem; !errors.Is(got, cache.ErrChipReset) {
		t.Errorf("cleared: %v", got)
	}
}

// A chip that was switched off is told apart from one that cannot be used now.
func TestWithoutAChip(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.chip = nil
	for _, off := range []bool{false, true} {
		s, err := cache.Open(cache.Options{Dir: w.dir, Now: func() time.Time { return w.now }, NoChip: off})
		if err != nil {
			t.Fatal(err)
		}
		st, err := s.Status(t.Context())
		if err != nil || !errors.Is(st.Problem, vault.ChipMissing) || errors.Is(st.Problem, cache.ErrNoChip) != off {
			t.Errorf("no chip %t: %v, %v", off, st.Problem, err)
		}
	}
}
