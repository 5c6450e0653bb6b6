package catalog

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// slotsADay is how many caches of one device get indices in a day: each costs
// the chip's memory, and a device needs a new one only after a mishap.
const slotsADay = 8

// journalTime is how long a device has for sending its journal after a reading.
const journalTime = 15 * time.Minute

// NewSlots says where the NV indices of a cache stand.
type NewSlots struct {
	Device, Cache vault.ID
	Indices       binding.Indices // the handles; the rest is set here
	Chip          Presented
}

// AddSlots keeps where the NV indices of a cache of level A stand, and returns
// everything that their Names depend on, with the server's key. The same again
// changes nothing; others for the same cache are Superseded: a client plans
// again under a new cache. NotPermitted: the device has proved no chip. Usage:
// the handles. TooManyAttempts; and what the state of the device says.
func (c *Catalog) AddSlots(ctx context.Context, by *Caller, n NewSlots) (binding.Indices, error) {
	x := n.Indices
	x.Device, x.Cache = n.Device, n.Cache
	if err := x.Validate(); err != nil || n.Cache.IsZero() {
		return x, &vault.Problem{Cause: vault.Usage, Detail: "the handles, or the cache, are out of range", Err: err}
	}
	row := store.Slots{
		Device: n.Device, Cache: n.Cache, Counter: int64(x.Counter), PinFail: int64(x.PinFail), PinPass: int64(x.PinPass),
	}
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if _, err := provenDevice(ctx, tx, by, n.Device); err != nil {
			return err
		}
		if !n.Chip.Known {
			return vault.Fail(vault.NotPermitted, "%w", errNoStatement)
		}
		all, err := tx.SlotsOf(ctx, n.Device)
		if err != nil {
			return err
		}
		recent := 0
		for _, old := range all {
			if old.Cache == n.Cache {
				if row.Created = old.Created; old != row {
					return vault.Fail(vault.Superseded, "the cache has other indices")
				}
				return nil
			}
			if a.now.Sub(old.Created) < permitDay {
				recent++
			}
		}
		if recent >= slotsADay {
			return &vault.Problem{Cause: vault.TooManyAttempts, Until: all[slotsADay-1].Created.Add(permitDay)}
		}
		row.Created = a.now
		if err := tx.AddSlots(ctx, row); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionIndices, Device: n.Device, Target: n.Device,
			Detail: fmt.Appendf(nil, "cache %s: counter %#x, pin_fail %#x, pin_pass %#x", n.Cache, x.Counter, x.PinFail, x.PinPass),
		})
	})
	return x, err
}

// provenDevice returns a device of the caller that may have caches and has
// proved its chip.
func provenDevice(ctx context.Context, tx store.Tx, by *Caller, id vault.ID) (store.Chip, error) {
	if by.operator {
		return store.Chip{}, vault.Fail(vault.NotPermitted, "a device is a user's")
	}
	if _, err := usableDevice(ctx, tx, by.user, id); err != nil {
		return store.Chip{}, err
	}
	chip, err := tx.Chip(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return chip, vault.Fail(vault.NotPermitted, "the device has not proved its chip")
	}
	return chip, err
}

// Indices returns the indices of a cache, with the server's key. NotFound.
func (c *Catalog) Indices(ctx context.Context, device, cache vault.ID, key binding.ServerKey) (binding.Indices, error) {
	var x binding.Indices
	err := c.store.View(ctx, func(r store.Reader) error {
		slots, err := r.Slots(ctx, device, cache)
		x = indicesOf(slots, key)
		return notFound(err, "indices of cache %s", cache)
	})
	return x, err
}

// indicesOf returns what was put on record as package binding has it.
func indicesOf(s store.Slots, key binding.ServerKey) binding.Indices {
	return binding.Indices{
		Key: key, Device: s.Device, Cache: s.Cache,
		Counter: uint32(s.Counter), PinFail: uint32(s.PinFail), PinPass: uint32(s.PinPass),
	}
}

// IndexReading is what a chip certifies of an index.
type IndexReading struct {
	Cache     vault.ID
	Index     binding.IndexKind
	Statement binding.Statement
	Nonce     []byte // of the request
	Key       binding.ServerKey
}

// Reading keeps what the chip of a device certifies of an index. Of a PIN index
// it is compared with the last write that was permitted: until it shows that
// one, nothing is approved for the cache. NotFound: no such indices;
// NotPermitted: the statement is not the chip's, or shows something else, and
// both are alarms; Suspended: the chip is a copy. The caller has verified the
// device's signature and spent the nonce.
func (c *Catalog) Reading(ctx context.Context, device vault.ID, in IndexReading) error {
	var refused error // what is returned although something was written
	err := c.deviceUpdate(ctx, device, func(tx store.Tx, d store.Device, by *Caller, now time.Time) error {
		refused = nil
		chip, err := tx.Chip(ctx, device)
		if errors.Is(err, store.ErrNotFound) {
			return vault.Fail(vault.NotPermitted, "the device has not proved its chip")
		}
		if err != nil {
			return err
		}
		slots, err := tx.Slots(ctx, device, in.Cache)
		if err != nil {
			return notFound(err, "indices of cache %s", in.Cache)
		}
		read, seen, err := in.check(chip, indicesOf(slots, in.Key))
		if err != nil {
			refused = statementProblem(err)
			return deviceAlarm(ctx, tx, event{by, now, device}, "statement", err.Error())
		}
		seen.At, seen.Asked = now, nonceIssued(in.Nonce)
		if err := in.opened(ctx, tx, slots, event{by, now, device}); err != nil {
			return err
		}
		if err := tx.PutReading(ctx, store.Reading{
			Device: device, Cache: in.Cache, Index: string(in.Index), Value: int64(read.Value), Created: now,
		}); err != nil {
			return err
		}
		shown, problem, err := in.show(ctx, tx, slots, read, now)
		if err != nil {
			return err
		}
		if problem != nil {
			refused = problem
			if err := deviceAlarm(ctx, tx, event{by, now, device}, "reading", problem.Error()); err != nil {
				return err
			}
		}
		if err := record(ctx, tx, by, now, store.AuditEvent{
			Action: ActionReading, Device: device, Target: device, Detail: []byte(shown),
		}); err != nil {
			return err
		}
		copied, err := sighted(ctx, tx, d, by, chip.Seen, seen)
		refused = errors.Join(copied, refused)
		return err
	})
	if err == nil {
		err = refused
	}
	return err
}

