package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	// freshSignIn is how new the token must be with which a permit is asked for:
	// whoever finds a running client has not the password.
	freshSignIn = 5 * time.Minute
	// clocksApart is how far the clocks of two instances may be apart: one made the
	// token, and the other is asked for the permit.
	clocksApart = time.Minute
	// permitDay is the time in which permits are counted.
	permitDay = 24 * time.Hour
	// triesADay is how often a cache gets new tries in that time. Each is as many
	// guesses at the master password as the policy has tries, for whoever has the
	// account's password and the machine.
	triesADay = 2
	// permitsADay is the same for everything else that can be permitted again.
	permitsADay = 5
	// countAge is how old the certified count may be that a new budget starts from.
	countAge = 10 * time.Minute
)

// PermitWish is a permit that a client wants for one session of its chip.
type PermitWish struct {
	Device, Cache vault.ID
	Index         binding.IndexKind
	Kind          binding.PermitKind
	Nonce         []byte // of the chip's session
	Count, Limit  uint32 // what the client expects; the rules say what is signed
	Key           binding.ServerKey
	Chip          Presented
}

// Permit decides whether a PIN index may be written or get another password,
// records it, and returns what sign makes of it; sign may be called more than
// once. The rules are those of tpm/FORMAT.md, section 9. Each permit for
// new tries is an alarm, of the others each after the first of its kind.
//
// NotSignedIn: the token is not of a sign-in just now; NotFound: no such
// indices; Usage: a request that nobody may sign, or other numbers than the
// policy has; NotPermitted: the rules, or offline use is switched off;
// TooManyAttempts; and what the state of the device says.
func (c *Catalog) Permit(ctx context.Context, by *Caller, w PermitWish, sign func(binding.PermitRequest) ([]byte, error)) ([]byte, error) {
	var signature []byte
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.rulesHold(ctx, tx); err != nil {
			return err
		}
		// A device that has not heard of it yet gets no tries on top of those it has.
		if d, off := a.switchedOff(); off {
			return vault.Fail(vault.NotPermitted, "%s", d.Detail)
		}
		if _, err := provenDevice(ctx, tx, by, w.Device); err != nil {
			return err
		}
		if !w.Chip.Known {
			return vault.Fail(vault.NotPermitted, "%w", errNoStatement)
		}
		if err := a.justSignedIn(ctx, tx); err != nil {
			return err
		}
		slots, err := tx.Slots(ctx, w.Device, w.Cache)
		if err != nil {
			return notFound(err, "indices of cache %s", w.Cache)
		}
		r := binding.PermitRequest{
			Indices: indicesOf(slots, w.Key), Index: w.Index, Kind: w.Kind, Nonce: w.Nonce, Count: w.Count, Limit: w.Limit,
		}
		if err := r.Validate(); err != nil {
			return vault.Fail(vault.Usage, "%w", err)
		}
		given, err := tx.Permits(ctx, w.Device, w.Cache)
		if err != nil {
			return err
		}
		before, err := a.mayPermit(ctx, tx, asked{r, slots, given, w.Chip})
		if err != nil {
			return err
		}
		p := store.Permit{
			ID: vault.NewID(), Device: w.Device, Cache: w.Cache, Index: string(r.Index), Kind: string(r.Kind),
			Count: int64(r.Count), Limit: int64(r.Limit), Created: a.now,
			ClockMS: int64(w.Chip.ClockMS), Resets: int64(w.Chip.Resets),
		}
		if err := tx.AddPermit(ctx, p); err != nil {
			return err
		}
		detail := fmt.Sprintf("%s of %s, %d of %d, cache %s, number %d of its kind", r.Kind, r.Index, r.Count, r.Limit, w.Cache, before+1)
		// Setting up is no news; new tries are, as somebody who guesses needs them.
		if before > 0 || r.Kind == binding.PermitRewrite && r.Index == binding.PinFail {
			if err := a.record(ctx, tx, store.AuditEvent{
				Action: ActionDeviceAlarm, Outcome: "permit", Device: w.Device, Target: w.Device, Detail: []byte(detail),
			}); err != nil {
				return err
			}
		}
		if err := a.record(ctx, tx, store.AuditEvent{
			Action: ActionPermit, Device: w.Device, Target: w.Device, Detail: []byte(detail),
		}); err != nil {
			return err
		}
		if signature, err = sign(r); err != nil {
			return fmt.Errorf("sign permit: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return signature, nil
}

// justSignedIn returns NotSignedIn unless the caller has given credentials
// within the last minutes.
func (a *access) justSignedIn(ctx context.Context, tx store.Tx) error {
	token, err := tx.Token(ctx, a.by.token)
	if err != nil {
		return notFound(err, "token")
	}
	if age := a.now.Sub(token.Created); age < -clocksApart || age > freshSignIn {
		return vault.Fail(vault.NotSignedIn, "a permit is for whoever has just signed in: sign in again")
	}
	return nil
}

// asked is a request for a permit with what is known of its cache.
type asked struct {
	binding.PermitRequest
	slots store.Slots
	given []store.Permit // for the cache, oldest first
	chip  Presented
}

// mayPermit holds a request to the rules, and returns how many of its kind were
// given for its index before.
func (a *access) mayPermit(ctx context.Context, tx store.Tx, in asked) (before int, err error) {
	r, slots, given := in.PermitRequest, in.slots, in.given
	var recent []time.Time
	for _, p := range given {
		if p.Index != string(r.Index) || p.Kind != string(r.Kind) {
			continue
		}
		before++
		if a.now.Sub(p.Created) < permitDay {
			recent = append(recent, p.Created)
		}
	}
	most := permitsADay
	if r.Kind == binding.PermitRewrite && r.Index == binding.PinFail {
		most = triesADay
	}
	if len(recent) >= most && r.Kind != binding.PermitFirstWrite {
		return 0, &vault.Problem{Cause: vault.TooManyAttempts, Until: recent[len(recent)-most].Add(permitDay)}
	}
	last := lastWrite(given, r.Index)
	switch r.Kind {
	case binding.PermitFirstWrite:
		if last != nil {
			return 0, vault.Fail(vault.NotPermitted, "the first write of %s was permitted before: plan again under a new cache", r.Index)
		}
		return before, a.asPolicy(r, 0)
	case binding.PermitRewrite:
		if last == nil || last.ShownAt.IsZero() {
			return 0, vault.Fail(vault.NotPermitted, "the last write of %s was not shown by a reading yet%s", r.Index, whenOver(last))
		}
		if !in.spent(last, a.now) {
			return 0, vault.Fail(vault.NotPermitted, "the permit before it may not have been used%s", whenOver(last))
		}
		count, err := a.certifiedCount(ctx, tx, slots, r)
		if err != nil {
			return 0, err
		}
		return before, a.asPolicy(r, count)
	case binding.PermitRekey:
		return before, mayRekey(ctx, tx, slots)
	}
	return 0, vault.Fail(vault.Usage, "unknown kind of permit")
}

// asPolicy returns Usage unless r writes what the policy says.
func (a *access) asPolicy(r binding.PermitRequest, count uint32) error {
	g := a.rules.governance
	limit := uint32(g.Tries)
	if r.Index == binding.PinPass {
		if g.Opens == 0 {
			return vault.Fail(vault.NotPermitted, "the policy has no budget of opens")
		}
		limit = count + uint32(g.Opens)
	}
	if r.Count != count || r.Limit != limit {
		return vault.Fail(vault.Usage, "%s is to hold %d of %d", r.Index, count, limit)
	}
	return nil
}

// certifiedCount returns what the count of a rewrite is: 0 for new tries, the
// one that the chip has certified just now for a new budget.
func (a *access) certifiedCount(ctx context.Context, tx store.Tx, slots store.Slots, r binding.PermitRequest) (uint32, error) {
	if r.Index == binding.PinFail {
		return 0, nil
	}
	read, err := newestReading(ctx, tx, slots, r.Index)
	if err != nil {
		return 0, err
	}
	if read == nil || a.now.Sub(read.Created) > countAge {
		return 0, vault.Fail(vault.NotPermitted, "a new budget needs a reading of %s of the last minutes", r.Index)
	}
	return uint32(uint64(read.Value) >> 32), nil
}

// mayRekey returns NotPermitted while a generation might still open: another
// password would let whoever sets it in.
func mayRekey(ctx context.Context, tx store.Tx, slots store.Slots) error {
	highest, err := highestSent(ctx, tx, slots.Device, slots.Cache)
	if err != nil || highest == 0 {
		return err
	}
	read, err := newestReading(ctx, tx, slots, binding.Counter)
	if err != nil {
		return err
	}
	if read == nil || read.Value <= highest {
		return vault.Fail(vault.NotPermitted, "generation %d may still open: wipe it, and bring a reading of the counter", highest)
	}
	return nil
}

// newestReading returns what the chip certified of an index last; nil: nothing.
func newestReading(ctx context.Context, tx store.Reader, slots store.Slots, k binding.IndexKind) (*store.Reading, error) {
	all, err := tx.Readings(ctx, slots.Device, slots.Cache)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Index == string(k) {
			return &all[i], nil
		}
	}
	return nil, nil
}

// copyProof returns nil if level A may be approved for generation n: the chip's
// counter has not gone past it, and its PIN indices hold what was permitted.
// opens: n is committed or being committed, else it is still to be.
func (a *access) copyProof(ctx context.Context, tx store.Tx, g store.GenerationID, opens bool, p Presented) error {
	if !p.Known {
		return vault.Fail(vault.Unsupported, "level A needs a device that has proved its chip")
	}
	slots, err := tx.Slots(ctx, g.Device, g.Cache)
	if err != nil {
		return notFound(err, "indices of cache %s", g.Cache)
	}
	n := uint64(g.Number)
	if p.Counter > n || !opens && p.Counter == n {
		return vault.Fail(vault.Superseded, "the chip's counter is at %d", p.Counter)
	}
	if p.Counter == 0 {
		return vault.Fail(vault.NotPermitted, "%w", errNoStatement)
	}
	permits, err := tx.Permits(ctx, g.Device, g.Cache)
	if err != nil {
		return err
	}
	for _, k := range indicesOf(slots, binding.ServerKey{}).Kinds() {
		if k == binding.Counter {
			continue
		}
		last := lastWrite(permits, k)
		if last == nil || last.ShownAt.IsZero() {
			return vault.Fail(vault.NotPermitted, "no reading shows yet that %s holds what was permitted", k)
		}
		read, err := newestReading(ctx, tx, slots, k)
		if err != nil {
			return err
		}
		if read == nil || uint32(read.Value) != uint32(last.Limit) {
			return vault.Fail(vault.NotPermitted, "the last reading of %s shows another limit than was permitted", k)
		}
	}
	return nil
}
