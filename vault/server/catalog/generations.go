package catalog

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tideover/tideover/tpm/binding"
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
		if err := provenEscrow(ctx, tx, g, now); err != nil {
			return err
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
	return c.ClearedBy(ctx, device, generation, Presented{})
}

// ClearedBy is Cleared with what the chip has shown. At level A a counter above
// every generation that was sent is the receipt of a wipe: none of them opens
// any more, whoever has a copy. Without it files are gone, which is the device's
// word, and a revoked device is not called wiped.
func (c *Catalog) ClearedBy(ctx context.Context, device vault.ID, generation uint64, chip Presented) error {
	return c.deviceUpdate(ctx, device, func(tx store.Tx, d store.Device, by *Caller, now time.Time) error {
		all, newest, err := sentGeneration(ctx, tx, device, generation)
		if err != nil {
			return err
		}
		receipt, holds := receiptOf(all, newest, chip)
		n, err := keepReceipt(ctx, tx, newest, chip, holds, now)
		if err != nil {
			return err
		}
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
		if err := clearedEscrow(ctx, tx, newest, now); err != nil {
			return err
		}
		// A revoked device that had cleared its cache before hears of its end, has
		// nothing left to wipe, and says so.
		wiped := d.State == store.DeviceRevoked && holds
		if n == 0 && !wiped {
			return nil
		}
		q := store.HoldingQuery{Device: device, Generation: newest.Number}
		if _, err := tx.DeleteHoldings(ctx, q, true); err != nil {
			return err
		}
		if _, err := tx.DeleteHoldings(ctx, q, false); err != nil {
			return err
		}
		if wiped {
			d.State, d.WipedAt = store.DeviceWiped, now
			if err := tx.UpdateDevice(ctx, d); err != nil {
				return err
			}
		}
		return record(ctx, tx, by, now, store.AuditEvent{
			Action: ActionCleared, Device: device, Target: device,
			Detail: fmt.Appendf(nil, "cache %s up to generation %d%s", newest.Cache, newest.Number, receipt),
		})
	})
}

// keepReceipt keeps the counter that a chip has certified as a receipt. It
// returns 1 if that is news, which comes after the files were reported gone where
// the wipe was cut off in between.
func keepReceipt(ctx context.Context, tx store.Tx, g store.Generation, chip Presented, holds bool, now time.Time) (news int, err error) {
	if chip.Counter == 0 || !holds {
		return 0, nil
	}
	known, err := newestReading(ctx, tx, store.Slots{Device: g.Device, Cache: g.Cache}, binding.Counter)
	if err != nil {
		return 0, err
	}
	if known == nil || known.Value <= g.Number {
		news = 1
	}
	return news, tx.PutReading(ctx, store.Reading{
		Device: g.Device, Cache: g.Cache, Index: string(binding.Counter), Value: int64(chip.Counter), Created: now,
	})
}

// receiptOf says what stands behind a report that a cache is gone, and whether
// that is enough for its level.
func receiptOf(all []store.Generation, newest store.Generation, chip Presented) (text string, holds bool) {
	highest := uint64(0)
	for _, g := range all {
		if g.Cache == newest.Cache {
			highest = max(highest, uint64(g.Number))
		}
	}
	switch {
	case chip.Counter > highest:
		return fmt.Sprintf("; wiped: the chip (proven %v) certifies its counter at %d, above every generation", chip.Proven, chip.Counter), true
	case newest.Level == string(binding.LevelA):
		return "; no receipt of the chip: a copy of the files may still open there", false
	}
	return "", true
}
