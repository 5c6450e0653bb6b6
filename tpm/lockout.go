package tpm

import (
	"context"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Properties of the shared dictionary-attack lockout, missing in go-tpm, and
// the bits of TPMA_PERMANENT that say that it is on, and that the owner has a
// password. (TCG TPM 2.0 Library, Part 2,
// 6.13 and 8.6.)
const (
	ptLockoutCounter tpm2.TPMPT = 0x20e // then maxAuthFail, interval, recovery
	permanentOwner   uint32     = 1 << 0
	permanentLockout uint32     = 1 << 9
)

// What we ask of the shared lockout before a cache counts on it.
const (
	// minTries: below, an ordinary person's typing locks the whole machine;
	// swtpm and some laptops come with 3.
	minTries = 8
	// maxInterval: with more, one typo is remembered for the day. Firmware of
	// one maker has exactly these two hours.
	maxInterval = 2 * time.Hour
	// maxSitting: Windows lets a standard user fail 4 times in 480 minutes
	// before it refuses by itself.
	maxSitting = 3
)

// lockout is the state of the shared lockout.
type lockout struct {
	failed, max uint32
	interval    time.Duration // after which one failure is forgiven
	locked      bool
	ownerAuth   bool // the owner's password, which has nothing to do with the lockout, is set
}

// lockout reads the state, which needs no authorisation and costs no try.
func (o *operation) lockout() (lockout, error) {
	v, err := o.properties(ptLockoutCounter, 3)
	if err != nil {
		return lockout{}, err
	}
	permanent, err := o.property(tpm2.TPMPTPermanent)
	if err != nil {
		return lockout{}, err
	}
	return lockout{
		failed: v[0], max: v[1], interval: time.Duration(v[2]) * time.Second,
		locked: permanent&permanentLockout != 0, ownerAuth: permanent&permanentOwner != 0,
	}, nil
}

// weakness says in a word of binding.Machine why no cache should count on this
// lockout; empty if it may. An interval of 0 switches the lockout off.
func (l lockout) weakness() string {
	switch {
	case l.interval == 0:
		return binding.BlockedOff
	case l.max < minTries:
		return binding.BlockedTries
	case l.interval > maxInterval:
		return binding.BlockedInterval
	}
	return ""
}

// tries is how many failures we may still cause: half of what the chip allows,
// as the rest belongs to the other programs of the machine.
func (l lockout) tries() binding.Tries {
	half := l.max / 2
	t := binding.Tries{Known: true, Failed: int(l.failed), Forgives: l.interval}
	if !l.locked && l.failed < half {
		t.Left = int(half - l.failed)
		t.Sitting = min(t.Left, maxSitting, int(l.max/4))
		return t
	}
	over := l.failed - min(l.failed, half) + 1
	t.RetryAfter = time.Duration(over) * l.interval
	return t
}

// Tries says how many wrong passwords a cache of level B may still send. On a
// chip whose shared lockout is too tight or off (level B0) they are not Known.
// Reading costs no try.
func (c *Chip) Tries(ctx context.Context) (binding.Tries, error) {
	var tries binding.Tries
	err := c.do(ctx, job{"read tries", nil, func(o *operation) error {
		lock, err := o.lockout()
		if err != nil {
			return err
		}
		if lock.weakness() == "" {
			tries = lock.tries()
		}
		return nil
	}})
	return tries, err
}
