package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// shown returns what stands for a device of that level, virtual or not by its
// own word.
func (p Presented) shown(level policy.Binding, virtual bool) policy.Shown {
	return policy.Shown{Level: level, Virtual: virtual || p.Virtual, Attested: p.Known, Proven: p.Proven, Why: p.Why}
}

// Presence is what a request brings to show that the device's chip is there.
type Presence struct {
	Nonce   []byte // of the request
	Context [32]byte
	Contact *binding.Statement
	Sealed  *attest.Sealed
	Counter *binding.Statement

	// Of the cache that the request is about; all zero: of none.
	Cache      vault.ID // zero, with Generation: the one that the generation was sent for
	Generation uint64
	Level      binding.Level // empty: as it was sent
	Root       []byte        // of the storage root, as the request says; nil: it does not
	Key        binding.ServerKey

	NeedSealed  bool // where the level seals
	NeedCounter bool // at level A
}

// Presented is what the chip has shown with one request. The zero value: the
// device has proved no chip, and everything is its own word.
type Presented struct {
	Known           bool // there is an identity, and the statements are its own
	Proven, Virtual bool
	Why             string // not proven
	ClockMS         uint64 // of the chip
	Resets          uint32 // only differences mean something unless ClearResets
	ClearResets     bool
	Counter         uint64 // certified with this request; 0: not
}

// Present checks the statements of a request against what the device's chip has
// proved, compares the sighting with the last one, and keeps it. A device that
// has proved nothing needs none. NotPermitted: a statement that is needed is not
// there, or not the chip's, which is an alarm; Suspended: the chip is a copy.
// The caller has verified the device's signature and spent the nonce.
func (c *Catalog) Present(ctx context.Context, device vault.ID, p Presence) (Presented, error) {
	var out Presented
	var refused error // what is returned although something was written
	err := c.deviceUpdate(ctx, device, func(tx store.Tx, d store.Device, by *Caller, now time.Time) error {
		out, refused = Presented{}, nil
		chip, err := tx.Chip(ctx, device)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		id, err := readIdentity(chip)
		if err != nil {
			return err
		}
		if err := p.resolve(ctx, tx, device); err != nil {
			return err
		}
		seen, err := p.check(ctx, tx, device, id)
		if err != nil {
			refused = statementProblem(err)
			return deviceAlarm(ctx, tx, event{by, now, device}, "statement", err.Error())
		}
		for i := range seen {
			seen[i].At, seen[i].Asked = now, nonceIssued(p.Nonce)
			out.ClockMS, out.Resets = max(out.ClockMS, seen[i].Clock.MS), seen[i].Clock.Resets
			out.Counter = max(out.Counter, seen[i].Counter)
		}
		out.Known, out.Proven, out.Virtual, out.ClearResets = true, id.Proven, id.Virtual, id.ClearResets
		out.Why = string(id.Why)
		refused, err = sighted(ctx, tx, d, by, chip.Seen, seen...)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return Presented{}, err
	}
	return out, nil
}

// resolve fills in what the request leaves to what was sent.
func (p *Presence) resolve(ctx context.Context, tx store.Tx, device vault.ID) error {
	if p.Level != "" || p.Generation == 0 {
		return nil
	}
	var g store.Generation
	var err error
	if p.Cache.IsZero() {
		_, g, err = sentGeneration(ctx, tx, device, p.Generation)
	} else if p.Generation > math.MaxInt64 {
		err = store.ErrNotFound
	} else {
		g, err = tx.Generation(ctx, store.GenerationID{Device: device, Cache: p.Cache, Number: int64(p.Generation)})
	}
	if err != nil {
		return notFound(err, "generation %d", p.Generation)
	}
	p.Cache, p.Level = g.Cache, binding.Level(g.Level)
	return nil
}

var errNoStatement = errors.New("the request brings no statement of the device's chip")

// check returns the sightings of the statements, at least one.
func (p *Presence) check(ctx context.Context, tx store.Tx, device vault.ID, id attest.Identity) ([]attest.Sighting, error) {
	switch {
	case p.NeedSealed && p.Level.Sealed() && p.Sealed == nil,
		p.NeedCounter && p.Level == binding.LevelA && p.Counter == nil,
		p.Sealed == nil && p.Counter == nil && p.Contact == nil:
		return nil, errNoStatement
	case p.Root != nil && !bytes.Equal(p.Root, id.Root):
		return nil, fmt.Errorf("%w: the storage root is not the one that was proved", attest.ErrOtherParent)
	}
	var seen []attest.Sighting
	add := func(s attest.Sighting, err error) error {
		seen = append(seen, s)
		return err
	}
	if p.Sealed != nil || p.Counter != nil {
		terms, err := p.terms(ctx, tx, device)
		if err != nil {
			return nil, err
		}
		if p.Sealed != nil {
			if err := add(id.Sealed(*p.Sealed, terms, p.Nonce)); err != nil {
				return nil, err
			}
		}
		if p.Counter != nil {
			if err := add(id.Counter(*p.Counter, terms, p.Nonce)); err != nil {
				return nil, err
			}
		}
	}
	if p.Contact != nil {
		if err := add(id.Present(*p.Contact, p.Nonce, p.Context)); err != nil {
			return nil, err
		}
	}
	for _, s := range seen {
		if s.Counter > math.MaxInt64 || s.Clock.MS > math.MaxInt64 {
			return nil, fmt.Errorf("%w: clock or counter beyond what a chip can show", attest.ErrMalformed)
		}
	}
	return seen, nil
}

// terms returns those of the generation that the request is about, from what is
// on record.
func (p *Presence) terms(ctx context.Context, tx store.Tx, device vault.ID) (binding.Terms, error) {
	if p.Cache.IsZero() || p.Generation == 0 {
		return binding.Terms{}, fmt.Errorf("%w: a statement about no cache", attest.ErrTerms)
	}
	if p.Level != binding.LevelA {
		return binding.Terms{
			Level: p.Level, Governed: true, Key: p.Key, Device: device, Cache: p.Cache, Generation: p.Generation,
		}, nil
	}
	slots, err := tx.Slots(ctx, device, p.Cache)
	if errors.Is(err, store.ErrNotFound) {
		return binding.Terms{}, fmt.Errorf("%w: the cache has no indices here", attest.ErrTerms)
	}
	if err != nil {
		return binding.Terms{}, err
	}
	return indicesOf(slots, p.Key).Terms(p.Generation), nil
}

func storedSighting(s attest.Sighting) store.Sighting {
	return store.Sighting{
		At: s.At, ClockMS: int64(s.Clock.MS), Resets: int64(s.Clock.Resets), Restarts: int64(s.Clock.Restarts),
		Safe: s.Clock.Safe, Counter: int64(s.Counter),
	}
}

func clockOf(s store.Sighting) binding.Clock {
	return binding.Clock{MS: uint64(s.ClockMS), Resets: uint32(s.Resets), Restarts: uint32(s.Restarts), Safe: s.Safe}
}
