package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// HardwareRequest is what a person gives before the chip of this computer
// changes: its board, its firmware, or the chip itself.
type HardwareRequest struct {
	// Drop agrees that the edits made offline are given up.
	Drop bool
	// Owner is the password of the chip's owner; nil: he has none, as usual.
	Owner []byte
}

// HardwareReady says what LeaveHardware did.
type HardwareReady struct {
	Mode    Mode
	Cleared bool          // there was a cache, and it is gone
	Level   binding.Level // of it; empty: there was none, or the file did not say
	// Untold is why the server does not know of the end of the cache yet; nil: it
	// does, or there is none that would want to. At level A it has the chip's word.
	Untold error
	// Journal is why the server refused the journal; nil: it has it.
	Journal error
	// Kept is why the chip still has the NV indices of this account; nil: it has
	// none of them.
	Kept error
}

// LeaveHardware prepares the current account for a change of the hardware: the
// journal goes up while the key that signs it exists, the cache is cleared, the
// server hears of it, and the chip's NV indices are given back. Afterwards this
// chip holds nothing that anybody could miss; the next one is another device. It
// may be repeated, which does what is left to do.
//
// It needs the server: Unreachable and the like, and nothing is changed; nothing
// but the mode, as ever. Other errors: NotSignedIn if there never was an account,
// Unconfirmed while there are edits without Drop, those of ClearCache, after some
// of which the cache is gone, and the rest was done as far as it can be.
func (s *Session) LeaveHardware(ctx context.Context, r HardwareRequest) (HardwareReady, error) {
	st, err := s.home.load()
	if err != nil {
		return HardwareReady{}, err
	}
	a := st.current()
	switch {
	case a == nil:
		return HardwareReady{}, vault.NotSignedIn
	case s.hasDrafts(st, a) && !r.Drop:
		return HardwareReady{}, vault.Fail(vault.Unconfirmed, "the edits made offline will be dropped")
	}
	remote, err := s.reach(ctx, st, a)
	if err != nil {
		return HardwareReady{}, s.lost(ctx, err)
	}
	ready := HardwareReady{}
	if ready.Journal, err = s.lastContact(ctx, st, a, remote); err != nil {
		return HardwareReady{}, s.lost(ctx, err)
	}
	if st, err = s.home.load(); err != nil { // orders may have come
		return HardwareReady{}, err
	}
	a = st.current()
	// The cache goes whole, or stays: nothing of it is given up half way.
	whole := context.WithoutCancel(ctx)
	left, err := s.clearForGood(whole, st, a, &ready)
	if err != nil {
		return HardwareReady{}, err
	}
	ready.Mode, err = s.happened(whole, CacheEnded, st.Mode == Online, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.Drafts, known.CachedAs = nil, ""
		}
		return nil
	})
	if err != nil {
		return HardwareReady{}, err
	}
	_, ready.Untold = s.lastContact(ctx, st, a, remote)
	ready.Kept = s.giveBack(ctx, a, r.Owner)
	return ready, left
}

// lastContact meets the server, as its user or as the device, and is an error
// where something that this device alone can send did not arrive. What the server
// refuses for good is the first.
func (s *Session) lastContact(ctx context.Context, st *state, a *account, remote Remote) (refused, err error) {
	if srv := st.server(a.Server); srv == nil || srv.Kind != Tideover || a.Device.ID.IsZero() {
		return nil, nil // nobody waits for anything
	}
	err = vault.NotSignedIn
	if a.signedIn(s.now()) && s.resume(ctx, a, remote) == nil {
		refused, err = s.contact(ctx, remote)
	}
	if errors.Is(err, vault.NotSignedIn) {
		refused, err = s.contactAsDevice(ctx, remote)
	}
	if err != nil {
		return refused, err
	}
	st, a, err = s.accountNow(a.Key)
	if err != nil || a == nil || len(a.Device.KeyBlob) == 0 {
		return refused, err // it was revoked, and has sent its last
	}
	if a.Receipt != 0 {
		return refused, vault.Fail(vault.Unreachable, "it does not know yet that the cache is cleared")
	}
	if refused != nil {
		return refused, nil
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return nil, err
	}
	defer done()
	// A contact forgives a way that is lost; here nothing may stay behind.
	err = s.upload(ctx, store, a, remote)
	if err != nil && tolerate(err) != nil {
		return err, nil
	}
	return nil, err
}

// clearForGood clears the cache and notes that the server has to hear of it. left
// is as in cleared.
func (s *Session) clearForGood(ctx context.Context, st *state, a *account, ready *HardwareReady) (left, err error) {
	status, err := s.cacheStatus(ctx, st, a)
	if err != nil || status == nil || gone(status) {
		return nil, err
	}
	if status.Readable {
		ready.Level = status.Level
	}
	done, err := s.clearHere(ctx, st, a, cache.ByUser)
	if err != nil {
		return nil, err
	}
	ready.Cleared = true
	if len(a.Device.KeyBlob) > 0 {
		if _, err := s.home.update(ctx, func(st *state) error {
			if known := st.account(a.Key); known != nil {
				known.Receipt = max(known.Receipt, done.generation)
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if errors.Is(done.left, vault.OtherMachine) { // its counter is gone: it opens nothing any more, either
		return nil, nil
	}
	return done.left, nil
}

// giveBack has the chip delete the NV indices of an account.
func (s *Session) giveBack(ctx context.Context, a *account, owner []byte) error {
	err := s.withStore(a, func(store *cache.Store) error {
		err := store.GiveUpA(ctx, cache.GivingUp{Owner: owner})
		if errors.Is(err, vault.NoCache) { // nothing was ever made here
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("give the chip's indices back: %w", err)
	}
	return nil
}