// opened compares the reading that this one replaces with the journal, where the
// device has had time to send it: one that never sends it is told all the same.
func (in *IndexReading) opened(ctx context.Context, tx store.Tx, slots store.Slots, at event) error {
	if in.Index != binding.PinPass {
		return nil
	}
	before, err := newestReading(ctx, tx, slots, binding.PinPass)
	if err != nil || before == nil || at.now.Sub(before.Created) < journalTime {
		return err
	}
	return missedOpens(ctx, tx, at)
}

// check reads the statement under the chip's key.
func (in *IndexReading) check(chip store.Chip, x binding.Indices) (binding.Reading, attest.Sighting, error) {
	id, err := readIdentity(chip)
	if err != nil {
		return binding.Reading{}, attest.Sighting{}, err
	}
	key, err := id.Key()
	if err != nil {
		return binding.Reading{}, attest.Sighting{}, err
	}
	name := x.Name(in.Index, true)
	if name == nil {
		return binding.Reading{}, attest.Sighting{}, fmt.Errorf("%w: %q is no index of this cache", binding.ErrTampered, in.Index)
	}
	read, err := in.Statement.Reading(binding.ReadingWant{
		Key: key, Qualified: binding.Qualify(binding.SubjectCounter, in.Nonce, x.Terms(0).LeaseRef()), Name: name,
	})
	if err != nil {
		return read, attest.Sighting{}, err
	}
	seen := attest.Sighting{Clock: read.Clock}
	if in.Index == binding.Counter {
		if seen.Counter = read.Value; read.Value > math.MaxInt64 {
			return read, seen, fmt.Errorf("%w: the counter is out of range", binding.ErrTampered)
		}
	}
	return read, seen, nil
}

// show compares a reading with what was permitted or sent. It returns what the
// audit says, and a problem if the index holds something else.
func (in *IndexReading) show(ctx context.Context, tx store.Tx, slots store.Slots, read binding.Reading, now time.Time) (string, error, error) {
	if in.Index == binding.Counter {
		highest, err := highestSent(ctx, tx, slots.Device, slots.Cache)
		if err != nil {
			return "", nil, err
		}
		text := fmt.Sprintf("cache %s: counter %d", slots.Cache, read.Value)
		if highest > 0 && read.Value > uint64(highest) {
			text += fmt.Sprintf(", above every generation that was sent (%d): none of them opens any more", highest)
		}
		return text, nil, nil
	}
	text := fmt.Sprintf("cache %s: %s %d of %d", slots.Cache, in.Index, read.Count(), read.Limit())
	permits, err := tx.Permits(ctx, slots.Device, slots.Cache)
	if err != nil {
		return "", nil, err
	}
	last := lastWrite(permits, in.Index)
	switch {
	case last == nil:
		return text, vault.Fail(vault.NotPermitted, "%s was written and nobody permitted it", in.Index), nil
	case !last.ShownAt.IsZero():
		if read.Limit() != uint32(last.Limit) {
			return text, vault.Fail(vault.NotPermitted, "%s has the limit %d, permitted was %d", in.Index, read.Limit(), last.Limit), nil
		}
		return text, nil, nil
	}
	if err := read.Shows(permitRequest(*last)); err == nil {
		return text + ", as permitted", nil, tx.ShowPermit(ctx, last.ID, now)
	} else if !isOver(last, read.Clock, now) {
		return text, &vault.Problem{Cause: vault.NotPermitted, Detail: "the index does not hold what was permitted" + whenOver(last), Err: err}, nil
	}
	before := lastShown(permits, in.Index)
	switch {
	case read.Limit() == uint32(last.Limit):
		return text + ", the limit is as permitted", nil, tx.ShowPermit(ctx, last.ID, now)
	case before != nil && read.Limit() == uint32(before.Limit):
		return text + ", the last permit was not used and is over", nil, tx.VoidPermit(ctx, last.ID, now)
	}
	return text, vault.Fail(vault.NotPermitted, "%s has the limit %d, permitted was %d", in.Index, read.Limit(), last.Limit), nil
}

func permitRequest(p store.Permit) binding.PermitRequest {
	return binding.PermitRequest{
		Index: binding.IndexKind(p.Index), Kind: binding.PermitKind(p.Kind), Count: uint32(p.Count), Limit: uint32(p.Limit),
	}
}

// highestSent returns the highest number of a generation that was ever sent for
// a cache, and so of every one that was approved.
func highestSent(ctx context.Context, tx store.Tx, device, cache vault.ID) (int64, error) {
	all, err := tx.Generations(ctx, device)
	highest := int64(0)
	for _, g := range all {
		if g.Cache == cache {
			highest = max(highest, g.Number)
		}
	}
	return highest, err
}
