package catalog

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// Proof records that a device uses a generation: its passwords are saved on
// that computer. The generations before it are given up or over. The caller has
// verified the device's signature. Saying it again changes nothing; a
// generation that was never sent is NotFound.
func (c *Catalog) Proof(ctx context.Context, device vault.ID, generation uint64) error {
	return c.deviceUpdate(ctx, device, func(tx store.Tx, d store.Device, by *Caller, now time.Time) error {
		all, g, err := sentGeneration(ctx, tx, device, generation)
		if err != nil {
			return err
		}
		switch g.State {
		case store.GenerationProven:
			return nil
		case store.GenerationGivenUp, store.GenerationCleared:
			return vault.Fail(vault.Superseded, "generation %d is over", generation)
		}
		g.State, g.ProvenAt = store.GenerationProven, now
		if err := tx.UpdateGeneration(ctx, g); err != nil {
			return err
		}
		for _, old := range all {
			if old.Cache != g.Cache || old.Number >= g.Number || !old.EndedAt.IsZero() {
				continue
			}
			if old.State == store.GenerationPending {
				old.State = store.GenerationGivenUp
			}
			old.EndedAt = now
			if err := tx.UpdateGeneration(ctx, old); err != nil {
				return err
			}
		}
		saved, err := recordedFor(ctx, tx, g)
		if err != nil {
			return err
		}
		if err := dropOthers(ctx, tx, device, saved); err != nil {
			return err
		}
		return record(ctx, tx, by, now, store.AuditEvent{
			Action: ActionSaved, Device: device, Target: device,
			Detail: fmt.Appendf(nil, "%d passwords saved on that user's computer: cache %s generation %d", len(saved), g.Cache, g.Number),
		})
	})
}

// dropOthers removes from the list of what a device holds whatever is not in
// the generation that it has proved.
func dropOthers(ctx context.Context, tx store.Tx, device vault.ID, saved map[vault.ID]int64) error {
	var gone []store.Holding
	for h, err := range tx.Holdings(ctx, store.HoldingQuery{Device: device}) {
		if err != nil {
			return err
		}
		if saved[h.Entry] != h.Version {
			gone = append(gone, h)
		}
	}
	for _, h := range gone {
		q := store.HoldingQuery{Device: device, Generation: h.Generation, Entry: h.Entry}
		if _, err := tx.DeleteHoldings(ctx, q, false); err != nil {
			return err
		}
	}
	return nil
}

// sentGeneration returns the generations of a device and the newest one with
// that number.
func sentGeneration(ctx context.Context, tx store.Tx, device vault.ID, number uint64) ([]store.Generation, store.Generation, error) {
	all, err := tx.Generations(ctx, device)
	if err != nil {
		return nil, store.Generation{}, err
	}
	var found *store.Generation
	for i := range all {
		if number <= math.MaxInt64 && all[i].Number == int64(number) && (found == nil || found.Created.Before(all[i].Created)) {
			found = &all[i]
		}
	}
	if found == nil {
		return nil, store.Generation{}, vault.Fail(vault.NotFound, "generation %d", number)
	}
	return all, *found, nil
}

// Cleared records that a device has cleared its cache: the generation and all
// before it. What it held leaves the list of who holds what. Saying it again
// changes nothing; a generation that was never sent is NotFound.
func (c *Catalog) Cleared(ctx context.Context, device vault.ID, generation uint64) error {
	return c.deviceUpdate(ctx, device, func(tx store.Tx, d store.Device, by *Caller, now time.Time) error {
		all, newest, err := sentGeneration(ctx, tx, device, generation)
		if err != nil {
			return err
		}
		n := 0
		for _, g := range all {
			if g.Cache != newest.Cache || g.Number > newest.Number || g.State == store.GenerationCleared {
				continue
			}
			g.State, g.EndedAt = store.GenerationCleared, now
			if err := tx.UpdateGeneration(ctx, g); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return nil
		}
		q := store.HoldingQuery{Device: device, Generation: newest.Number}
		if _, err := tx.DeleteHoldings(ctx, q, true); err != nil {
			return err
		}
		if _, err := tx.DeleteHoldings(ctx, q, false); err != nil {
			return err
		}
		if d.State == store.DeviceRevoked {
			d.State, d.WipedAt = store.DeviceWiped, now
			if err := tx.UpdateDevice(ctx, d); err != nil {
				return err
			}
		}
		return record(ctx, tx, by, now, store.AuditEvent{
			Action: ActionCleared, Device: device, Target: device,
			Detail: fmt.Appendf(nil, "cache %s up to generation %d", newest.Cache, newest.Number),
		})
	})
}
