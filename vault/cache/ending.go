package cache

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// kill steps the counter past everything that was ever sealed, and notes that a
// receipt is owed. A counter that is gone from the chip that had it ends everything
// as well, but gives no receipt: OtherMachine, and the cache has no slots any more.
// Else ChipMissing, with ErrElsewhere where another chip has it, or Busy: the mark
// stays, and the next who takes the lock tries again. FORMAT.md 9.1.
func (s *Store) kill(ctx context.Context) error {
	st, err := s.load()
	if err != nil || st.Indices == nil || !st.Indices.Kill {
		return err
	}
	of := st.Indices.Counter
	// ended changes the slots that were asked about, unless somebody else has
	// ended them meanwhile.
	ended := func(change func(*clientState)) error {
		return s.update(func(st *clientState) error {
			if st.Indices != nil && st.Indices.Counter == of {
				change(st)
			}
			return nil
		})
	}
	chip := s.chipOf(ctx, st)
	err = s.stepPast(ctx, st) // another chip has nothing of that Name
	gone := errors.Is(err, binding.ErrNoIndices) || errors.Is(err, binding.ErrTampered)
	switch {
	case errors.Is(err, binding.ErrNoIndices) && s.belowA(): // planned, and never used
		return ended(func(st *clientState) { st.Indices.Kill = false })
	case gone && chip != sameChip: // it may never have been here
		return notHere(err)
	case gone:
		if lost := ended((*clientState).dropSlots); lost != nil {
			return lost
		}
		return vault.Fail(vault.OtherMachine, "nothing opens any more, but the chip gives no receipt: its counter is gone: %w", err)
	case err != nil:
		return chipProblem(err)
	}
	return ended(func(st *clientState) { st.Indices.Kill, st.Indices.Receipt = false, st.WipedThrough })
}

// belowA reports that the file in place is of a lower level.
func (s *Store) belowA() bool {
	o, err := readOuter(s.path(cacheName), s.limits())
	return err == nil && o.record.Slots == nil
}

// stepPast is the wipe in the chip. Errors are the chip's.
func (s *Store) stepPast(ctx context.Context, st *clientState) error {
	slots, ok := st.slots()
	if !ok {
		return nil
	}
	x, err := s.indexed(slots)
	if err != nil {
		return err
	}
	_, err = x.Wipe(ctx, st.HighestSealed)
	return err
}

// dropSlots forgets the slots. What is planned next is for another cache, as
// the server permits the first write once for each.
func (st *clientState) dropSlots() {
	st.Former = append(st.Former, st.Cache)
	st.Former = st.Former[max(0, len(st.Former)-maxFormer):]
	st.Indices, st.Cache = nil, vault.NewID()
}

// killUnmarked is kill where the disk takes no mark; why is what it said. The
// chip ends everything all the same, which is more than the files are worth.
func (s *Store) killUnmarked(ctx context.Context, why error) error {
	st, err := s.load()
	if err != nil || st.Indices == nil {
		return why
	}
	chip := s.chipOf(ctx, st)
	switch err := s.stepPast(ctx, st); {
	case err != nil && chip == otherChip:
		return errors.Join(why, notHere(err))
	case err != nil:
		return errors.Join(why, chipProblem(err))
	}
	return vault.Fail(vault.ReadOnly, "nothing opens any more, but files are left: %w", why)
}

// numbersUnknown is how many numbers may have been sealed and given up since the
// last that a file tells of. Each step more wears the chip, and each too few may
// end exactly at a number that somebody has a copy of.
const numbersUnknown = 32

// killInPlace is kill where the client state cannot be read: with the slots in
// the file, and in one that is being written, of those that can be. The highest
// number that was sealed is not known then. There is no receipt, as nobody is
// left to keep it.
func (s *Store) killInPlace(ctx context.Context) error {
	var slots *binding.Slots
	var root []byte
	highest := uint64(0)
	for _, name := range []string{cacheName, cacheName + newSuffix} {
		o, err := readOuter(s.path(name), s.limits())
		if err != nil || o.record.Slots == nil || slots != nil && !sameSlots(*slots, *o.record.Slots) {
			continue // a file that cannot be read names no index
		}
		slots, root, highest = o.record.Slots, o.record.Root, max(highest, o.record.Generation)
	}
	if slots == nil {
		return nil
	}
	chip := s.chipIs(ctx, root)
	x, err := s.indexed(*slots)
	if err != nil {
		return err
	}
	at, err := x.Counter(ctx)
	if err == nil {
		_, err = x.Wipe(ctx, max(at, highest)+numbersUnknown)
	}
	switch {
	case err != nil && chip == otherChip:
		return notHere(err)
	case err != nil:
		return chipProblem(err)
	}
	return nil
}

