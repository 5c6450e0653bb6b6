package keyring

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// Rotate retires the active key of a purpose and makes a new one. What the old
// one sealed stays readable with it. PurposeTags cannot be rotated.
func (k *Keyring) Rotate(ctx context.Context, p store.Purpose) error {
	if p == PurposeTags {
		return errTagKey
	}
	if !slices.Contains(purposes(), p) {
		return fmt.Errorf("keyring: internal error: unknown purpose %d", p)
	}
	active := k.keys.Load().active[p]
	err := k.store.Update(ctx, func(tx store.Tx) error {
		if err := k.lock(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.DataKeys(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Purpose != p || !row.Retired.IsZero() {
				continue
			}
			if active != nil && row.ID != active.id {
				return nil // another process has just rotated
			}
			row.Retired = k.now()
			if err := tx.UpdateDataKey(ctx, row); err != nil {
				return err
			}
		}
		return k.add(ctx, tx, p)
	})
	if err != nil {
		return fmt.Errorf("rotate data key: %w", err)
	}
	return k.Reload(ctx)
}

// Rewrap wraps every data key with the current KEK, in one transaction. It
// costs milliseconds: rows stay as they are. Returns how many keys it wrapped.
func (k *Keyring) Rewrap(ctx context.Context) (int, error) {
	n := 0
	err := k.store.Update(ctx, func(tx store.Tx) error {
		n = 0 // the transaction may run again
		if err := k.lock(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.DataKeys(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := k.rewrap(ctx, tx, row); err != nil {
				return fmt.Errorf("data key %s: %w", row.ID, err)
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("rewrap data keys: %w", err)
	}
	return n, nil
}

func (k *Keyring) rewrap(ctx context.Context, tx store.Tx, row store.DataKey) error {
	raw, err := k.kek.Unwrap(ctx, Wrapped{KEK: row.KEK, Data: row.Wrapped}, wrapData(row))
	if err != nil {
		return err
	}
	defer clear(raw)
	w, err := k.kek.Wrap(ctx, raw, wrapData(row))
	if err != nil {
		return err
	}
	row.Wrapped, row.KEK = w.Data, w.KEK
	return tx.UpdateDataKey(ctx, row)
}

// Rekey replaces the KEK in the file: a new key beside the old one, all data
// keys wrapped anew, the old key dropped. Where it is cut off, the file still
// opens the database, and calling it again completes it. f must be the KEK of
// this keyring.
func (k *Keyring) Rekey(ctx context.Context, f *File) error {
	if err := f.AddKey(); err != nil {
		return err
	}
	if _, err := k.Rewrap(ctx); err != nil {
		return err
	}
	return f.DropPrevious()
}

// Maintain writes the use counts down, and rotates the keys that are a year old
// or have sealed 2³⁰ times. Call it hourly and before the end. It returns the
// purposes that it rotated.
func (k *Keyring) Maintain(ctx context.Context) ([]store.Purpose, error) {
	if err := k.saveUses(ctx); err != nil {
		return nil, fmt.Errorf("save key uses: %w", err)
	}
	var due []store.Purpose
	for p, key := range k.keys.Load().active {
		old := k.now().Sub(key.created) >= rotateAge
		if p != PurposeTags && (old || key.stored.Load() >= rotateUses) {
			due = append(due, p)
		}
	}
	slices.Sort(due)
	for _, p := range due {
		if err := k.Rotate(ctx, p); err != nil {
			return nil, err
		}
	}
	return due, nil
}

func (k *Keyring) saveUses(ctx context.Context) error {
	uses := map[vault.ID]int64{}
	for id, key := range k.keys.Load().byID {
		if n := key.unsaved.Load(); n > 0 {
			uses[id] = n
		}
	}
	if len(uses) == 0 {
		return nil
	}
	err := k.store.Update(ctx, func(tx store.Tx) error {
		for id, n := range uses {
			if err := tx.AddKeyUses(ctx, id, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id, n := range uses {
		key := k.keys.Load().byID[id]
		key.stored.Add(n)
		key.unsaved.Add(-n)
	}
	return nil
}

// Age returns how old the active key is.
func (a ActiveKey) Age(now time.Time) time.Duration { return now.Sub(a.Created) }
