package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/escrow"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// Names of the settings that hold the recovery key: its public half, signed by
// the identity root, as JSON; and its private half, encrypted.
const (
	settingRecovery        = "recovery_key"
	settingRecoveryPrivate = "recovery_private"
)

// Escrow is a machine secret as a client wraps it: see escrow/FORMAT.md.
type Escrow struct {
	Key     string // id of the recovery key
	Wrapped []byte
}

// Recovery says how the organisation's recovery stands.
type Recovery struct {
	On       bool
	Key      lease.SubKey
	Since    time.Time
	Escrowed int // machine secrets that could be released
}

func recoveryRow(version int64) keyring.Row {
	return keyring.Named(keyring.Setting, settingRecoveryPrivate, version)
}

// RecoveryOn keeps a recovery key, whose private half is PKCS #8 DER and is
// encrypted; the caller wipes it. It is for the operator. Usage: there is one.
func (c *Catalog) RecoveryOn(ctx context.Context, by *Caller, key lease.SubKey, private vault.Secret) error {
	if !by.operator {
		return vault.Fail(vault.NotPermitted, "recovery is turned on on the server itself")
	}
	text, err := json.Marshal(key)
	if err != nil {
		return err
	}
	return c.update(ctx, by, func(tx store.Tx, a *access) error {
		_, err := tx.Setting(ctx, settingRecovery)
		if err == nil {
			return vault.Fail(vault.Usage, "there is a recovery key: turn recovery off before another is made")
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		sealed, err := c.keys.Seal(recoveryRow(1), private.Bytes())
		if err != nil {
			return fmt.Errorf("encrypt recovery key: %w", err)
		}
		for _, s := range []store.Setting{
			{Name: settingRecovery, Value: text, At: a.now},
			{Name: settingRecoveryPrivate, Value: sealed.Data, Key: sealed.Key, At: a.now},
		} {
			if err := tx.PutSetting(ctx, s); err != nil {
				return err
			}
		}
		return a.record(ctx, tx, store.AuditEvent{Action: ActionRecovery, Detail: []byte("on: key " + key.KID)})
	})
}

// RecoveryOff deletes the recovery key and every machine secret that was wrapped
// to it, and returns how many those were. It is for the operator. Usage: it is
// off.
func (c *Catalog) RecoveryOff(ctx context.Context, by *Caller) (escrows int, err error) {
	if !by.operator {
		return 0, vault.Fail(vault.NotPermitted, "recovery is turned off on the server itself")
	}
	err = c.update(ctx, by, func(tx store.Tx, a *access) error {
		var on bool
		if escrows, on, err = a.recoveryOff(ctx, tx); err == nil && !on {
			err = vault.Fail(vault.Usage, "recovery is off")
		}
		return err
	})
	return escrows, err
}

// recoveryOff deletes the recovery key and what was wrapped to it, if there is
// one.
func (a *access) recoveryOff(ctx context.Context, tx store.Tx) (escrows int, on bool, err error) {
	key, _, err := readRecovery(ctx, tx)
	if err != nil || key.KID == "" {
		return 0, false, err
	}
	for _, name := range []string{settingRecovery, settingRecoveryPrivate} {
		if err := tx.DeleteSetting(ctx, name); err != nil {
			return 0, true, err
		}
	}
	all := func(store.Escrow) bool { return true }
	if escrows, err = a.dropEscrows(ctx, tx, vault.ID{}, all, "recovery was turned off"); err != nil {
		return 0, true, err
	}
	return escrows, true, a.record(ctx, tx, store.AuditEvent{
		Action: ActionRecovery, Detail: fmt.Appendf(nil, "off: key %s and %d machine secrets deleted", key.KID, escrows),
	})
}

// Recovery says how it stands. It is for the operator.
func (c *Catalog) Recovery(ctx context.Context, by *Caller) (Recovery, error) {
	if !by.operator {
		return Recovery{}, vault.Fail(vault.NotPermitted, "it is shown on the server itself")
	}
	var out Recovery
	err := c.store.View(ctx, func(r store.Reader) error {
		key, since, err := readRecovery(ctx, r)
		if err != nil {
			return err
		}
		all, err := r.Escrows(ctx, vault.ID{})
		out = Recovery{On: key.KID != "", Key: key, Since: since, Escrowed: len(all)}
		return err
	})
	return out, err
}

// RecoveryKey returns the public recovery key; the zero key if recovery is off.
// What the identity root says about it is for the caller to look at.
func (c *Catalog) RecoveryKey(ctx context.Context) (lease.SubKey, error) {
	var key lease.SubKey
	err := c.store.View(ctx, func(r store.Reader) (err error) {
		key, _, err = readRecovery(ctx, r)
		return err
	})
	return key, err
}

func readRecovery(ctx context.Context, r store.Reader) (lease.SubKey, time.Time, error) {
	var key lease.SubKey
	s, err := r.Setting(ctx, settingRecovery)
	if errors.Is(err, store.ErrNotFound) {
		return key, time.Time{}, nil
	}
	if err != nil {
		return key, time.Time{}, err
	}
	if err := json.Unmarshal(s.Value, &key); err != nil {
		return key, time.Time{}, vault.Fail(vault.Damaged, "recovery key: %w", err)
	}
	return key, s.At, nil
}

// keepEscrow keeps what a client wrapped with the request for a generation, in
// the transaction that makes that pending. What was pending before goes.
func (p *Package) keepEscrow(ctx context.Context, tx store.Tx, a *access) error {
	r, own := &p.request, p.id()
	proven := map[store.GenerationID]bool{}
	all, err := tx.Generations(ctx, r.Device)
	if err != nil {
		return err
	}
	for _, g := range all {
		proven[store.GenerationID{Device: g.Device, Cache: g.Cache, Number: g.Number}] = g.State == store.GenerationProven
	}
	replaced := func(e store.Escrow) bool { return !proven[escrowID(e)] }
	if _, err := a.dropEscrows(ctx, tx, r.Device, replaced, "another cache was made"); err != nil {
		return err
	}
	if r.Escrow.Key == "" {
		return nil
	}
	key, _, err := readRecovery(ctx, tx)
	if err != nil {
		return err
	}
	if key.KID != r.Escrow.Key || len(r.Escrow.Wrapped) != escrow.WrappedSize {
		return nil // turned off, or another key, since the client looked
	}
	return tx.PutEscrow(ctx, store.Escrow{
		Device: own.Device, Cache: own.Cache, Generation: own.Number, Key: key.KID, Wrapped: r.Escrow.Wrapped,
		Record: r.Record[:], User: a.by.user, Created: a.now,
	})
}

func escrowID(e store.Escrow) store.GenerationID {
	return store.GenerationID{Device: e.Device, Cache: e.Cache, Number: e.Generation}
}

// dropEscrows deletes those of a device, or of all, and ends the requests for
// them.
func (a *access) dropEscrows(ctx context.Context, tx store.Tx, device vault.ID, which func(store.Escrow) bool, why string) (int, error) {
	return dropEscrows(ctx, tx, a.now, escrowsOf{device, which, why})
}

// escrowsOf names escrowed secrets, and why they go.
type escrowsOf struct {
	device vault.ID // zero: everybody's
	which  func(store.Escrow) bool
	why    string
}

func dropEscrows(ctx context.Context, tx store.Tx, now time.Time, of escrowsOf) (int, error) {
	all, err := tx.Escrows(ctx, of.device)
	if err != nil {
		return 0, err
	}
	all = slices.DeleteFunc(all, func(e store.Escrow) bool { return !of.which(e) })
	if len(all) == 0 {
		return 0, nil
	}
	gone := map[store.GenerationID]bool{}
	for _, e := range all {
		gone[escrowID(e)] = true
		if err := tx.DeleteEscrow(ctx, escrowID(e)); err != nil {
			return 0, err
		}
	}
	open, err := tx.Releases(ctx, of.device)
	if err != nil {
		return 0, err
	}
	for _, r := range open {
		if !r.ApprovedAt.IsZero() || !r.EndedAt.IsZero() || !gone[store.GenerationID{Device: r.Device, Cache: r.Cache, Number: r.Generation}] {
			continue
		}
		if err := endRelease(ctx, tx, r.ID, now, of.why); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// endRelease ends a request unless it is over: another instance may have approved
// it since it was listed, and that must not be forgotten.
func endRelease(ctx context.Context, tx store.Tx, id vault.ID, now time.Time, why string) error {
	r, err := tx.Release(ctx, id) // locks the row
	if err != nil || !r.ApprovedAt.IsZero() || !r.EndedAt.IsZero() {
		return err
	}
	r.EndedAt, r.EndedWhy = now, why
	return tx.UpdateRelease(ctx, r)
}

// provenEscrow deletes what is not needed any more once a generation is proven:
// everything of the device but that one, and what is newer in the same cache.
func provenEscrow(ctx context.Context, tx store.Tx, g store.Generation, now time.Time) error {
	older := func(e store.Escrow) bool { return e.Cache != g.Cache || e.Generation < g.Number }
	_, err := dropEscrows(ctx, tx, now, escrowsOf{g.Device, older, "a newer cache is in use"})
	return err
}

// clearedEscrow deletes what a cleared generation and those before it left.
func clearedEscrow(ctx context.Context, tx store.Tx, g store.Generation, now time.Time) error {
	until := func(e store.Escrow) bool { return e.Cache == g.Cache && e.Generation <= g.Number }
	_, err := dropEscrows(ctx, tx, now, escrowsOf{g.Device, until, "the cache was cleared"})
	return err
}

// orderedEscrow deletes what an order takes from a device, or from all.
func (a *access) orderedEscrow(ctx context.Context, tx store.Tx, o store.Order, kind lease.OrderKind) error {
	if kind != lease.OrderRevoke && kind != lease.OrderWipe && kind != lease.OrderKill {
		return nil
	}
	reached := func(e store.Escrow) bool { return o.Generation == 0 || e.Generation <= o.Generation }
	_, err := a.dropEscrows(ctx, tx, o.Device, reached, "the server ordered: "+string(kind))
	return err
}

// openEscrow unwraps a machine secret.
func (c *Catalog) openEscrow(ctx context.Context, r store.Reader, e store.Escrow) (vault.Secret, error) {
	key, _, err := readRecovery(ctx, r)
	if err != nil {
		return vault.Secret{}, err
	}
	sealed, err := r.Setting(ctx, settingRecoveryPrivate)
	if err != nil || key.KID != e.Key {
		return vault.Secret{}, notFound(errors.Join(err, store.ErrNotFound), "recovery key %s", e.Key)
	}
	der, err := c.keys.Unseal(nil, recoveryRow(sealed.Version), store.Sealed{Key: sealed.Key, Data: sealed.Value})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("open recovery key: %w", err)
	}
	defer clear(der)
	private, err := parseRecovery(der, key)
	if err != nil {
		return vault.Secret{}, err
	}
	if len(e.Record) != 32 {
		return vault.Secret{}, vault.Fail(vault.Damaged, "escrow of generation %d", e.Generation)
	}
	return escrow.Open(private, escrow.Binding{
		Device: e.Device, Cache: e.Cache, Generation: uint64(e.Generation), Record: [32]byte(bytes.Clone(e.Record)), User: e.User,
	}, e.Wrapped)
}
