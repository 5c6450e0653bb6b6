package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

// TestOvertaken: two programs of one machine ask at once, and the statement that
// the chip made first arrives last. That is no copy of the chip. One from before
// the nonce is.
func TestOvertaken(t *testing.T) {
	f := newChipFixture(t)
	l := f.newLaptop(makerOfChips)
	ctx := t.Context()
	l.attested()
	cache := vault.NewID()
	s := l.seal(cache, 1)
	_, err := l.cache(s.request, l.proving(s))
	must(t, err)

	overtake := func(first func()) error {
		return l.client.Proof(ctx, l.ID, 1, stating{l, func(ctx context.Context, nonce []byte, about [32]byte) (*wire.Attestation, error) {
			said, err := l.chip.Present(ctx, l.ak.Blob, binding.Qualify(binding.SubjectContact, nonce, about))
			must(t, err)
			first() // while this one is on its way
			return &wire.Attestation{Contact: &said}, nil
		}})
	}
	must(t, overtake(func() { must(t, l.client.Proof(ctx, l.ID, 1, l.present())) }))
	state := func() store.DeviceState {
		devices, err := f.catalog.Devices(ctx, f.op)
		must(t, err)
		return devices[0].State
	}
	if got := state(); got == store.DeviceSuspended || len(l.alarms()) != 0 {
		t.Fatalf("state %v, alarms %q", got, l.alarms())
	}

	// A copy that was made before its nonce: what it is behind no network explains.
	copied := l.machine.Snapshot()
	l.machine.AdvanceClock(time.Hour)
	f.wait(time.Hour)
	must(t, l.client.Proof(ctx, l.ID, 1, l.present()))
	l.machine.Restore(copied)
	chip, err := tpm.Open(ctx, l.machine.Spec())
	must(t, err)
	defer func() { must(t, chip.Close()) }()
	l.chip = chip
	refuses(t, "a copy", l.client.Proof(ctx, l.ID, 1, l.present()), vault.Suspended)
	if got := state(); got != store.DeviceSuspended {
		t.Errorf("state %v", got)
	}
}
