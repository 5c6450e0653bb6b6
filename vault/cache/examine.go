package cache

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// finding is everything that can be known about a cache file without its
// password, and the first reason why it does not open.
type finding struct {
	state   State
	problem error // nil: Usable

	*outer                // nil: the file could not be read
	lease    *lease.Lease // the one that holds; nil: not governed
	term     lease.Term
	policy   lease.Policy
	verdict  lease.Verdict
	approval *binding.Approval
	tries    binding.Tries
	opens    *binding.Opens // that the chip counts; nil: it does not
	answered string         // label of the security key that gave the factor
	ahead    bool           // level A: it is to be committed, and the counter is not there yet
}

// rank is the order in which reasons are reported. FORMAT.md 5.
func (st State) rank() int {
	switch st {
	case Damaged:
		return 1
	case Wiped, Revoked, Suspended:
		return 2
	case Expired:
		return 3
	case Foreign:
		return 4
	case Superseded:
		return 5
	case KeyRequired:
		return 6
	case LockedOut:
		return 7
	}
	return 8
}

// object notes a reason why the cache does not open. The first by rank counts,
// and the first noted of one rank.
func (f *finding) object(st State, err error) {
	if f.problem == nil || st.rank() < f.state.rank() {
		f.state, f.problem = st, err
	}
}

// examine runs the checks of FORMAT.md 5 from 3 to 11, except for the tries
// that the caller wants to keep. It returns an error only for what is no fact
// about the cache: the disk, a chip that is busy, a context that is over, and
// vault.NoCache. Without an error the finding holds the file open, and the
// caller closes it.
func (s *Store) examine(ctx context.Context, path string, st *clientState) (*finding, error) {
	return s.examineAs(ctx, path, st, &finding{state: Usable})
}

