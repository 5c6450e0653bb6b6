package cache

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
)

// ErrElsewhere says of a ChipMissing problem that this computer's chip is not the
// one that has the counter of the cache: what was cleared here ends there, when
// the program finds that chip again. FORMAT.md 9.1.
var ErrElsewhere = errors.New("the counter of the cache is in another chip, or the chip was cleared")

func notHere(err error) error {
	return &vault.Problem{Cause: vault.ChipMissing, Detail: ErrElsewhere.Error(), Err: errors.Join(ErrElsewhere, err)}
}

// kinship is whether a chip is the one that slots were planned on.
type kinship int

const (
	notKnown  kinship = iota // nobody noted which it was, or it does not answer
	sameChip                 // what it has not of them is gone
	otherChip                // what it has of them says nothing
)

// chipOf holds the chip against the one that the slots of st belong to.
func (s *Store) chipOf(ctx context.Context, st *clientState) kinship {
	return s.chipIs(ctx, s.slotsRoot(st))
}

// slotsRoot is the Name of the storage root that the slots of st are under; nil:
// nobody noted it.
func (s *Store) slotsRoot(st *clientState) []byte {
	slots, ok := st.slots()
	switch {
	case !ok:
		return nil
	case len(st.Indices.Root) != 0:
		return st.Indices.Root
	}
	// As programs of before left it: the file tells, while it is there.
	o, err := readOuter(s.path(cacheName), s.limits())
	if err != nil || o.record.Slots == nil || !sameSlots(slots, *o.record.Slots) {
		return nil
	}
	return o.record.Root
}

// chipIs holds the chip against the Name of a storage root.
func (s *Store) chipIs(ctx context.Context, root []byte) kinship {
	if len(root) == 0 || s.opt.Chip == nil {
		return notKnown
	}
	has, err := s.opt.Chip.HasRoot(ctx, root)
	switch {
	case err != nil:
		return notKnown
	case has:
		return sameChip
	}
	return otherChip
}
