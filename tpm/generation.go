package tpm

import (
	"context"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// maxSteps is how far the counter is taken in one call. Each sealing that was
// given up leaves one step to make, and each step wears the chip's memory; more
// than this is a damaged state of the client, not a history.
const maxSteps = 1024

// Commit makes n the generation that opens, and kills every other: the counter
// is stepped until it is n. The last step is the commit point. It may be
// repeated after any failure and never passes n. Errors: ErrSuperseded if the
// counter is above n already. One process at a time: two would pass it
// together.
func (x *Indexed) Commit(ctx context.Context, n uint64) error {
	return x.chip.do(ctx, job{"commit", &x.chip.cache, func(o *operation) error {
		at, err := x.readCounter(o)
		if err != nil {
			return err
		}
		if at > n {
			return fmt.Errorf("%w: the counter is at %d, past %d", binding.ErrSuperseded, at, n)
		}
		if n-at > maxSteps {
			return fmt.Errorf("generation %d is more than %d steps after %d", n, maxSteps, at)
		}
		if at, err = x.stepTo(o, at, n); err == nil && at != n {
			err = fmt.Errorf("%w: the counter is at %d, somebody else has stepped it past %d", binding.ErrSuperseded, at, n)
		}
		return err
	}})
}

// Wipe makes every copy of every generation up to highestSealed unopenable, the
// one after the present as well: the counter takes two steps at least, and
// until it is above highestSealed. It returns the counter, for the caller's
// note; the server believes a Certify. The caller has made its wipe marker
// durable before. It needs neither owner nor password, nor the PIN indices. It
// may be repeated, and then takes more steps than needed, which harms nothing.
// With ErrNoIndices the counter is gone: nothing opens, as one that is made
// anew starts higher, but there is no receipt, so the caller says "not wiped".
func (x *Indexed) Wipe(ctx context.Context, highestSealed uint64) (uint64, error) {
	var at uint64
	taken := uint64(0)
	err := x.chip.do(ctx, job{"wipe", &x.chip.cache, func(o *operation) error {
		var err error
		if at, err = x.readCounter(o); err != nil {
			return err
		}
		// What lies too far ahead was never approved: two steps kill all that was.
		to := at + 2 - min(2, taken)
		far := highestSealed >= to+maxSteps
		if highestSealed >= to && !far {
			to = highestSealed + 1
		}
		start := at
		at, err = x.stepTo(o, at, to)
		taken += at - start
		if err == nil && far {
			err = fmt.Errorf("highest sealed generation %d is more than %d steps after %d", highestSealed, maxSteps, at)
		}
		return err
	}})
	return at, err
}

// readCounter opens the root and reads the counter, if it is the cache's.
func (x *Indexed) readCounter(o *operation) (uint64, error) {
	if err := o.openRoot(); err != nil {
		return 0, err
	}
	if err := x.presentOne(o, binding.Counter); err != nil {
		return 0, err
	}
	return x.counter(o)
}

// stepTo steps the counter from at until it is n, and returns where it is.
func (x *Indexed) stepTo(o *operation, at, n uint64) (uint64, error) {
	for at < n {
		if err := x.increment(o, true); err != nil {
			return at, err
		}
		next, err := x.counter(o)
		if err != nil {
			return at, err
		}
		if next <= at {
			return at, &failure{stepIncrement, fmt.Errorf("counter was at %d and is at %d", at, next)}
		}
		at = next
	}
	return at, nil
}

// increment takes one step; written is whether it is not the first one.
func (x *Indexed) increment(o *operation, written bool) error {
	n := indexOf(x.slots.Indices, binding.Counter, written)
	_, err := run(o, stepIncrement, tpm2.NVIncrement{AuthHandle: n.auth(o.proving(x.slots.CounterAuth)), NVIndex: n.named()})
	return err
}
