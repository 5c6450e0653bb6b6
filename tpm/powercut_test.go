package tpm_test

import (
	"fmt"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// interrupted is one call that the power is cut in, at each of its commands.
type interrupted struct {
	before func(*copyproof)       // makes what the call needs
	call   func(*copyproof) error // the call
	after  func(*copyproof)       // does what FORMAT.md, section 13, says, and looks at what came of it
}

// leastCommands is fewer than any call here sends.
const leastCommands = 4

// cutEverywhere runs the call until the cut comes after its last command: once
// the n-th command is done, but before anybody hears of it. A cut before the
// next one leaves the chip in the same state.
func cutEverywhere(c *copyproof, i interrupted) {
	c.t.Helper()
	p := newProxy(c.t, c.machine)
	direct := c.chip
	behind := open(c.t, p.spec)
	for n := 0; ; n++ {
		c.attach(direct)
		i.before(c)
		c.attach(behind)
		commands, cut := 0, false
		p.on(func(command []byte, ask func([]byte) []byte) []byte {
			if commands++; commands != max(n, 1) {
				return nil
			}
			if cut = true; n > 0 {
				ask(command)
			}
			c.machine.PowerCut()
			return []byte{}
		}, nil)
		err := i.call(c)
		last := p.last()
		p.on(nil, nil)
		if err != nil && cut { // a cut while it cleans up is no failure of the call
			wants(c.t, fmt.Sprintf("cut after %d commands", n), err, binding.ErrUnavailable)
		} else if err != nil {
			c.t.Errorf("uncut: %v", err)
		}
		c.attach(direct)
		i.after(c)
		if c.t.Failed() {
			c.t.Fatalf("cut after %d commands, the last %#x", n, uint32(last))
		}
		if !cut {
			if n <= leastCommands {
				c.t.Errorf("the call had %d commands only", n-1)
			}
			nothingLoaded(c.t, c.machine)
			return
		}
	}
}

// last is the last command that was seen.
func (p *proxy) last() tpm2.TPMCC {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.commands) == 0 {
		return 0
	}
	return p.commands[len(p.commands)-1]
}

// endless is far more than the cuts of a test.
func (c *copyproof) endless() {
	c.t.Helper()
	c.approve(24*hour, 10_000)
}

// reseal prepares the next generation but one, whose commit takes two steps, and
// returns what is in use and what would be. Nothing ends either.
func (c *copyproof) reseal() (present, pending binding.SealedUse) {
	c.t.Helper()
	c.endless()
	present = c.use
	c.seal() // given up
	c.seal()
	c.endless()
	return present, c.use
}

func TestPowerCutAtEveryCommand(t *testing.T) {
	nothing := func(*copyproof) {}
	stillOpens := func(c *copyproof) {
		c.t.Helper()
		c.opens()
		if got := c.failed(); got != 0 {
			c.t.Errorf("%d tries are used", got)
		}
	}
	for name, i := range map[string]interrupted{
		"seal": {nothing, func(c *copyproof) error {
			c.highest = binding.NextGeneration(c.counterOf(), c.highest)
			_, err := c.x.Seal(c.t.Context(), c.slots.Indices.Terms(c.highest), nil, secret)
			return err
		}, stillOpens},
		"check":  {nothing, (*copyproof).check, stillOpens},
		"unseal": {nothing, func(c *copyproof) error { _, err := c.unseal(rightAuth); return err }, stillOpens},
		"rehearse": {nothing, func(c *copyproof) error {
			return c.x.Rehearse(c.t.Context(), c.use)
		}, stillOpens},
		"write": {nothing, func(c *copyproof) error { return c.write(binding.PinFail, 0, testTries) }, func(c *copyproof) {
			stillOpens(c)
			if err := c.write(binding.PinFail, 0, testTries); err != nil {
				c.t.Error(err)
			}
		}},
		"rekey": {nothing, func(c *copyproof) error { return c.x.Rekey(c.t.Context(), rightAuth, c.permit) }, func(c *copyproof) {
			if err := c.x.Rekey(c.t.Context(), rightAuth, c.permit); err != nil {
				c.t.Error(err)
			}
			stillOpens(c)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := committed(t, false)
			c.endless()
			cutEverywhere(c, i)
		})
	}
}

// counterOf is the counter without a connection of its own in the way.
func (c *copyproof) counterOf() uint64 { return c.use.Terms.Generation }

