package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tideover/tideover/vault/server/store"
)

// Values of settingMakers.
const (
	makersKnown = "known"
	makersNone  = "none"
)

// NoteMakers keeps whether this instance knows makers of chips, for those who
// read the policy elsewhere: without one no device is ever proven. The instance
// that starts last is believed.
func (c *Catalog) NoteMakers(ctx context.Context) error {
	value := makersNone
	if c.believes {
		value = makersKnown
	}
	// By update: two instances that start at once both write it for the first time.
	err := c.update(ctx, Operator("serve"), func(tx store.Tx, a *access) error {
		old, err := tx.Setting(ctx, settingMakers)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if string(old.Value) == value {
			return nil
		}
		return put(ctx, tx, a, settingMakers, []byte(value))
	})
	if err != nil {
		return fmt.Errorf("note makers of chips: %w", err)
	}
	return nil
}

// unmet says why no device can meet what the policy demands; empty: one can, or
// it demands no proof.
func (ru *rules) unmet() string {
	keys := ru.governance.DemandsProof()
	if len(keys) == 0 || ru.makers == makersKnown {
		return ""
	}
	return strings.Join(keys, ", ") + ": " + ru.noMakers()
}

// noMakers says why no device is proven here; empty: some may be.
func (ru *rules) noMakers() string {
	switch ru.makers {
	case makersKnown:
		return ""
	case makersNone:
		return "no device is proven, as the server was started without --tpm-roots"
	}
	return "no device is proven until the server is started with --tpm-roots"
}
