package cache

import (
	"context"
	"errors"
	"slices"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// ErrOtherIndices says of a LevelTooLow problem that the cache has indices for
// another device, another chip, another key of the server, or with a budget of openings
// that is used up and that the policy does not give any more: level A goes on
// with new ones, once these are given up.
var ErrOtherIndices = errors.New("the cache's indices are for another device or chip, another key of the server, or openings that the policy does not count any more")

func otherIndices() error {
	return &vault.Problem{Cause: vault.LevelTooLow, Detail: ErrOtherIndices.Error(), Err: ErrOtherIndices}
}

// PlanRequest says for whom NV indices are planned.
type PlanRequest struct {
	Trust  Trust // of the governing server
	Device vault.ID
	Opens  bool // with a budget of openings
}

// PlanA returns the NV indices that the next cache of level A will have, and
// makes them durable; again, they are the same. It is for an administrator, who
// has the chip define them (tpm.Chip.Provision) where this user may not: Prepare
// finds them then. Until pin_fail is written, caches may be of lower levels.
// Errors: Busy, ReadOnly, ChipMissing, LevelTooLow (no chip that could, or other
// indices are in use: see GiveUpA), IdentityChanged, BadAnswer.
func (s *Store) PlanA(ctx context.Context, r PlanRequest) (binding.Slots, error) {
	var none binding.Slots
	if err := s.ready(); err != nil {
		return none, err
	}
	if err := s.enter(ctx); err != nil {
		return none, err
	}
	defer s.release()
	rec := &record{}
	if err := rec.takeKey(&r.Trust); err != nil {
		return none, err
	}
	st, err := s.enrol(PrepareRequest{Trust: &r.Trust})
	if err != nil {
		return none, err
	}
	plan := binding.IndexPlan{Key: rec.Key, Device: r.Device, Cache: st.Cache, Opens: r.Opens}
	slots, ok, err := s.slotsFor(ctx, st, r.Device, rec.Key)
	if err != nil || ok && (s.armed(ctx, st) || (slots.Indices.PinPass != 0) == plan.Opens && !s.taken(ctx, slots)) {
		return slots, err
	}
	return s.plan(ctx, plan)
}

// slotsFor returns the slots of the cache; ok is false if it has none, or some
// that were planned for another device or key and never used. LevelTooLow for
// those that were, and for those of another chip.
func (s *Store) slotsFor(ctx context.Context, st *clientState, device vault.ID, key binding.ServerKey) (slots binding.Slots, ok bool, err error) {
	slots, ok = st.slots()
	if ok && s.chipOf(ctx, st) == otherChip { // which may hold what was made with them
		return slots, true, otherIndices()
	}
	if !ok || slots.Indices.Key == key && slots.Indices.Device == device {
		return slots, ok, nil
	}
	if s.armed(ctx, st) {
		return slots, true, otherIndices()
	}
	// Where the owner has a password they stay in the chip, and are of no use.
	_ = s.opt.Indices.Remove(ctx, slots.Indices.Handles(), nil)
	return slots, false, nil
}

// Hindrances returns why the chip would not bear a cache of level A for r, in
// binding's words; none: nothing is known that stands in the way. It changes
// nothing. Errors are the chip's, as problems.
func (s *Store) Hindrances(ctx context.Context, r PlanRequest) ([]string, error) {
	rec := &record{}
	if err := rec.takeKey(&r.Trust); err != nil {
		return nil, err
	}
	if s.opt.Indices == nil || s.opt.Chip == nil {
		return nil, vault.Fail(vault.ChipMissing, "no chip that could have NV indices")
	}
	var slots binding.Slots
	ok := false
	if st, err := s.state(); err == nil {
		slots, ok = st.slots()
	}
	if !ok || slots.Indices.Key != rec.Key || slots.Indices.Device != r.Device {
		var err error
		if slots, err = s.opt.Indices.PlanSlots(ctx, binding.IndexPlan{Key: rec.Key, Device: r.Device, Cache: vault.NewID()}); err != nil {
			return nil, chipProblem(err)
		}
	}
	x, err := s.indexed(slots)
	if err != nil {
		return nil, err
	}
	with, err := x.Machine(ctx)
	if err != nil || with.Level == binding.LevelA {
		return nil, chipProblem(err)
	}
	bare, err := s.opt.Chip.Machine(ctx)
	if err != nil {
		return nil, chipProblem(err)
	}
	var why []string
	for _, w := range with.BlockedBy {
		switch w {
		case binding.BlockedIndices: // which are made, unless only the owner may
			if slices.Contains(bare.BlockedBy, binding.BlockedOwner) {
				why = append(why, binding.BlockedOwner)
			}
		case binding.BlockedForeign, binding.BlockedUnwritten: // planned anew, written
		case binding.BlockedTries, binding.BlockedInterval, binding.BlockedOff: // of level B
		default:
			why = append(why, w)
		}
	}
	return why, nil
}

// taken reports whether something of somebody else's stands at a planned handle.
func (s *Store) taken(ctx context.Context, slots binding.Slots) bool {
	x, err := s.indexed(slots)
	if err != nil {
		return false
	}
	m, err := x.Machine(ctx)
	return err == nil && slices.Contains(m.BlockedBy, binding.BlockedForeign)
}
