package start

import (
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
