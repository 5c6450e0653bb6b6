package binding

import "time"

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
	BlockedBy    []string // why the level is not higher: stable words, one a reason
}

// Clock is the chip's own time. It stands still while the machine is off.
type Clock struct {
	MS       uint64 // milliseconds of powered time since the chip was last cleared
	Resets   uint32 // starts after which the chip's state was lost: reboots, power cuts
	Restarts uint32 // resumes from sleep
	Safe     bool   // false: the clock may be behind by one saving period after a power cut
}

// Tries is how many wrong passwords may still be sent to the chip.
type Tries struct {
	Left       int           // before we stop asking the chip, not before the chip stops; 0 if not Known
	Known      bool          // false: the chip would not say, or has no limit (level B0)
	RetryAfter time.Duration // when Left is 0: until the chip forgives one
}
