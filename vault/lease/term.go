package lease

import (
	"math"
	"time"

	"github.com/tideover/tideover/tpm/binding"
)

// WallTolerance is how far the computer's clock may go back before we say that
// it was moved. The largest innocent step is that of a machine whose other
// system keeps local time in the hardware clock: UTC+14, and an hour of summer
// time. Going back gains nothing: the latest time seen goes on counting.
const WallTolerance = 15 * time.Hour

// Term is the part of a lease that time decides. A cache that no server
// governs has one too, made by the client.
type Term struct {
	Issued    time.Time
	Expires   time.Time      // zero: the calendar does not end it
	PoweredOn time.Duration  // life by the chip's clock; 0: as long as the calendar's
	ClockMS   uint64         // the chip's clock at issue
	Bounds    binding.Bounds // the chip's own bounds; zero: there is no chip
	Opens     int            // openings allowed; 0: not limited
}

// Term returns the term of l.
func (l *Lease) Term() Term {
	t := Term{Issued: l.Issued.Time(), PoweredOn: l.Policy.PoweredOn.Duration(), Opens: int(l.Policy.Opens)}
	if l.Expires != Never {
		t.Expires = l.Expires.Time()
	}
	if l.Chip != nil {
		t.ClockMS, t.Bounds = l.Chip.ClockMS, l.Chip.Bounds
	}
	return t
}

// Facts are what the clocks show now.
type Facts struct {
	Wall       time.Time      // this computer's clock
	LastWall   time.Time      // the latest Wall at which this cache was open; zero: unknown
	ServerTime time.Time      // the latest time in anything the server has signed; zero: unknown
	Clock      *binding.Clock // of the chip that the lease is for; nil: not reachable
	Opens      int            // openings counted against this lease
}

// EndedBy names what ended a lease; the text is what --json prints.
type EndedBy string

// What can end a lease.
const (
	EndedByWall  EndedBy = "wall"
	EndedByClock EndedBy = "tpm_clock"
	EndedByBoots EndedBy = "boots"
	EndedByOpens EndedBy = "opens"
)

// Verdict is what Judge finds.
type Verdict struct {
	EndedBy EndedBy // empty: the lease holds
	// Hard reports that the end is proved by the chip or by the server. What
	// only this computer's clock or our own count says locks, but wipes nothing.
	Hard bool
	// ClockMoved reports that the computer's clock shows an earlier time than
	// it did. The cache stays locked until the clock is right or the server is met.
	ClockMoved bool
	Elapsed    time.Duration // since issue, by the clock that shows most
	Remaining  time.Duration // until the first end that time can bring; 0 if ended
	Unlimited  bool          // no time ends it; Remaining and Until mean nothing
	// Until is when Remaining is over. Of a lease that has ended it is the
	// calendar's end, as it stands in the lease: no clock shows at which moment
	// another end came. Zero: the calendar does not end it.
	Until     time.Time
	OpensLeft *int // nil: not limited
}

// Judge says whether a lease holds. It is the one place where the rules about
// time stand:
//
// Elapsed since issue counts, not absolute time: the most of what the chip's
// clock, the computer's clock and the server's signed times show. So a clock
// that stands still or is set back gains nothing as long as another one runs.
// A computer's clock before the issue is no objection.
func Judge(t Term, f Facts) Verdict {
	wall := later(f.Wall, f.LastWall).Sub(t.Issued)
	server := f.ServerTime.Sub(t.Issued)
	if f.ServerTime.IsZero() {
		server = 0
	}
	var chip time.Duration
	if f.Clock != nil && f.Clock.MS > t.ClockMS {
		chip = milliseconds(f.Clock.MS - t.ClockMS)
	}
	v := Verdict{
		Elapsed:    max(wall, server, chip, 0),
		ClockMoved: !f.LastWall.IsZero() && f.Wall.Before(f.LastWall.Add(-WallTolerance)),
	}

	dated := !t.Expires.IsZero()
	life := t.Expires.Sub(t.Issued)
	spent := func(d time.Duration) bool { return dated && d >= life }
	byClock := f.Clock != nil && (spent(chip) || t.PoweredOn > 0 && chip >= t.PoweredOn ||
		t.Bounds.ClockMS > 0 && f.Clock.MS >= t.Bounds.ClockMS)
	byBoots := f.Clock != nil && t.Bounds.Resets > 0 && f.Clock.Resets >= t.Bounds.Resets
	byOpens := t.Opens > 0 && f.Opens >= t.Opens
	switch {
	case byClock:
		v.EndedBy = EndedByClock
	case byBoots:
		v.EndedBy = EndedByBoots
	case spent(server), spent(wall):
		v.EndedBy = EndedByWall
	case byOpens:
		v.EndedBy = EndedByOpens
	}
	v.Hard = byClock || byBoots || spent(server)
	if t.Opens > 0 {
		left := max(t.Opens-f.Opens, 0)
		v.OpensLeft = &left
	}
	v.remain(t, f, chip)
	return v
}

// remain fills in Remaining, Until and Unlimited: each running clock has an end
// of its own, and the first one counts.
func (v *Verdict) remain(t Term, f Facts, chip time.Duration) {
	var left time.Duration
	found := false
	first := func(d time.Duration) {
		if !found || d < left {
			left, found = d, true
		}
	}
	byWall := t.Expires.Sub(later(f.Wall, f.LastWall))
	if !t.Expires.IsZero() {
		first(byWall)
	}
	if f.Clock != nil {
		if !t.Expires.IsZero() {
			first(t.Expires.Sub(t.Issued) - chip)
		}
		if t.PoweredOn > 0 {
			first(t.PoweredOn - chip)
		}
		if b := t.Bounds.ClockMS; b > f.Clock.MS && b != math.MaxUint64 {
			first(milliseconds(b - f.Clock.MS))
		}
	}
	switch {
	case v.EndedBy != "":
		v.End(t, v.EndedBy, v.Hard)
	case !found:
		v.Unlimited = true
	case !t.Expires.IsZero() && byWall-left < clockJitter:
		v.Remaining, v.Until = left, t.Expires.UTC()
	default:
		v.Remaining, v.Until = left, f.Wall.Add(left).UTC().Truncate(time.Second)
	}
}

// End notes that the lease of t has ended, whatever the clocks said before: the
// chip itself may be the one to say so.
func (v *Verdict) End(t Term, by EndedBy, hard bool) {
	v.EndedBy, v.Hard, v.Remaining, v.Unlimited, v.Until = by, hard, 0, false, time.Time{}
	if !t.Expires.IsZero() {
		v.Until = t.Expires.UTC()
	}
}

// clockJitter is how far the chip's clock and the computer's may run apart
// without another end being told: a machine that was never off would show one
// that wanders from one look to the next.
const clockJitter = time.Minute

// milliseconds stops at the longest time.Duration instead of turning negative.
func milliseconds(ms uint64) time.Duration {
	const most = uint64(1<<63-1) / uint64(time.Millisecond)
	return time.Duration(min(ms, most)) * time.Millisecond
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