// The journal's entry is durable before an open is counted, so there are never
// more opens than entries.
func TestPowerCutAndTheBudget(t *testing.T) {
	t.Parallel()
	c := committed(t, true)
	c.endless()
	c.must(c.write(binding.PinPass, 0, 10_000))
	journal := uint32(0)
	c.use.BeforeOpen = func() error { journal++; return nil }
	cutEverywhere(c, interrupted{func(*copyproof) {}, func(c *copyproof) error {
		_, err := c.unseal(rightAuth)
		return err
	}, func(c *copyproof) {
		if opens, err := c.x.Opens(t.Context()); err != nil || opens.Used > journal {
			t.Errorf("%+v, %v, and %d entries in the journal", opens, err, journal)
		}
		c.opens()
	}})
}

// A commit that was cut off goes on where it was: the old generation opens up
// to its first step, the new one from its last step on, and it never passes.
func TestPowerCutInCommit(t *testing.T) {
	t.Parallel()
	c := committed(t, false)
	var old, fresh binding.SealedUse
	cutEverywhere(c, interrupted{func(c *copyproof) {
		old, fresh = c.reseal()
	}, func(c *copyproof) error { return c.x.Commit(c.t.Context(), fresh.Terms.Generation) }, func(c *copyproof) {
		at := c.counter()
		for _, use := range []binding.SealedUse{old, fresh} {
			c.use = use
			if err, alive := c.check(), at == use.Terms.Generation; alive != (err == nil) {
				t.Errorf("counter at %d, check of generation %d: %v", at, use.Terms.Generation, err)
			}
		}
		if err := c.x.Commit(t.Context(), fresh.Terms.Generation); err != nil {
			t.Error(err)
		}
		if got := c.counter(); got != fresh.Terms.Generation {
			t.Errorf("counter at %d, want %d", got, fresh.Terms.Generation)
		}
		c.use = fresh
		c.opens()
	}})
}

// A wipe that was cut off is repeated, and then nothing opens, whatever was
// sealed.
func TestPowerCutInWipe(t *testing.T) {
	t.Parallel()
	c := committed(t, false)
	var present, pending binding.SealedUse
	cutEverywhere(c, interrupted{func(c *copyproof) {
		present, pending = c.reseal()
	}, func(c *copyproof) error { _, err := c.x.Wipe(c.t.Context(), c.highest); return err }, func(c *copyproof) {
		if at, err := c.x.Wipe(t.Context(), c.highest); err != nil || at <= c.highest {
			t.Errorf("wiped to %d of %d, %v", at, c.highest, err)
		}
		for _, use := range []binding.SealedUse{present, pending} {
			c.use = use
			c.refused(binding.ErrSuperseded)
		}
		c.renew()
	}})
}

// Provisioning that was cut off is repeated with the same slots, and removing
// leaves nothing.
func TestPowerCutInProvisioning(t *testing.T) {
	t.Parallel()
	m := tpmtest.Start(t)
	c := planned(t, m, true)
	provision := func(c *copyproof) error { return c.chip.Provision(c.t.Context(), c.slots, nil) }
	remove := func(c *copyproof) error {
		return c.chip.Remove(c.t.Context(), c.slots.Indices.Handles(), nil)
	}
	none := func(c *copyproof) {
		if err := remove(c); err != nil {
			t.Error(err)
		}
		if found, err := c.chip.Indices(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("left: %+v, %v", found, err)
		}
	}
	cutEverywhere(c, interrupted{func(*copyproof) {}, provision, func(c *copyproof) {
		if err := provision(c); err != nil {
			t.Error(err)
		}
		c.level(binding.LevelB, binding.BlockedUnwritten)
		none(c)
	}})
	cutEverywhere(c, interrupted{func(c *copyproof) { c.must(provision(c)) }, remove, none})
}

// A first write that was cut off has been done or not, and the index says
// which.
func TestPowerCutInFirstWrite(t *testing.T) {
	t.Parallel()
	c := planned(t, tpmtest.Start(t), false)
	cutEverywhere(c, interrupted{
		func(c *copyproof) { c.must(c.chip.Provision(c.t.Context(), c.slots, nil)) },
		func(c *copyproof) error { return c.write(binding.PinFail, 0, testTries) },
		func(c *copyproof) {
			if err := c.write(binding.PinFail, 0, testTries); err != nil {
				t.Error(err)
			}
			c.level(binding.LevelA)
			if tries, err := c.x.Tries(t.Context()); err != nil || tries.Left != testTries {
				t.Errorf("tries: %+v, %v", tries, err)
			}
			c.must(c.chip.Remove(t.Context(), c.slots.Indices.Handles(), nil))
		},
	})
}
