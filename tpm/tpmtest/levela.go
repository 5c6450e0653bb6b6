package tpmtest

import (
	"context"
	"crypto/ecdsa"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
)

// Cache is what a test's cache of level A is made of.
type Cache struct {
	Server *ecdsa.PrivateKey // the server's TPM policy key, which gives every permit
	Device [16]byte
	Cache  [16]byte
	Auth   []byte // made from the master password: 1 to 32 bytes, none zero
	Tries  uint32
	Opens  uint32 // budget; 0: none
}

// Provision gives the chip the NV indices of c, written and with its password,
// as a sign-in at a Tideover server ends with; what comes next is a generation.
func Provision(t testing.TB, chip *tpm.Chip, c Cache) (*tpm.Indexed, binding.Slots) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := binding.KeyOf(&c.Server.PublicKey)
	must(err)
	slots, err := chip.PlanSlots(ctx, tpm.Plan{Key: key, Device: c.Device, Cache: c.Cache, Opens: c.Opens > 0})
	must(err)
	must(chip.Provision(ctx, slots, nil))
	x, err := chip.WithIndices(slots)
	must(err)
	permit := func(_ context.Context, r binding.PermitRequest) ([]byte, error) { return binding.Permit(c.Server, r) }
	must(x.WritePin(ctx, tpm.PinWrite{Index: binding.PinFail, Limit: c.Tries, Permit: permit}))
	if c.Opens > 0 {
		must(x.WritePin(ctx, tpm.PinWrite{Index: binding.PinPass, Limit: c.Opens, Permit: permit}))
	}
	must(x.Rekey(ctx, c.Auth, permit))
	return x, slots
}
