package cache

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// Renewal says what Renew did.
type Renewal struct {
	Lease *lease.Lease // the one that holds now
	// Shortened reports that it ends before the one before it. This client takes
	// that one no more; the file with it, put back with the client state of
	// then, opens until its end: so the next chance to make a new generation is
	// to be taken.
	Shortened bool
}

// Renew takes a lease that the server has issued anew for the generation in
// place, and needs no password and no chip. The lease with the highest number
// holds; an older one changes nothing. Errors: NoCache, Busy, Damaged (the
// lease is false or for something else), Wiped, Revoked, Superseded, ReadOnly.
func (s *Store) Renew(ctx context.Context, token string) (Renewal, error) {
	if err := s.enter(ctx); err != nil {
		return Renewal{}, err
	}
	defer s.release()
	st, err := s.state()
	if err != nil {
		return Renewal{}, err
	}
	if err := s.present(st); err != nil {
		return Renewal{}, err
	}
	f := &finding{state: Usable}
	if f.outer, err = readOuter(s.path(cacheName), s.limits()); err != nil {
		return Renewal{}, err
	}
	f.checkPlace(st)
	switch r := f.record; {
	case f.problem != nil:
		return Renewal{}, f.problem
	case !r.Governed:
		return Renewal{}, vault.Fail(vault.Damaged, "no server governs this cache")
	case r.Generation <= st.WipedThrough:
		return Renewal{}, st.wipeProblem()
	case st.Current != nil && r.Generation < st.Current.Generation:
		return Renewal{}, vault.Fail(vault.Superseded, "generation %d, the current one is %d", r.Generation, st.Current.Generation)
	}
	f.checkLease(s, st)
	// An epoch that is over, or a lease that is, is what renewal is for.
	if f.problem != nil && f.state != Revoked && f.state != Expired && f.state != KeyRequired {
		return Renewal{}, f.problem
	}
	keys, err := st.keySet()
	if err != nil {
		return Renewal{}, err
	}
	l, err := f.verify(token, keys)
	switch {
	case err != nil:
		return Renewal{}, err
	case l.Epoch < st.Epoch:
		return Renewal{}, vault.Fail(vault.Revoked, "lease of epoch %d, the server is in %d", l.Epoch, st.Epoch)
	case l.Seq <= f.lease.Seq || st.Floor.below(l):
		return Renewal{Lease: f.lease}, nil
	}
	shorter := endsBefore(l, f.lease)
	if shorter || stricter(l, f) { // before the sidecar: dying in between leaves no lease, and not the longer one
		if err := s.update(func(st *clientState) error { st.Floor = floor{l.Generation, l.Seq}; return nil }); err != nil {
			return Renewal{}, err
		}
	}
	if err := s.writeSidecar(token); err != nil {
		return Renewal{}, err
	}
	// The server was met: what this computer's clock showed before counts no more.
	err = s.update(func(st *clientState) error {
		st.LastWall = s.opt.Now().Unix()
		st.ServerTime = max(st.ServerTime, int64(l.Issued))
		st.Epoch = max(st.Epoch, l.Epoch)
		return nil
	})
	return Renewal{Lease: l, Shortened: shorter}, err
}

// stricter reports whether l forbids what the lease that holds allows, or wants a
// security key that the cache has not.
func stricter(l *lease.Lease, f *finding) bool {
	now, before := l.Policy, f.lease.Policy
	return f.record.Factor == nil && now.SecurityKey == lease.KeyRequired && before.SecurityKey != lease.KeyRequired ||
		before.Export && !now.Export || before.Copy && !now.Copy || before.Reveal && !now.Reveal ||
		before.OfflineEdits != lease.EditsOff && now.OfflineEdits == lease.EditsOff ||
		fewer(now.Opens, before.Opens) || fewer(now.Tries, before.Tries)
}

// fewer compares two limits, of which 0 is none.
func fewer(a, b uint32) bool { return a != 0 && (b == 0 || a < b) }

// endsBefore reports whether some clock ends a before b.
func endsBefore(a, b *lease.Lease) bool {
	if a.Chip == nil || b.Chip == nil { // level C; both are for the same record
		return a.Expires < b.Expires
	}
	return a.Expires < b.Expires || a.Chip.Bounds.ClockMS < b.Chip.Bounds.ClockMS || a.Chip.Bounds.Resets < b.Chip.Bounds.Resets
}