// examineAs is examine of a file of which something is known.
func (s *Store) examineAs(ctx context.Context, path string, st *clientState, f *finding) (*finding, error) {
	o, err := openOuter(path, s.limits())
	if err != nil {
		return f, f.take(err)
	}
	f.outer = o
	if err := s.check(ctx, f, st); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// check is examine once the file is open: whatever it finds is about that file.
func (s *Store) check(ctx context.Context, f *finding, st *clientState) error {
	r := f.record
	f.checkPlace(st)
	if f.state == Damaged {
		return nil // no reason comes before it, and nothing in the file counts
	}
	if r.Governed {
		f.checkLease(s, st)
	} else {
		f.policy, f.term = r.Local.Policy, r.term()
		f.checkFactor()
	}
	if err := r.checkObject(); err != nil {
		f.object(Damaged, err)
	}
	if f.state == Damaged {
		return nil
	}
	if r.Generation <= st.WipedThrough {
		f.object(wipedState(st), st.wipeProblem())
	}

	clock, err := f.checkChip(ctx, s)
	if err != nil {
		return err
	}
	f.judge(st, s.opt.Now(), clock)
	if st.Current != nil && r.Generation < st.Current.Generation {
		f.object(Superseded, vault.Fail(vault.Superseded, "generation %d, the current one is %d", r.Generation, st.Current.Generation))
	}
	if clock != nil && r.Slots != nil {
		if err := s.gauge(ctx, f); err != nil {
			return err
		}
	}
	if f.problem == nil && !f.ahead {
		if err := s.checkObject(ctx, f); err != nil {
			return err
		}
	}
	if clock != nil && f.tries.Known && f.tries.Left == 0 {
		f.object(LockedOut, f.lockedOut(s.opt.Now()))
	}
	return nil
}

// checkObject asks the chip, or the keychain, about the sealed object.
func (s *Store) checkObject(ctx context.Context, f *finding) error {
	sealer, err := s.sealer(f.record)
	if err == nil {
		err = sealer.Check(ctx, f.record.Object, f.record.terms(), f.approval)
	}
	if err != nil {
		return f.takeChip(err)
	}
	return nil
}

// gauge reads what the chip's indices count: tries and openings.
func (s *Store) gauge(ctx context.Context, f *finding) error {
	x, err := s.indexed(*f.record.Slots)
	if err != nil {
		return f.takeChip(err)
	}
	if f.tries, err = x.Tries(ctx); err != nil {
		return f.takeChip(err)
	}
	if f.record.Slots.Indices.PinPass == 0 {
		return nil
	}
	opens, err := x.Opens(ctx)
	if err != nil {
		return f.takeChip(err)
	}
	f.opens = &opens
	left := int(opens.Limit - min(opens.Used, opens.Limit))
	if known := f.verdict.OpensLeft; known == nil || left < *known {
		f.verdict.OpensLeft = &left
	}
	if opens.Used >= opens.Limit {
		f.endedBy(lease.EndedByOpens, binding.ErrOpensEnded)
	}
	return nil
}

// elsewhere asks whether the file was made on another machine, whatever else
// is the matter with it: the finding is a new one.
func (s *Store) elsewhere(ctx context.Context, o *outer) (*finding, error) {
	f := &finding{state: Usable, outer: o}
	if _, err := f.checkChip(ctx, s); err != nil {
		return nil, err
	}
	if f.problem == nil && o.record.Level == binding.LevelC {
		if err := s.checkObject(ctx, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// take turns an error of reading into a finding, or returns it.
func (f *finding) take(err error) error {
	for _, c := range []vault.Cause{vault.Damaged, vault.Hostile, vault.Unsupported} {
		if errors.Is(err, c) {
			f.object(Damaged, err)
			return nil
		}
	}
	return err
}

// checkPlace holds the file against the client state: is it the one that was
// put here, for this cache, on this device.
func (f *finding) checkPlace(st *clientState) {
	r := f.record
	if slices.Contains(st.Former, r.Cache) {
		f.object(wipedState(st), st.wipeProblem())
		return
	}
	if r.Cache != st.Cache {
		f.object(Damaged, vault.Fail(vault.Damaged, "the file belongs to another cache"))
	}
	if slots, ok := st.slots(); r.Slots != nil && (!ok || !sameSlots(*r.Slots, slots)) {
		f.object(Damaged, vault.Fail(vault.Damaged, "the file has other NV indices than this cache"))
	}
	if r.Governed != st.Governed {
		f.object(Damaged, vault.Fail(vault.Damaged, "the file and the client state do not agree on who governs it"))
	}
	k := st.known(r.Generation)
	if k != nil && k.SHA256 != f.sha256 {
		f.object(Damaged, vault.Fail(vault.Damaged, "the file is not the one that was written"))
	}
	if k == nil {
		k = st.Current
	}
	if k != nil && k.Device != r.Device {
		f.object(Foreign, vault.Fail(vault.OtherMachine, "made by device %s", r.Device))
	}
}

// checkLease verifies the lease inside the file, and takes the one in the
// sidecar if that holds and is newer.
func (f *finding) checkLease(s *Store, st *clientState) {
	keys, err := st.keySet()
	if err != nil {
		f.object(Damaged, err)
		return
	}
	l, err := f.verify(f.token, keys)
	if err != nil {
		f.object(Damaged, err)
		return
	}
	if token, err := readSidecar(s.path(sidecarName)); err == nil {
		// Whatever is wrong with it, it counts as absent.
		if newer, err := f.verify(token, keys); err == nil && newer.Seq > l.Seq {
			l = newer
		}
	}
	f.lease, f.policy, f.term = l, l.Policy, l.Term()
	if l.Chip != nil {
		a := l.Chip.Approval()
		f.approval = &a
	}
	if l.Epoch < st.Epoch {
		f.object(Revoked, vault.Fail(vault.Revoked, "lease of epoch %d, the server is in %d", l.Epoch, st.Epoch))
	}
	if st.Suspended != 0 {
		f.object(Suspended, &vault.Problem{Cause: vault.Suspended, Detail: "since " + fromUnix(st.Suspended).Format(time.RFC3339)})
	}
	if st.Floor.below(l) { // what took its place ended earlier, and is gone
		f.verdict.End(f.term, lease.EndedByWall, false)
		f.object(Expired, &vault.Problem{Cause: vault.Expired, Detail: "a shorter or stricter lease was taken away"})
	}
	f.checkFactor()
}

// verify reads a lease and holds it against the record.
func (f *finding) verify(token string, keys lease.KeySet) (*lease.Lease, error) {
	l, err := lease.Verify(token, keys)
	if err != nil {
		return nil, err
	}
	return l, f.record.matches(l, f.recordSum)
}

// matches reports a lease that is for something else than r.
func (r *record) matches(l *lease.Lease, recordSum lease.Hash) error {
	for _, c := range []struct {
		what string
		ok   bool
	}{
		{"cache", l.Cache == r.Cache},
		{"device", l.Device == r.Device},
		{"generation", l.Generation == r.Generation},
		{"binding record", l.Record == recordSum},
		{"level", l.Level == r.Level && (l.Chip != nil) == r.Level.Sealed()},
		{"chip", string(l.Root) == string(r.Root)},
	} {
		if !c.ok {
			return vault.Fail(vault.Damaged, "lease: for another %s", c.what)
		}
	}
	if l.Chip == nil {
		return nil
	}
	if err := l.Chip.Approval().Verify(r.terms()); err != nil {
		return vault.Fail(vault.Damaged, "lease: %w", err)
	}
	return nil
}

// term returns what time decides where no server signs a lease.
func (r *record) term() lease.Term {
	return lease.Term{
		Issued: r.Created, Expires: r.Local.Expires, PoweredOn: r.Local.Policy.PoweredOn.Duration(),
		ClockMS: r.Chip.ClockMS, Bounds: r.Local.Bounds, Opens: int(r.Local.Policy.Opens),
	}
}

// checkChip asks the chip who it is. The clock is nil if it is not the one that
// the file is for: another chip's time says nothing. Level C has none.
func (f *finding) checkChip(ctx context.Context, s *Store) (*binding.Clock, error) {
	if !f.record.Level.Sealed() {
		return nil, nil
	}
	chip := s.opt.Chip
	if chip == nil {
		f.object(Foreign, s.noChip())
		return nil, nil
	}
	// Another program may have given the chip a root of its own since.
	has, err := chip.HasRoot(ctx, f.record.Root)
	if err != nil {
		return nil, f.takeChip(err)
	}
	if !has {
		m, err := chip.Machine(ctx)
		if err != nil {
			return nil, f.takeChip(err)
		}
		f.object(Foreign, f.record.anotherChip(ctx, chip, m))
		return nil, nil
	}
	if err := chip.Pin(f.record.Root); err != nil {
		return nil, err
	}
	clock, err := chip.Clock(ctx)
	if err != nil {
		return nil, f.takeChip(err)
	}
	if f.record.Level == binding.LevelB { // at B0 the shared lockout does not count
		if f.tries, err = chip.Tries(ctx); err != nil {
			return nil, f.takeChip(err)
		}
		f.tries = f.tries.Within(int(f.policy.Tries))
	}
	return &clock, nil
}

// wipedState tells the two kinds of wipe apart.
func wipedState(st *clientState) State {
	if st.Wipe != nil && st.Wipe.Reason == ByRevoked {
		return Revoked
	}
	return Wiped
}
