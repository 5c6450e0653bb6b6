package catalog

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/store"
)

// challengeLife is how long an answer is waited for. (tpm/attest/FORMAT.md, 3.2.)
const challengeLife = 10 * time.Minute

// Challenge checks what a device says of its chip and returns what only that
// chip can solve; an earlier challenge is void. The caller has verified the
// device's signature. Usage and Unsupported: keys that are none, or of another
// template; NotPermitted: a certificate of another key, or a device that has
// proved another chip; and what an ended state of the device says.
func (c *Catalog) Challenge(ctx context.Context, device vault.ID, e attest.Enrolment) (attest.Challenge, error) {
	claim, err := c.attest.Claim(e, c.now())
	if err != nil {
		return attest.Challenge{}, c.refuseStatement(ctx, device, err)
	}
	challenge, pending, err := claim.Challenge()
	if err != nil {
		return attest.Challenge{}, c.refuseStatement(ctx, device, err)
	}
	raw, err := json.Marshal(pending)
	if err != nil {
		return attest.Challenge{}, err
	}
	err = c.deviceUpdate(ctx, device, func(tx store.Tx, d store.Device, _ *Caller, now time.Time) error {
		if err := mayAttest(d); err != nil {
			return err
		}
		if len(d.RootName) > 0 && !bytes.Equal(d.RootName, e.Root) {
			return vault.Fail(vault.NotPermitted, "the device registered with another storage root")
		}
		known, err := tx.Chip(ctx, device)
		if err == nil {
			if id, err := readIdentity(known); err != nil || !sameChip(id, claim) {
				return errors.Join(vault.Fail(vault.NotPermitted, "another chip is another device"), err)
			}
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return tx.PutChallenge(ctx, store.Challenge{Device: device, Pending: raw, Created: now})
	})
	if err != nil {
		return attest.Challenge{}, err
	}
	return challenge, nil
}

// mayAttest refuses devices that have come to an end.
func mayAttest(d store.Device) error {
	switch d.State {
	case store.DeviceDenied:
		return vault.Fail(vault.ApprovalDenied, "device %s", d.ID)
	case store.DeviceRevoked:
		return vault.Fail(vault.Revoked, "device %s", d.ID)
	case store.DeviceWiped:
		return vault.Fail(vault.Wiped, "device %s", d.ID)
	}
	return nil
}

// sameChip reports whether a claim is of the chip and the key that were proved:
// only then can the next sighting be compared with the last one.
func sameChip(id attest.Identity, claim attest.Claim) bool {
	return bytes.Equal(id.EKName, claim.EKName()) && bytes.Equal(id.AK, claim.AK) && bytes.Equal(id.Root, claim.Root)
}

func readIdentity(chip store.Chip) (attest.Identity, error) {
	var id attest.Identity
	if err := json.Unmarshal(chip.Identity, &id); err != nil {
		return id, &vault.Problem{Cause: vault.Damaged, Detail: "stored identity of a chip", Err: err}
	}
	return id, nil
}

// Attest checks the answer to the challenge, which is void from then on, good or
// bad, and keeps what the chip has shown: from now on requests of the device
// come with a statement. NotPermitted: no challenge waits, or the answer is not
// the chip's; the latter is an alarm. Suspended: the chip is a copy.
func (c *Catalog) Attest(ctx context.Context, device vault.ID, a attest.Answer) (attest.Identity, error) {
	var id attest.Identity
	var refused error // what is returned although something was written
	err := c.deviceUpdate(ctx, device, func(tx store.Tx, d store.Device, by *Caller, now time.Time) error {
		id, refused = attest.Identity{}, nil
		if err := mayAttest(d); err != nil {
			return err
		}
		waiting, err := tx.Challenge(ctx, device)
		if errors.Is(err, store.ErrNotFound) {
			return vault.Fail(vault.NotPermitted, "no challenge waits for an answer")
		}
		if err != nil {
			return err
		}
		if err := tx.DeleteChallenge(ctx, device); err != nil {
			return err
		}
		if now.Sub(waiting.Created) > challengeLife {
			refused = vault.Fail(vault.NotPermitted, "the challenge is too old")
			return nil
		}
		var pending attest.Pending
		if err := json.Unmarshal(waiting.Pending, &pending); err != nil {
			return &vault.Problem{Cause: vault.Damaged, Detail: "stored challenge", Err: err}
		}
		var seen attest.Sighting
		if id, seen, err = pending.Verify(a, registeredKey(d)); err != nil {
			refused = statementProblem(err)
			return deviceAlarm(ctx, tx, event{by, now, device}, "attestation", err.Error())
		}
		seen.At, seen.Asked = now, waiting.Created
		refused, err = keepIdentity(ctx, tx, d, by, id, seen)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return attest.Identity{}, err
	}
	return id, nil
}

// keepIdentity stores what a chip has shown. One that was known is seen again.
func keepIdentity(ctx context.Context, tx store.Tx, d store.Device, by *Caller, id attest.Identity, seen attest.Sighting) (refused, err error) {
	raw, err := json.Marshal(id)
	if err != nil {
		return nil, err
	}
	chip := store.Chip{
		Device: d.ID, EKName: id.EKName, Identity: raw, Proven: id.Proven, Virtual: id.Virtual, Created: seen.At, Seen: storedSighting(seen),
	}
	known, err := tx.Chip(ctx, d.ID)
	again := err == nil
	switch {
	case again:
		chip.Created, chip.Seen = known.Created, known.Seen // the sighting follows, compared with this one
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	if err := tx.PutChip(ctx, chip); err != nil {
		return nil, err
	}
	if err := record(ctx, tx, by, seen.At, store.AuditEvent{
		Action: ActionAttest, Device: d.ID, Target: d.ID,
		Detail: fmt.Appendf(nil, "proven %v, virtual %v, maker %q, model %q, chip %x %s", id.Proven, id.Virtual,
			id.Certificate.Maker, id.Certificate.Model, id.EKName, id.Why),
	}); err != nil {
		return nil, err
	}
	if !again {
		return nil, meetTwins(ctx, tx, d, event{by, seen.At, d.ID}, id.EKName)
	}
	return sighted(ctx, tx, d, by, chip.Seen, seen)
}

// registeredKey returns the signing key of a device; nil for one that is none.
func registeredKey(d store.Device) *ecdsa.PublicKey {
	pub, err := x509.ParsePKIXPublicKey(d.PublicKey)
	if err != nil {
		return nil
	}
	key, _ := pub.(*ecdsa.PublicKey)
	return key
}

// statementProblem returns the error of tpm/attest or tpm/binding in our words.
func statementProblem(err error) error {
	switch {
	case errors.Is(err, attest.ErrMalformed):
		return &vault.Problem{Cause: vault.Usage, Detail: "the statement of the chip is not well formed", Err: err}
	case errors.Is(err, attest.ErrUnsupported):
		return &vault.Problem{Cause: vault.Unsupported, Detail: "a key of the chip is of an unknown template", Err: err}
	}
	return &vault.Problem{Cause: vault.NotPermitted, Detail: "the statement of the chip was not accepted", Err: err}
}

// refuseStatement records a refused statement and returns its problem.
func (c *Catalog) refuseStatement(ctx context.Context, device vault.ID, err error) error {
	problem := statementProblem(err)
	if aerr := c.deviceUpdate(ctx, device, func(tx store.Tx, _ store.Device, by *Caller, now time.Time) error {
		return deviceAlarm(ctx, tx, event{by, now, device}, "attestation", err.Error())
	}); aerr != nil {
		return aerr
	}
	return problem
}

// event is who, when and on which device.
type event struct {
	by     *Caller
	now    time.Time
	device vault.ID
}

// deviceAlarm tells the administrators of something that a device should not do.
// The same again within a day adds nothing.
func deviceAlarm(ctx context.Context, tx store.Tx, at event, outcome, detail string) error {
	m := alarm{action: ActionDeviceAlarm, outcome: outcome, detail: detail}
	return m.raise(ctx, tx, at)
}

// sighted compares a sighting of a chip with the last one and keeps it. A copy
// suspends the device and is refused; the transaction is to be committed.
func sighted(ctx context.Context, tx store.Tx, d store.Device, by *Caller, last store.Sighting, seen ...attest.Sighting) (refused, err error) {
	before := attest.Sighting{At: last.At, Clock: clockOf(last), Counter: uint64(last.Counter)}
	keep, verdict, sign := seen[0], attest.Same, attest.Sign("")
	for _, s := range seen {
		v, why := attest.Contact(before, s)
		if v == attest.Overtaken {
			return nil, nil // what is on record is newer
		}
		if alarming(v) > alarming(verdict) {
			verdict, sign = v, why
		}
		if s.Counter != 0 {
			keep = s
		}
	}
	if keep.Counter == 0 {
		keep.Counter = before.Counter
	}
	if err := tx.PutSighting(ctx, d.ID, storedSighting(keep)); err != nil {
		return nil, err
	}
	at := event{by, keep.At, d.ID}
	detail := fmt.Sprintf("%s: %s; clock %d ms, starts %d, counter %d, then %d, %d, %d", verdict, sign,
		before.Clock.MS, before.Clock.Resets, before.Counter, keep.Clock.MS, keep.Clock.Resets, keep.Counter)
	switch verdict {
	case attest.Doubtful:
		return nil, deviceAlarm(ctx, tx, at, string(verdict), string(sign)) // once a day is enough of that
	case attest.Cloned:
		if err := deviceAlarm(ctx, tx, at, string(verdict), detail); err != nil {
			return nil, err
		}
		refused = vault.Fail(vault.Suspended, "there are two chips with this identity")
		return refused, suspend(ctx, tx, d, at, binding.WhyCopied)
	}
	return nil, nil
}

// alarming orders verdicts.
func alarming(v attest.Verdict) int {
	switch v {
	case attest.Rebooted:
		return 1
	case attest.Doubtful:
		return 2
	case attest.Cloned:
		return 3
	}
	return 0
}

// suspend stops a device by a rule, unless it is stopped already.
func suspend(ctx context.Context, tx store.Tx, d store.Device, at event, why string) error {
	if d.State != store.DeviceApproved && d.State != store.DevicePending {
		return nil
	}
	d.State, d.Why, d.DecidedBy, d.DecidedAt = store.DeviceSuspended, why, vault.ID{}, at.now
	if err := tx.UpdateDevice(ctx, d); err != nil {
		return err
	}
	if err := record(ctx, tx, at.by, at.now, store.AuditEvent{
		Action: ActionDeviceState, Device: d.ID, Target: d.ID, Comment: why, Detail: fmt.Appendf(nil, "state %d", d.State),
	}); err != nil {
		return err
	}
	a := &access{by: at.by, now: at.now}
	return a.command(ctx, tx, d, lease.OrderSuspend)
}
