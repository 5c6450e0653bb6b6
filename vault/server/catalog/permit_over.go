package catalog

import (
	"math"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/server/store"
)

// Bounds of how long the session of a permit can still be there, as the reading
// that settles it tells. (tpm/FORMAT.md, section 9.)
const (
	// overClock is how far the chip's clock has gone on since the statement that
	// came with the request: the life of its nonce, in which the session began, and
	// of the permit, each 15 % longer than by our clock, and some seconds.
	overClock = 9 * time.Minute
	// overWall is the life of a permit by our clock, 15 % longer, and some seconds.
	overWall = 3 * time.Minute
)

// isOver reports whether the chip takes a permit no longer, for certain. clock
// is certified by the key that stated the one in p.
func isOver(p *store.Permit, clock binding.Clock, now time.Time) bool {
	if p.ClockMS < 0 || p.Resets < 0 {
		return false
	}
	if int32(clock.Resets-uint32(p.Resets)) > 0 { // differences are all that they say
		return true
	}
	return clock.MS <= math.MaxInt64 && int64(clock.MS)-p.ClockMS >= overClock.Milliseconds() && now.Sub(p.Created) >= overWall
}

// spent reports whether nobody can use the permit of a write that a reading has
// shown: the write was made for certain, as the index holds something else than
// before, or the chip takes the permit no longer.
func (in *asked) spent(last *store.Permit, now time.Time) bool {
	if last.Kind == string(binding.PermitFirstWrite) {
		return true
	}
	before := newestWrite(in.given, binding.IndexKind(last.Index), func(p *store.Permit) bool {
		return !p.ShownAt.IsZero() && p.ID != last.ID
	})
	if before != nil && before.Limit != last.Limit {
		return true
	}
	return isOver(last, binding.Clock{MS: in.chip.ClockMS, Resets: in.chip.Resets}, now)
}

// whenOver says what makes an open write settle, for a message.
func whenOver(p *store.Permit) string {
	if p == nil {
		return ""
	}
	return "; restart this computer, or leave it on until " + p.Created.Add(overClock).UTC().Format("15:04:05 UTC") + ", and try again"
}

// lastWrite returns the newest permit to write an index that was not left unused;
// nil: there is none.
func lastWrite(permits []store.Permit, k binding.IndexKind) *store.Permit {
	return newestWrite(permits, k, func(p *store.Permit) bool { return p.VoidAt.IsZero() })
}

// lastShown returns the newest one that a reading has shown; nil: there is none.
func lastShown(permits []store.Permit, k binding.IndexKind) *store.Permit {
	return newestWrite(permits, k, func(p *store.Permit) bool { return !p.ShownAt.IsZero() })
}

func newestWrite(permits []store.Permit, k binding.IndexKind, fits func(*store.Permit) bool) *store.Permit {
	for i := len(permits) - 1; i >= 0; i-- {
		if p := &permits[i]; p.Index == string(k) && p.Kind != string(binding.PermitRekey) && fits(p) {
			return p
		}
	}
	return nil
}