// ReceiptOwed reports whether there was a wipe of which the server has no
// receipt, or the chip does not know yet.
func (s *Store) ReceiptOwed() (bool, error) {
	st, err := s.load()
	if errors.Is(err, vault.NoCache) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return st.Indices != nil && (st.Indices.Kill || st.Indices.Receipt != 0), nil
}

// Receipt gives the server the chip's word that the counter is past everything
// that was wiped, if that is owed; it needs no password. Errors: those of the
// server; Busy, ReadOnly, ChipMissing, with ErrElsewhere if another chip has the
// counter; OtherMachine if it is gone.
func (s *Store) Receipt(ctx context.Context, server Permits) error {
	if owed, err := s.ReceiptOwed(); err != nil || !owed {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.release()
	st, err := s.state()
	if err != nil {
		return err
	}
	slots, ok := st.slots()
	switch {
	case !ok:
		return nil
	case s.chipOf(ctx, st) == otherChip:
		return notHere(nil)
	case st.Indices.Kill: // whoever takes the lock tries, and could not
		return vault.Fail(vault.ChipMissing, "the chip could not be asked to end what was wiped")
	case st.Indices.Receipt == 0:
		return nil
	}
	x, err := s.indexed(slots)
	if err != nil {
		return err
	}
	owed := st.Indices.Receipt
	if err := (reader{x, slots.Indices, binding.Counter}).tell(ctx, server); err != nil {
		return err
	}
	return s.update(func(st *clientState) error {
		if st.Indices != nil && st.Indices.Receipt == owed {
			st.Indices.Receipt = 0
		}
		return nil
	})
}

// ID returns the identifier of the cache, which outlives its generations.
// NoCache if nothing was ever made here.
func (s *Store) ID() (vault.ID, error) {
	st, err := s.load()
	if err != nil {
		return vault.ID{}, err
	}
	return st.Cache, nil
}

// GivingUp says how level A is given up.
type GivingUp struct {
	Owner []byte // password of the chip's owner; nil: he has none
	// Anyway does it too with a cache in place, which is wiped, and where the
	// server has no receipt: for indices that are gone, or a server that is.
	Anyway bool
	// Leave forgets indices that only the chip's owner could delete. They open
	// nothing any more, and take their space until he does.
	Leave bool
}

// GiveUpA deletes the cache's NV indices and forgets them; what is cached next
// is of level A only if that is asked for anew. It is the only way down, and
// for a person who is signed in. Unconfirmed if a cache of level A is in place,
// or a receipt is owed, and nobody said Anyway. Errors besides: Busy, ReadOnly,
// ChipMissing, LevelTooLow (the chip's owner has to do it).
func (s *Store) GiveUpA(ctx context.Context, g GivingUp) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.release()
	st, err := s.state()
	if errors.Is(err, vault.NoCache) || err == nil && st.Indices == nil {
		return nil
	}
	if err != nil {
		return err
	}
	chip := s.chipOf(ctx, st) // while there is a file
	alive := s.endangered(st) || st.Next != nil && exists(s.path(cacheName+newSuffix))
	if (alive || st.Indices.Kill || st.Indices.Receipt != 0) && !g.Anyway {
		return vault.Fail(vault.Unconfirmed, "there is a cache of level A, or the server has no receipt of its end")
	}
	if alive {
		if err := s.markWiped(ByUser); err != nil {
			return err
		}
		err := s.finishWipe(ctx)
		if err != nil && !errors.Is(err, vault.OtherMachine) && !errors.Is(err, ErrElsewhere) {
			return err
		}
		if st, err = s.state(); err != nil || st.Indices == nil {
			return err
		}
	}
	slots, _ := st.slots()
	if s.opt.Indices == nil {
		return vault.Fail(vault.ChipMissing, "no chip that could have NV indices")
	}
	// What stands at a handle and is not ours is not the cache's, nor what another
	// chip has there.
	if chip != otherChip {
		err = s.opt.Indices.Remove(ctx, slots.Indices.Handles(), g.Owner)
	}
	if err != nil && !errors.Is(err, binding.ErrIndexTaken) && !(g.Leave && errors.Is(err, binding.ErrOwnerAuth)) {
		return chipProblem(err)
	}
	return s.update(func(st *clientState) error {
		if st.Current != nil { // of level B, and stays what it is
			st.Indices = nil
			return nil
		}
		st.dropSlots()
		return nil
	})
}
