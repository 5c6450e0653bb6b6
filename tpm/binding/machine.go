package binding

import (
	"fmt"
	"time"
)

// Object is a sealed object as the chip gave it: the contents of TPM2B_PUBLIC
// and TPM2B_PRIVATE without their two length bytes. Neither is secret; the
// private part is encrypted by the chip for itself.
type Object struct{ Public, Private []byte }

// Machine is what was measured of a chip.
type Machine struct {
	Level        Level
	Virtual      bool   // a software chip, or one reached by an explicit address, whatever it says
	RootName     []byte // Name of the storage root key: names this chip until it is cleared; 34 bytes
	Manufacturer string
	Firmware     string
	BlockedBy    []string // why the level is not higher: the Blocked… words, one a reason
}

// The words of Machine.BlockedBy. They reach disk and wire; never change one.
const (
	BlockedIndices   = "indices"           // not A: no NV indices have been provisioned for the cache
	BlockedForeign   = "indices_foreign"   // not A: other indices than the cache's stand in their places
	BlockedUnwritten = "indices_unwritten" // not A: the server has not yet permitted their first write
	BlockedBinding   = "pin_binding"       // not A: the chip would let anyone test passwords uncounted
	BlockedOwner     = "owner_auth"        // not A: the chip's owner has a password, so indices need an administrator
	BlockedTries     = "lockout_tries"     // not B: the shared lockout sets in after fewer than 8 failures
	BlockedInterval  = "lockout_interval"  // not B: it forgives one failure in more than 2 hours
	BlockedOff       = "lockout_off"       // not B: there is no shared lockout
	BlockedCommand   = "command_"          // no level at all, or with indices not A: followed by the command that the chip lacks
)

// Clock is the chip's own time. It stands still while the machine is off.
type Clock struct {
	MS       uint64 // milliseconds of powered time since the chip was last cleared
	Resets   uint32 // starts after which the chip's state was lost: reboots, power cuts
	Restarts uint32 // resumes from sleep
	Safe     bool   // false: the clock may be behind by one saving period after a power cut
}

// Tries is how many wrong passwords may still be sent to the chip. The shared
// lockout belongs to the whole machine (BitLocker, Windows Hello), so we stop
// at half of what the chip allows.
type Tries struct {
	Left       int           // at B before we stop asking, not before the chip stops; 0 if not Known
	Sitting    int           // most wrong passwords that one sitting should send, at most Left
	Known      bool          // false: no limit that could be kept (level B0), or no right to read it (level A)
	RetryAfter time.Duration // when Left is 0: until it is 1 again by the chip's own forgiving; 0: never by itself
	Failed     int           // wrong passwords: at A since the last right one, at B those of anybody that the chip has not forgiven
	Forgives   time.Duration // at B: after which the chip forgives one; 0 at A
}

// Within returns the tries of level B where no more than limit failures may
// stand, which is what a policy says; 0: it says nothing. The failures are those
// that the chip remembers, so that no copy of a file brings a try back.
func (t Tries) Within(limit int) Tries {
	if !t.Known || limit <= 0 || t.Forgives == 0 {
		return t
	}
	left := max(0, limit-t.Failed)
	if t.Left, t.Sitting = min(t.Left, left), min(t.Sitting, left); left == 0 {
		t.RetryAfter = max(t.RetryAfter, time.Duration(t.Failed-limit+1)*t.Forgives)
	}
	return t
}

// Opens is a budget of opens, counted by the chip (level A with PIN_PASS). It
// counts authorisations, so Used may be above the number of secrets given out,
// and is never above that of journal entries, which come first.
type Opens struct{ Used, Limit uint32 }

// SealedUse is everything that one unsealing needs.
type SealedUse struct {
	Object   Object
	Terms    Terms
	Approval *Approval // nil if the terms are not governed
	Auth     []byte    // value made from the master password: 1 to 32 bytes, none of them zero

	// BeforeOpen is called at level A when the password is found right, before
	// an open is counted and the secret given out: to make the journal's entry
	// durable. Its error ends the opening. It must not call the chip. It may be
	// called again if the chip asks for a repetition. May be nil.
	BeforeOpen func() error
}

// Format prints no field whatever the verb: Auth is a secret.
func (SealedUse) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[sealed use]")) }
