package session

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// giveUpA ends level A of an account, by the word of a person who has just
// signed in: the cache in place is wiped, the server gets the chip's word on it
// if it takes it, and the indices go. The end of ctx stops only the wait for the
// server: what is cleared is cleared to the end.
func (s *Session) giveUpA(ctx context.Context, a *account, remote Remote, store *cache.Store) error {
	whole := context.WithoutCancel(ctx)
	status, err := store.Status(ctx)
	if err == nil && status.Readable {
		err := store.Clear(whole, cache.ByUser)
		// The one opens nothing any more, either; what the other leaves, it leaves
		// in another computer.
		if err != nil && !errors.Is(err, vault.OtherMachine) && !errors.Is(err, cache.ErrElsewhere) {
			return err
		}
		s.tellClearedOf(ctx, a, remote, status.Generation, store)
	}
	if p, ok := s.permits(a, remote); ok {
		_ = store.Receipt(ctx, p) // the counter goes: what it could say was said now, or never
	}
	if err := store.GiveUpA(whole, cache.GivingUp{Anyway: true, Leave: true}); err != nil && !errors.Is(err, vault.NoCache) {
		return err
	}
	_, err = s.home.update(whole, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.LevelA = false
		}
		return nil
	})
	return err
}

// tellClearedOf tells the server of a wipe, at level A with the chip's word on
// it. The journal has it for later.
func (s *Session) tellClearedOf(ctx context.Context, a *account, remote Remote, number uint64, store *cache.Store) {
	signer, err := s.signer(a)
	if err != nil || number == 0 {
		return // not enrolled: nobody waits for the news
	}
	_ = remote.Cleared(ctx, a.Device.ID, number, clearing(signer, a.Device.ID, number, store)) // see above
}

// clearing returns the signer of the word that a generation is gone: where the
// cache has a counter, that it is past it. Of one that the chip's owner has deleted
// it can say nothing any more, and the files are gone all the same.
func clearing(signer Signer, device vault.ID, number uint64, store *cache.Store) Signer {
	id, err := store.ID()
	if err != nil {
		return signer
	}
	return counting(signer, generation{device, id, number}, func(ctx context.Context, key []byte, qualifying [32]byte) (binding.Statement, error) {
		said, err := store.CertifyCounter(ctx, key, qualifying)
		if errors.Is(err, vault.OtherMachine) {
			err = vault.NoCache
		}
		return said, err
	})
}

// receiptA gives the server the chip's word that nothing opens any more of what
// was wiped at level A, where it waits for it.
func (c *contacting) receiptA(ctx context.Context) error {
	s := c.g.s
	signer, ok := c.signer.(attester)
	if !ok {
		return nil
	}
	st, a, err := s.accountNow(c.account)
	if err != nil || a == nil {
		return err
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return err
	}
	defer done()
	if owed, err := store.ReceiptOwed(); err != nil || !owed {
		return tolerateCache(err)
	}
	err = store.Receipt(ctx, permitsFor(c.remote, c.device, signer))
	switch {
	case err == nil:
		c.g.tell(News{Kind: ReceiptSent})
	case errors.Is(err, vault.NotFound), errors.Is(err, vault.NotPermitted), errors.Is(err, vault.OtherMachine):
		// The server does not know these indices, or this chip, or the counter is
		// gone: nobody waits, or nobody can say it any more.
		err = store.GiveUpA(ctx, cache.GivingUp{Anyway: true, Leave: true})
	}
	if errors.Is(err, vault.ChipMissing) || errors.Is(err, vault.NotSignedIn) {
		return nil // the next contact does it
	}
	return tolerateCache(err)
}

// leaveChip gives a device's indices back that has ended, after its receipt. It
// reports false while the chip has to sign that yet.
func (s *Session) leaveChip(ctx context.Context, a *account) (bool, error) {
	ready := false
	err := s.withStore(a, func(store *cache.Store) error {
		owed, err := store.ReceiptOwed()
		if err != nil || owed {
			return err
		}
		ready = true
		_ = store.GiveUpA(ctx, cache.GivingUp{Leave: true}) // they are of no use, and in nobody's way
		return nil
	})
	return ready, tolerateCache(err)
}

// Refill has the server give the cache of level A new tries where none are left,
// and new openings where they are used up. It is for a person who has just signed
// in with the account password, and who could not be mistaken for whoever has
// guessed so far: the server tells its administrators, and does it twice a day.
//
// Errors: NotSignedIn (sign in again), NoCache where there is none of level A,
// TooManyAttempts with the time from which it is possible again, NotPermitted,
// Unreachable and the like, those of the chip.
func (s *Session) Refill(ctx context.Context) error {
	st, err := s.home.load()
	if err != nil {
		return err
	}
	a := st.current()
	if a == nil {
		return vault.NotSignedIn
	}
	remote, err := s.reach(ctx, st, a)
	if err != nil {
		return err
	}
	if err := s.resume(ctx, a, remote); err != nil {
		return err
	}
	return s.refill(ctx, a, remote, true)
}

// refill is Refill with a token in use. Unless asked, it does only what the chip
// says is needed, and nothing where that is nothing.
func (s *Session) refill(ctx context.Context, a *account, remote Remote, asked bool) error {
	st, a, err := s.accountNow(a.Key)
	if err != nil || a == nil {
		return err
	}
	if problem := a.Device.problem(); problem != nil {
		if asked {
			return problem
		}
		return nil
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return err
	}
	defer done()
	status, err := store.Status(ctx)
	if err != nil || !status.Readable || status.Level != binding.LevelA {
		if asked && (err == nil || errors.Is(err, vault.NoCache)) {
			return vault.Fail(vault.NoCache, "no cache of level A")
		}
		return tolerateCache(err)
	}
	if !asked && !drained(&status) {
		return nil
	}
	server, ok := s.permits(a, remote)
	if !ok {
		return vault.Fail(vault.NotPermitted, "the server does not know this device's chip")
	}
	_, pol, err := governance(ctx, remote)
	if err != nil {
		return err
	}
	err = store.Refill(ctx, cache.LevelA{Server: server, Tries: pol.Tries, Opens: pol.Opens, NewTries: asked && !status.Tries.Known})
	if err == nil {
		s.compareOpens(ctx, store, a, remote)
	}
	return err
}

// drained reports whether only the server can make the cache open again.
func drained(status *cache.Status) bool {
	return status.Tries.Known && status.Tries.Left == 0 || status.Opens != nil && status.Opens.Used >= status.Opens.Limit ||
		status.Verdict.EndedBy == lease.EndedByOpens
}

// clearing is the function of that name, for the account's cache.
func (c *contacting) clearing(a *account) (Signer, error) {
	signer := c.signer
	err := c.g.s.withStore(a, func(store *cache.Store) error {
		signer = clearing(c.signer, c.device, a.Receipt, store)
		return nil
	})
	return signer, err
}

// reportA lets the server read what an interrupted write left unsaid, and reports
// whether it could.
func (c *contacting) reportA(ctx context.Context, a *account) bool {
	signer, ok := c.signer.(attester)
	st, err := c.g.s.home.load()
	if !ok || err != nil {
		return false
	}
	store, done, err := c.g.s.storeInUse(st, a)
	if err != nil {
		return false
	}
	defer done()
	return store.ReportA(ctx, permitsFor(c.remote, c.device, signer)) == nil
}
