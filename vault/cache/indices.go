package cache

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// maxPlans is how often handles are drawn before one of them is given up: two
// programs that plan at once may draw the same, and hardly twice.
const maxPlans = 3

// arm returns the chip with the indices of the cache, whole and written, with
// tries and openings left. What is missing is made with what the caller gives.
func (s *Store) arm(ctx context.Context, r PrepareRequest, key binding.ServerKey) (Indexed, binding.Slots, error) {
	st, err := s.enrol(r)
	if err != nil {
		return nil, binding.Slots{}, err
	}
	slots, ok, err := s.slotsFor(ctx, st, r.Device, key)
	if err != nil {
		return nil, slots, err
	}
	if !ok {
		if slots, err = s.plan(ctx, r.A.plan(st.Cache, r.Device, key)); err != nil {
			return nil, slots, err
		}
	}
	x, err := s.indexed(slots)
	if err != nil {
		return nil, slots, err
	}
	m, err := x.Machine(ctx)
	if err != nil {
		return nil, slots, chipProblem(err)
	}
	if m.Level != binding.LevelA {
		if r.A == nil {
			return nil, slots, vault.Fail(vault.LevelTooLow, "the chip's indices are not what they were %v", m.BlockedBy)
		}
		if slots, err = s.provision(ctx, slots, r.A); err != nil {
			return nil, slots, err
		}
		if x, err = s.indexed(slots); err != nil {
			return nil, slots, err
		}
		if err := r.A.Server.Indices(ctx, slots.Indices); err != nil {
			return nil, slots, fmt.Errorf("name the indices: %w", err)
		}
		return x, slots, s.fill(ctx, x, slots, r.A)
	}
	if err := s.fill(ctx, x, slots, r.A); err != nil || r.A == nil || st.HighestSealed > 0 {
		return x, slots, err
	}
	// Written, and nothing was ever sealed: the process that wrote may have died
	// before the server could read, without which it approves nothing.
	return x, slots, pins{x, r.A, slots.Indices}.reportAll(ctx)
}

