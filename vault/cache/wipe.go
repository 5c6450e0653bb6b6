package cache

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
)

// Reason says why a cache is cleared; the text reaches disk and journal.
type Reason string

// The reasons. After ByUser there is no cache; after the others there is one
// in state wiped or revoked until the next is made.
const (
	ByUser    Reason = "user"
	ByOrder   Reason = "order"   // the server ordered a wipe, or a lease ended that is to be wiped
	ByRevoked Reason = "revoked" // the server revoked the device or the user
)

// Clear wipes the cache: after it returns nil, no file of this Store opens,
// and neither does an older copy that is put back. The journal stays, with an
// event about the clearing. A process that dies half-way leaves a mark, and
// whatever comes next finishes. Errors: NoCache, Busy, ReadOnly (not wiped),
// NoSecretStore (the files are gone, the keychain's item is not).
//
// At level A the chip's counter is stepped first, which ends every copy
// anywhere; Receipt tells the server. There ReadOnly with that Detail means that
// nothing opens any more, though files are left; ChipMissing and Busy that the
// files are gone, and copies of them end when the program next starts;
// OtherMachine that nothing opens any more and the chip gives no receipt.
func (s *Store) Clear(ctx context.Context, why Reason) error {
	if !exists(s.opt.Dir) {
		return vault.Fail(vault.NoCache, "%s", s.opt.Dir)
	}
	if err := s.enter(ctx); errors.Is(err, vault.ReadOnly) {
		return s.killUnmarked(ctx, err)
	} else if err != nil {
		return err
	}
	defer s.release()
	st, err := s.load()
	switch {
	case errors.Is(err, vault.Damaged), errors.Is(err, vault.Hostile):
		return s.startOver(ctx)
	case errors.Is(err, vault.NoCache) && exists(s.path(cacheName)): // without client state it does not open, but it is there
		return errors.Join(s.forgetInPlace(), s.killInPlace(ctx), s.remove(s.wipeList()...))
	case err != nil:
		return err
	}
	if st.Current == nil && st.Next == nil && !exists(s.path(cacheName)) && !s.sealedA(ctx, st) {
		return s.reasonOnly(ctx, st, why)
	}
	if g := st.newest(); g != nil {
		// A journal that cannot be written stops no wipe: its absence shows in the chain.
		_ = s.note(g.Device, audit.Event{Type: audit.Clear, Detail: string(why), Generation: g.Generation})
	}
	if err := s.markWiped(why); err != nil {
		err = s.killUnmarked(ctx, err)
		// A full disk may take the mark once the files are gone.
		if err := errors.Join(err, s.remove(s.wipeList()...)); !errors.Is(err, vault.ReadOnly) {
			return err
		}
		if s.markWiped(why) != nil {
			return err
		}
	}
	return s.finishWipe(ctx)
}

// startOver clears where the client state cannot be read, which opens nothing
// any more: the files go, and the state is set aside. What is made next has
// another cache id, so that no number is sealed twice for one.
func (s *Store) startOver(ctx context.Context) error {
	killed := s.killInPlace(ctx)
	_ = s.forgetInPlace() // a file that cannot be read names no item
	if err := s.remove(s.wipeList()...); err != nil {
		return err
	}
	if err := s.opt.Disk.Rename(s.path(stateName), s.path(damagedStateName)); err != nil {
		return unwritable(err)
	}
	return errors.Join(unwritable(s.opt.Disk.SyncDir(s.opt.Dir)), killed)
}

// sealedA reports that a number was sealed at level A and neither committed nor
// wiped: a copy of what was being written opens for whoever steps the counter to
// that number.
func (s *Store) sealedA(ctx context.Context, st *clientState) bool {
	return st.HighestSealed > st.WipedThrough && s.armed(ctx, st)
}

// reasonOnly handles clearing where there is nothing to clear: what a user
// clears after a wipe by order is the memory of it.
func (s *Store) reasonOnly(ctx context.Context, st *clientState, why Reason) error {
	if err := s.kill(ctx); err != nil { // of a wipe before, when the chip was away
		return err
	}
	if s.claim() == nil { // else the items are those of a generation that is being made
		err := s.tidy()
		s.unclaim()
		if err != nil {
			return err
		}
	}
	if st.Wipe == nil || st.Wipe.Reason == ByUser || why != ByUser {
		return s.present(st)
	}
	return s.update(func(st *clientState) error { st.Wipe.Reason = ByUser; return nil })
}

// markWiped makes durable that nothing sealed so far may open. FORMAT.md 9.
func (s *Store) markWiped(why Reason) error {
	return s.update(func(st *clientState) error {
		w := &wiped{Reason: why, At: s.opt.Now().Unix(), Pending: true}
		if g := st.newest(); g != nil {
			w.User, w.Server = g.User, g.Server
		}
		st.WipedThrough, st.Wipe = st.HighestSealed, w
		st.Current, st.Next, st.Opens = nil, nil, opens{}
		st.Suspended, st.Floor = 0, floor{}
		if st.Indices != nil {
			st.Indices.Kill, st.Indices.Root = true, s.slotsRoot(st)
		}
		return nil
	})
}

// finishWipe ends the generations in the chip, at level A, and deletes the
// files. Where the chip cannot be asked the files go all the same.
func (s *Store) finishWipe(ctx context.Context) error {
	killed := s.kill(ctx)
	if err := s.deleteWiped(); err != nil {
		return err
	}
	return killed
}

// deleteWiped deletes the files, takes the mark off, and deletes the items.
func (s *Store) deleteWiped() error {
	if err := s.remove(s.wipeList()...); err != nil {
		return err
	}
	if err := s.update(func(st *clientState) error {
		if st.Wipe != nil {
			st.Wipe.Pending = false
		}
		return nil
	}); err != nil {
		return err
	}
	return s.tidy()
}

// wipeList names what a wipe deletes, in its order.
func (s *Store) wipeList() []string {
	return []string{
		s.path(cacheName + newSuffix), s.path(cacheName), s.path(sidecarName + newSuffix), s.path(sidecarName),
		s.path(overlayName + newSuffix), s.path(overlayName),
	}
}

// newest returns the generation that is, or is about to be, in place.
func (st *clientState) newest() *installed {
	if st.Current == nil {
		return st.Next
	}
	return st.Current
}
