package attest

import (
	"time"

	"github.com/tideover/tideover/tpm/binding"
)

// Sighting is a chip's own time as it stated it, and when. The server keeps the
// last one of each device.
type Sighting struct {
	At      time.Time     `json:"at"`      // the server's time; zero: not known
	Asked   time.Time     `json:"-"`       // when the statement's nonce was given out; zero: not known
	Clock   binding.Clock `json:"clock"`   // of the statement
	Counter uint64        `json:"counter"` // level A: the certified generation counter; 0: not known
}

// Verdict says what a second sighting means. The words reach disk and wire.
type Verdict string

// The verdicts, in rising order of alarm.
const (
	Same     Verdict = "same"     // the same chip, since its last start
	Rebooted Verdict = "rebooted" // the same chip, started anew since
	// Overtaken: made before the last sighting, and arrived after it. It says
	// nothing new, and is not to be kept in its place.
	Overtaken Verdict = "overtaken"
	Doubtful  Verdict = "doubtful" // times do not match: perhaps two chips, perhaps a clock that was set or stood still
	Cloned    Verdict = "cloned"   // something went back that never does: a copy, or a snapshot that was put back
)

// Sign says what gave a Verdict. The words reach disk and wire.
type Sign string

// The signs; empty for Same and Rebooted.
const (
	SignCounter  Sign = "counter"  // the generation counter went back
	SignResets   Sign = "resets"   // the number of starts went back
	SignRestarts Sign = "restarts" // the number of resumes went back within one start
	SignClock    Sign = "clock"    // the clock went back further than a power cut takes it
	SignAhead    Sign = "ahead"    // the clock gained more than time passed
	SignBehind   Sign = "behind"   // the clock gained less than time passed, though the machine never slept
)

const (
	// longestSave is the longest time between two saves of the clock, in
	// milliseconds, and so the most that a power cut may take from it: 2^22.
	// (TCG TPM 2.0 Library, Part 2, clock in TPMS_CLOCK_INFO.)
	longestSave = 1 << 22
	// clockPercent is how far a clock may be off. (Part 3, TPM2_ClockRateAdjust.)
	clockPercent = 15
	// network is what lies between a statement and its arrival.
	network = 2 * time.Minute
	// clocksApart is how far the clocks of two instances of one server, and a
	// nonce's time in whole seconds, may be from one another.
	clocksApart = 5 * time.Second
)

// Contact compares the sighting of a chip with the last one of the same
// attestation key. One of two that were made from one is Cloned or Doubtful
// when it makes contact after the other and its own time is behind; one that
// takes the other's place for good is never noticed. (FORMAT.md, section 6.)
// Resets and restarts are compared by difference, so veiled ones serve.
func Contact(last, now Sighting) (Verdict, Sign) {
	starts := int32(now.Clock.Resets - last.Clock.Resets)
	resumes := int32(now.Clock.Restarts - last.Clock.Restarts)
	gained := now.Clock.MS - last.Clock.MS
	lost := last.Clock.MS - now.Clock.MS
	back := now.Clock.MS < last.Clock.MS
	switch {
	case starts == 0 && back && overtaken(last, now, lost):
		return Overtaken, ""
	case now.Counter != 0 && now.Counter < last.Counter:
		return Cloned, SignCounter
	case starts < 0:
		return Cloned, SignResets
	case starts == 0 && resumes < 0:
		return Cloned, SignRestarts
	// Not by Safe: a chip that was cut off before a command changed its state takes
	// its last shutdown for an orderly one, and says safe of a clock that fell back.
	case back && (starts == 0 || lost > longestSave):
		return Cloned, SignClock
	}
	if sign := pace(last, now, gained, back, starts == 0 && resumes == 0); sign != "" {
		return Doubtful, sign
	}
	if starts > 0 {
		return Rebooted, ""
	}
	return Same, ""
}

// overtaken reports whether a clock that went back by lost milliseconds may be
// that of a request which another one of the same machine has overtaken: two
// programs, or a network that holds one back. Its statement was made after its
// nonce was given out, so it is behind by no more than what has passed since.
func overtaken(last, now Sighting, lost uint64) bool {
	if now.Asked.IsZero() || !now.Asked.Before(last.At.Add(clocksApart)) {
		return false
	}
	most := last.At.Sub(now.Asked) + clocksApart
	most += most / 100 * clockPercent
	return lost <= uint64(most/time.Millisecond)
}

// pace compares the chip's clock with the server's. awake: the chip says that
// it has run without a break.
func pace(last, now Sighting, gained uint64, back, awake bool) Sign {
	if last.At.IsZero() || now.At.IsZero() || back {
		return ""
	}
	elapsed := now.At.Sub(last.At)
	// The longest that a duration holds is 292 years; no chip is as old.
	const longest = uint64(1<<63-1) / uint64(time.Millisecond)
	chip := time.Duration(min(gained, longest)) * time.Millisecond
	slack := max(elapsed, 0)/100*clockPercent + network
	switch {
	case chip > elapsed+slack:
		return SignAhead
	case awake && chip < elapsed-slack:
		return SignBehind
	}
	return ""
}
