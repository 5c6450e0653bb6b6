package cache

import (
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// judge notes what the clocks say.
func (f *finding) judge(st *clientState, now time.Time, clock *binding.Clock) {
	if f.term.Issued.IsZero() || f.verdict.EndedBy != "" {
		return // no lease that holds
	}
	f.verdict = lease.Judge(f.term, f.facts(st, now, clock))
	switch {
	case f.verdict.EndedBy != "":
		f.object(Expired, f.expired())
	case f.verdict.ClockMoved:
		f.object(Expired, &vault.Problem{Cause: vault.ClockMoved, Until: fromUnix(st.LastWall), Detail: "the clock shows an earlier time than at the last opening"})
	}
}

// facts gathers what lease.Judge asks for.
func (f *finding) facts(st *clientState, now time.Time, clock *binding.Clock) lease.Facts {
	return lease.Facts{
		Wall: now, LastWall: fromUnix(st.LastWall), ServerTime: fromUnix(st.ServerTime),
		Clock: clock, Opens: st.Opens.against(f.seq()),
	}
}

// seq returns the number of the lease, 0 where there is none.
func (f *finding) seq() uint64 {
	if f.lease == nil {
		return 0
	}
	return f.lease.Seq
}

func (f *finding) expired() error {
	return &vault.Problem{Cause: vault.Expired, Until: f.verdict.Until, Detail: string(f.verdict.EndedBy)}
}

func (f *finding) lockedOut(now time.Time) error {
	if f.outer != nil && f.record.Slots != nil {
		return triesSpent()
	}
	p := &vault.Problem{Cause: vault.ChipLocked, TriesLeft: new(int)}
	if f.tries.RetryAfter > 0 {
		p.Until = now.Add(f.tries.RetryAfter).UTC().Truncate(time.Second)
	}
	return p
}

// triesSpent says that no try is left at level A, where no time brings one back.
func triesSpent() error {
	return &vault.Problem{Cause: vault.ChipLocked, TriesLeft: new(int), Err: ErrTriesSpent}
}

// endedBy notes that the chip itself refuses: one of its bounds is reached.
func (f *finding) endedBy(by lease.EndedBy, err error) {
	f.verdict.End(f.term, by, true)
	f.object(Expired, &vault.Problem{Cause: vault.Expired, Until: f.verdict.Until, Detail: string(by), Err: err})
}
