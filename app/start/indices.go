package start

import (
	"context"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/cache"
)

// indices is the chip as caches of level A want it.
type indices struct{ *tpm.Chip }

var _ cache.Provisioner = indices{}

// With returns the chip with the NV indices of s.
func (x indices) With(s binding.Slots) (cache.Indexed, error) {
	chip, err := x.WithIndices(s)
	if err != nil {
		return nil, err // not chip: a nil pointer in an interface is not nil
	}
	return chip, nil
}

// Provision has the chip of the flags define the NV indices that another user's
// Session.PlanIndices returned: what an administrator does where the chip's owner
// has a password, or the system lets nobody else. owner is that password; nil:
// there is none. It may be repeated, and changes nothing that is whole. Errors
// are those of tpm.Open and Chip.Provision: binding.ErrOwnerAuth,
// binding.ErrNoSpace, and binding.ErrIndexTaken, where that user plans anew.
func (o Options) Provision(ctx context.Context, s binding.Slots, owner []byte) error {
	chip, err := o.OpenChip(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = chip.Close() }() // nothing was left in it
	return chip.Provision(ctx, s, owner)
}
