package cache

import (
	"context"
	"errors"
	"os"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// blank reports whether nothing was ever cached, or wiped, where the state is
// from. A number that was taken and given up does not count.
func (st *clientState) blank() bool {
	return st.Current == nil && st.Wipe == nil && st.WipedThrough == 0
}

// adopt takes a file into a folder that knows no cache: that of a client that
// was set up anew. What client state would say is taken from the file itself,
// which the chip and the key of the file prove: nobody else could have sealed
// it here. The caller has the lock and the right to write the file.
// FORMAT.md 10.
func (s *Store) adopt(ctx context.Context, path string, r UnlockRequest, before *clientState) (*Opened, error) {
	f, st, err := s.stranger(ctx, path, before)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if f.lease != nil {
		st.Epoch, st.ServerTime = max(st.Epoch, f.lease.Epoch), max(st.ServerTime, int64(f.lease.Issued))
	}
	if err := s.save(st); err != nil {
		return nil, err
	}
	o, err := s.putIn(ctx, r, st, f)
	if err != nil {
		return nil, errors.Join(err, s.restore(before))
	}
	if slots, ok := before.planned(); ok && s.opt.Indices != nil && (f.record.Slots == nil || !sameSlots(slots, *f.record.Slots)) {
		// Nobody will remember them. Where the chip's owner has a password they stay.
		_ = s.opt.Indices.Remove(ctx, slots.Indices.Handles(), nil)
	}
	return o, nil
}

// stranger examines the file as one of which nothing is known, and returns the
// client state in which it would be the current cache. Without an error it would
// be taken, and the caller closes it.
func (s *Store) stranger(ctx context.Context, path string, before *clientState) (_ *finding, _ *clientState, err error) {
	f := &finding{state: Usable}
	if f.outer, err = openOuter(path, s.limits()); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.origin == nil {
		return nil, nil, s.unlabelled(ctx, f)
	}
	if err := s.mayAdopt(f.origin, before); err != nil {
		return nil, nil, err
	}
	st := f.newState()
	if before != nil {
		st.keep(before)
	}
	if err := s.check(ctx, f, st); err != nil {
		return nil, nil, err
	}
	return f, st, f.problem
}

// keep takes over what was known before the file came: of the server, and of
// caches that ended. The file speaks for itself alone.
func (st *clientState) keep(before *clientState) {
	st.Epoch, st.ServerTime, st.LastWall = before.Epoch, before.ServerTime, before.LastWall
	st.Suspended, st.Former = before.Suspended, before.Former
	st.HighestSealed = max(st.HighestSealed, before.HighestSealed)
}

// planned returns the slots of a state, of which there may be none.
func (st *clientState) planned() (slots binding.Slots, ok bool) {
	if st == nil {
		return slots, false
	}
	return st.slots()
}

// unlabelled says what is the matter with a file that does not say whose it is.
func (s *Store) unlabelled(ctx context.Context, f *finding) error {
	elsewhere, err := s.elsewhere(ctx, f.outer)
	if err != nil {
		return err
	}
	if elsewhere.state == Foreign {
		return elsewhere.problem
	}
	return vault.Fail(vault.NoCache, "nothing was ever cached here, and the file does not say which server it is from")
}

// mayAdopt holds the identity that the file names against the one that is
// expected here.
func (s *Store) mayAdopt(o *origin, before *clientState) error {
	pin := s.opt.Pin
	if pin == "" && before != nil && before.Governed {
		pin = lease.Pin(before.Root)
	}
	switch {
	case pin == "":
		return nil
	case len(o.Root) == 0:
		return vault.Fail(vault.IdentityChanged, "the file is of a server that does not govern it")
	case lease.Pin(o.Root) != pin:
		return vault.Fail(vault.IdentityChanged, "the cache is of another server identity")
	}
	return nil
}

// newState returns the client state in which the file is the current cache.
func (f *finding) newState() *clientState {
	r := f.record
	st := &clientState{
		Cache: r.Cache, Governed: r.Governed, Root: f.origin.Root, Keys: f.origin.Keys,
		HighestSealed: r.Generation,
		Current: &installed{
			Generation: r.Generation, SHA256: f.sha256, Device: r.Device, User: f.origin.User, Server: f.origin.Server,
		},
	}
	if r.Level == binding.LevelC {
		st.owe(r.Generation)
	}
	if r.Slots != nil {
		st.Indices = keepSlots(*r.Slots, r.Root)
	}
	return st
}

// restore puts the client state back to what it was before; nil: there was none.
func (s *Store) restore(before *clientState) error {
	if before == nil {
		return s.remove(s.path(stateName))
	}
	return s.save(before)
}

// ready makes the folder, for a client that has none yet.
func (s *Store) ready() error {
	return unwritable(os.MkdirAll(s.opt.Dir, 0o700))
}
