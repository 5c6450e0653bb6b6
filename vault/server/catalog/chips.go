package catalog

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Chip is what an administrator sees of a device's chip.
type Chip struct {
	Proven, Virtual       bool
	Why                   string // not proven
	Maker, Model, Version string
	EKName                []byte // the same chip, the same Name
	Since, Seen           time.Time
	Counter               uint64 // the newest certified one; 0: none
}

// Chips returns what the chips of devices have proved, by device. It takes
// ManageDevices.
func (c *Catalog) Chips(ctx context.Context, by *Caller) (map[vault.ID]Chip, error) {
	var out map[vault.ID]Chip
	err := c.view(ctx, by, func(r store.Reader, a *access) (err error) {
		if err := a.needAdmin(policy.ManageDevices); err != nil {
			return err
		}
		out, err = chipsByDevice(ctx, r)
		return err
	})
	return out, err
}

func chipsByDevice(ctx context.Context, r store.Reader) (map[vault.ID]Chip, error) {
	out := map[vault.ID]Chip{}
	for row, err := range r.Chips(ctx) {
		if err != nil {
			return nil, err
		}
		if out[row.Device], err = readChip(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readChip(row store.Chip) (Chip, error) {
	id, err := readIdentity(row)
	return Chip{
		Proven: row.Proven, Virtual: row.Virtual, Why: string(id.Why), Maker: id.Certificate.Maker,
		Model: id.Certificate.Model, Version: id.Certificate.Version, EKName: row.EKName,
		Since: row.Created, Seen: row.Seen.At, Counter: uint64(row.Seen.Counter),
	}, err
}