// enrol makes the client state, if there is none, and lets it learn who the
// server is: the slots stand in it before anything else happens.
func (s *Store) enrol(r PrepareRequest) (*clientState, error) {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st, err := s.state()
	if errors.Is(err, vault.NoCache) {
		st, err = &clientState{Cache: vault.NewID()}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := st.learn(*r.Trust); err != nil {
		return nil, err
	}
	return st, s.save(st)
}

func (a *LevelA) plan(cache, device vault.ID, key binding.ServerKey) binding.IndexPlan {
	return binding.IndexPlan{Key: key, Device: device, Cache: cache, Opens: a.Opens > 0}
}

// plan chooses slots and makes them durable.
func (s *Store) plan(ctx context.Context, p binding.IndexPlan) (binding.Slots, error) {
	if s.opt.Indices == nil {
		return binding.Slots{}, vault.Fail(vault.LevelTooLow, "no chip that could have NV indices")
	}
	slots, err := s.opt.Indices.PlanSlots(ctx, p)
	if err != nil {
		return slots, chipProblem(err)
	}
	x, err := s.indexed(slots)
	if err != nil {
		return slots, err
	}
	m, err := x.Machine(ctx)
	if err != nil {
		return slots, chipProblem(err)
	}
	return slots, s.update(func(st *clientState) error { st.Indices = keepSlots(slots, m.RootName); return nil })
}

// provision has the chip define the indices. Handles that somebody else has
// taken meanwhile are planned anew; without room for the third, openings are
// counted in the journal only.
func (s *Store) provision(ctx context.Context, slots binding.Slots, a *LevelA) (binding.Slots, error) {
	for plans := 1; ; plans++ {
		err := s.opt.Indices.Provision(ctx, slots, a.Owner)
		again := a.plan(slots.Indices.Cache, slots.Indices.Device, slots.Indices.Key)
		again.Opens = slots.Indices.PinPass != 0
		switch {
		case err == nil:
			return slots, nil
		case errors.Is(err, binding.ErrNoSpace) && again.Opens:
			again.Opens = false
		case errors.Is(err, binding.ErrIndexTaken) && plans < maxPlans:
		default:
			return slots, chipProblem(err)
		}
		st, err := s.state()
		if err != nil {
			return slots, err
		}
		if s.armed(ctx, st) { // the others of them are what ends the cache
			return slots, otherIndices()
		}
		if slots, err = s.plan(ctx, again); err != nil {
			return slots, err
		}
	}
}

// fill has the limits written: where none ever were, where no try is left, and
// where a new budget of openings is worth a permit.
func (s *Store) fill(ctx context.Context, x Indexed, slots binding.Slots, a *LevelA) error {
	tries, err := x.Tries(ctx)
	fresh := errors.Is(err, binding.ErrNoIndices)
	if err != nil && !fresh {
		return chipProblem(err)
	}
	pins := pins{x, a, slots.Indices}
	if fresh || tries.Known && tries.Left == 0 || !tries.Known && a != nil && a.NewTries {
		if a == nil {
			return triesSpent()
		}
		if err := pins.write(ctx, binding.PermitRequest{Index: binding.PinFail, Kind: kindOf(fresh), Limit: a.Tries}); err != nil {
			return err
		}
	}
	if slots.Indices.PinPass == 0 || a == nil {
		return nil
	}
	opens, err := x.Opens(ctx)
	switch {
	case a.Opens == 0 && err == nil && opens.Used >= opens.Limit:
		return otherIndices() // the server would not permit more, and nothing opens without
	case a.Opens == 0:
		return nil // what is left serves on
	case errors.Is(err, binding.ErrNoIndices):
		return pins.write(ctx, binding.PermitRequest{Index: binding.PinPass, Kind: kindOf(true), Limit: a.Opens})
	case err != nil:
		return chipProblem(err)
	case !a.worthAPermit(opens):
		if opens.Used > 0 { // for the server to hold against the journal, where it takes it
			_ = pins.report(ctx, binding.PinPass)
		}
		return nil
	}
	// The server signs a new budget from the count that the chip has told it.
	if err := pins.report(ctx, binding.PinPass); err != nil {
		return err
	}
	return pins.write(ctx, binding.PermitRequest{Index: binding.PinPass, Kind: kindOf(false), Count: opens.Used, Limit: opens.Used + a.Opens})
}

// worthAPermit reports whether a new budget is to be asked for. The server gives
// a few a day, tells its administrators of each, and what is left serves on: so
// fewer than half must be left, or more than the policy gives any more.
func (a *LevelA) worthAPermit(o binding.Opens) bool {
	left, all := uint64(o.Limit-min(o.Used, o.Limit)), uint64(a.Opens)
	return 2*left < all || left > all
}

// kindOf is the permit for a write to an index.
func kindOf(fresh bool) binding.PermitKind {
	if fresh {
		return binding.PermitFirstWrite
	}
	return binding.PermitRewrite
}

// pins writes limits and tells the server.
type pins struct {
	x  Indexed
	a  *LevelA
	of binding.Indices
}

// write writes what w permits, which is prepared first: the chip could sign
// nothing while it waits for the permit.
func (p pins) write(ctx context.Context, w binding.PermitRequest) error {
	w.Indices = p.of
	permit, err := p.a.Server.Permit(ctx, w)
	if err != nil {
		return fmt.Errorf("permit for %s: %w", w.Index, err)
	}
	err = p.x.WritePin(ctx, binding.PinWrite{Index: w.Index, Count: w.Count, Limit: w.Limit, Permit: permit})
	if err != nil {
		return fmt.Errorf("write %s: %w", w.Index, chipProblem(err))
	}
	return p.report(ctx, w.Index)
}

func (p pins) report(ctx context.Context, k binding.IndexKind) error {
	return reader{p.x, p.of, k}.tell(ctx, p.a.Server)
}

// reportAll lets the server read both.
func (p pins) reportAll(ctx context.Context) error {
	err := p.report(ctx, binding.PinFail)
	if err == nil && p.of.PinPass != 0 {
		err = p.report(ctx, binding.PinPass)
	}
	return err
}

// Refill has the server give new tries, where none are left, and a new budget
// of openings, where fewer than half are left or more than a.Opens, for the cache
// in place. It needs no master password. Errors:
// NoCache if there is none of level A, Busy, ReadOnly, ChipMissing, LevelTooLow
// (the indices are not the cache's, or ErrOtherIndices), and those of a.Server.
func (s *Store) Refill(ctx context.Context, a LevelA) error {
	if err := a.check(); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.release()
	x, slots, err := s.ownIndices()
	if err != nil {
		return err
	}
	return s.fill(ctx, x, slots, &a)
}

// ownIndices returns the chip with the indices that the cache has: NoCache if it
// has none.
func (s *Store) ownIndices() (Indexed, binding.Slots, error) {
	st, err := s.state()
	if err != nil {
		return nil, binding.Slots{}, err
	}
	slots, ok := st.slots()
	if !ok {
		return nil, slots, vault.Fail(vault.NoCache, "no cache of level A")
	}
	x, err := s.indexed(slots)
	return x, slots, err
}

// ReportA lets the server read the limits of the cache: it approves nothing until
// it has seen the last write that it permitted, which a process that died may have
// left unsaid. Errors: NoCache if there are no indices, Busy, those of the chip
// and of the server.
func (s *Store) ReportA(ctx context.Context, server Permits) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.release()
	x, slots, err := s.ownIndices()
	if err != nil {
		return err
	}
	return pins{x, &LevelA{Server: server}, slots.Indices}.reportAll(ctx)
}

// check reports limits that no server signs.
func (a *LevelA) check() error {
	if a.Server == nil || a.Tries == 0 || a.Tries > binding.MaxTries || a.Opens > binding.MaxBudget {
		return errors.New("level A: no server, or limits that no server signs")
	}
	return nil
}
