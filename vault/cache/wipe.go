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
func (s *Store) Clear(_ context.Context, why Reason) error {
	if !exists(s.opt.Dir) {
		return vault.Fail(vault.NoCache, "%s", s.opt.Dir)
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.release()
	st, err := s.load()
	switch {
	case errors.Is(err, vault.Damaged), errors.Is(err, vault.Hostile):
		return s.startOver()
	case errors.Is(err, vault.NoCache) && exists(s.path(cacheName)): // without client state it does not open, but it is there
		return errors.Join(s.forgetInPlace(), s.remove(s.wipeList()...))
	case err != nil:
		return err
	}
	if st.Current == nil && st.Next == nil && !exists(s.path(cacheName)) {
		return s.reasonOnly(st, why)
	}
	if g := st.newest(); g != nil {
		// A journal that cannot be written stops no wipe: its absence shows in the chain.
		_ = s.note(g.Device, audit.Event{Type: audit.Clear, Detail: string(why), Generation: g.Generation})
	}
	if err := s.markWiped(why); err != nil {
		// A full disk may take the mark once the files are gone.
		if err := errors.Join(err, s.remove(s.wipeList()...)); !errors.Is(err, vault.ReadOnly) {
			return err
		}
		if err := s.markWiped(why); err != nil {
			return err
		}
	}
	return s.finishWipe()
}

// startOver clears where the client state cannot be read, which opens nothing
// any more: the files go, and the state is set aside. What is made next has
// another cache id, so that no number is sealed twice for one.
func (s *Store) startOver() error {
	_ = s.forgetInPlace() // a file that cannot be read names no item
	if err := s.remove(s.wipeList()...); err != nil {
		return err
	}
	if err := s.opt.Disk.Rename(s.path(stateName), s.path(damagedStateName)); err != nil {
		return unwritable(err)
	}
	return unwritable(s.opt.Disk.SyncDir(s.opt.Dir))
}

// reasonOnly handles clearing where there is nothing to clear: what a user
// clears after a wipe by order is the memory of it.
func (s *Store) reasonOnly(st *clientState, why Reason) error {
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
		return nil
	})
}

// finishWipe deletes the files, takes the mark off, and deletes the items.
func (s *Store) finishWipe() error {
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
