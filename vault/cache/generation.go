package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// rehearse is prove at level A, where `.new` does not open before its commit,
// and after that nothing else does: the whole of Unlock but for the counter and
// the unsealing, then the file with the machine secret that is in it.
func (p *Pending) rehearse(ctx context.Context, report Report) error {
	s := p.store
	st, err := s.state()
	if err != nil {
		return err
	}
	st.Opens, st.LastWall = opens{}, 0 // those of the old generation
	f, err := s.examineAs(ctx, s.path(cacheName+newSuffix), st, &finding{state: Usable, ahead: true})
	if err != nil {
		return err
	}
	defer f.close() // before the rename, which some systems refuse to an open file
	if f.problem != nil {
		return fmt.Errorf("rehearse the new generation: %w", f.problem)
	}
	x, err := s.indexed(*f.record.Slots)
	if err != nil {
		return err
	}
	err = x.Rehearse(ctx, binding.SealedUse{Object: f.record.Object, Terms: f.record.terms(), Approval: f.approval, Auth: p.creds.auth})
	if errors.Is(err, binding.ErrWrongAuth) {
		return fmt.Errorf("rehearse the new generation: %w", s.wrongPassword(ctx, f))
	}
	if err != nil {
		return fmt.Errorf("rehearse the new generation: %w", f.refused(err))
	}
	opener, err := p.opener()
	if err != nil {
		return err
	}
	key := p.creds.key(opener)
	defer key.Wipe()
	doc, err := s.readInner(ctx, f, key)
	if err != nil {
		return fmt.Errorf("rehearse the new generation: %w", err)
	}
	defer doc.Wipe()
	if n := doc.Root.Count(); n != report.Entries {
		return vault.Fail(vault.Damaged, "%d entries were written, %d can be read", report.Entries, n)
	}
	return nil
}

// commitA makes the generation the one that opens: the counter's last step is
// the commit point. began reports that the counter may have moved: then `.new`
// stays, and the next start finishes. FORMAT.md 7.1.
func (p *Pending) commitA(ctx context.Context) (began bool, err error) {
	s := p.store
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st, err := s.load()
	if err != nil {
		return false, err
	}
	switch {
	case p.record.Generation <= st.WipedThrough:
		return false, st.wipeProblem()
	case st.Suspended != 0:
		return false, &vault.Problem{Cause: vault.Suspended, Detail: "since " + fromUnix(st.Suspended).Format(time.RFC3339)}
	}
	x, err := s.indexed(*p.record.Slots)
	if err != nil {
		return false, err
	}
	if err := x.Commit(ctx, p.record.Generation); err != nil {
		return true, fmt.Errorf("commit generation %d: %w", p.record.Generation, chipProblem(err))
	}
	st.LastWall = s.opt.Now().Unix()
	return true, s.putCommitted(st)
}

// putCommitted puts `.new` in place once the counter is at its number, and
// notes it in st. If it fails, the next start does it. The caller has stateMu.
func (s *Store) putCommitted(st *clientState) error {
	disk := s.opt.Disk
	if err := disk.Rename(s.path(cacheName+newSuffix), s.path(cacheName)); err != nil {
		return unwritable(err)
	}
	if err := disk.SyncDir(s.opt.Dir); err != nil {
		return unwritable(err)
	}
	st.settle(st.Next.Generation)
	if err := s.save(st); err != nil {
		return err
	}
	_ = s.remove(s.path(sidecarName), s.path(overlayName)) // they count as absent, being of another generation
	return nil
}

// announced returns what `.new` says, if it is the file of level A that the
// client state announces; else nil.
func (s *Store) announced(st *clientState) *outer {
	if st.Indices == nil || st.Next == nil || st.Next.Generation <= st.WipedThrough {
		return nil
	}
	o, err := readOuter(s.path(cacheName+newSuffix), s.limits())
	if err != nil || o.record.Slots == nil || o.record.Generation != st.Next.Generation || o.sha256 != st.Next.SHA256 {
		return nil
	}
	return o
}

// resolve decides about a `.new` that was left behind: the counter says whether
// it was committed. keep reports that it must stay, or that it is in place now.
// FORMAT.md 8.
func (s *Store) resolve(ctx context.Context, st *clientState) (keep bool, err error) {
	o := s.announced(st)
	if o == nil {
		return false, nil
	}
	next := o.record.Generation
	counter, x, err := s.counter(ctx, st)
	switch {
	case errors.Is(err, binding.ErrNoIndices), errors.Is(err, binding.ErrTampered):
		return false, nil // nothing of level A opens any more
	case err != nil:
		return true, nil //nolint:nilerr // it cannot be told now: the next who takes the lock asks again
	}
	last := s.lastA(st)
	begun := last != 0 && counter > last && counter < next // between two steps
	switch {
	case counter == next:
	case begun && st.Suspended == 0:
		if err := x.Commit(ctx, next); err != nil {
			return true, nil //nolint:nilerr // as above
		}
	default:
		return begun, nil
	}
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	if st, err = s.load(); err != nil {
		return true, err
	}
	if st.Next == nil || st.Next.Generation != next { // cleared while the chip was asked
		return false, nil
	}
	return true, s.putCommitted(st)
}

// lastA returns the generation at which the counter was left: the current one, or
// 0 where that is below level A, and the counter never was at it. What counts is
// what was committed, not what lies in its place: that may be lost, or an older one.
func (s *Store) lastA(st *clientState) uint64 {
	if st.Current == nil || st.Current.Generation <= st.WipedThrough {
		return 0
	}
	o, err := readOuter(s.path(cacheName), s.limits())
	if err == nil && o.record.Generation == st.Current.Generation && o.record.Slots == nil {
		return 0
	}
	return st.Current.Generation
}

// counter asks the chip which generation opens.
func (s *Store) counter(ctx context.Context, st *clientState) (uint64, Indexed, error) {
	slots, ok := st.slots()
	if !ok {
		return 0, nil, binding.ErrNoIndices
	}
	x, err := s.indexed(slots)
	if err != nil {
		return 0, nil, err
	}
	n, err := x.Counter(ctx)
	return n, x, err
}

// inPlace returns the path of the file that counts for whoever only reads: that
// of a commit that nobody has finished, if it is one.
func (s *Store) inPlace(ctx context.Context, st *clientState) string {
	place, next := s.path(cacheName), s.path(cacheName+newSuffix)
	o := s.announced(st)
	if o == nil {
		return place
	}
	counter, _, err := s.counter(ctx, st)
	if err == nil && counter == o.record.Generation || !exists(place) {
		return next
	}
	return place
}
