package catalog

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// DeviceCache is the cache that a device has, as far as the server knows: the
// newest generation that it has proved, else the newest that was sent.
type DeviceCache struct {
	Cache      vault.ID
	Generation uint64
	Level      policy.Binding // of this cache; the device registered with what it thought possible
	Virtual    bool
	Sent       time.Time
	Proven     time.Time // the device has shown that it has it; zero: not yet
}

// Caches returns the caches of devices, by device; those without are not there.
// It takes ManageDevices.
func (c *Catalog) Caches(ctx context.Context, by *Caller) (map[vault.ID]DeviceCache, error) {
	var out map[vault.ID]DeviceCache
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		out = map[vault.ID]DeviceCache{}
		if err := a.needAdmin(policy.ManageDevices); err != nil {
			return err
		}
		for g, err := range r.OpenGenerations(ctx) {
			if err != nil {
				return err
			}
			next := DeviceCache{
				Cache: g.Cache, Generation: uint64(g.Number), Level: policy.Binding(g.Level), Virtual: g.Virtual,
				Sent: g.Created, Proven: g.ProvenAt,
			}
			if known, ok := out[g.Device]; !ok || next.replaces(known) {
				out[g.Device] = next
			}
		}
		return nil
	})
	return out, err
}

func (d *DeviceCache) replaces(known DeviceCache) bool {
	if d.Proven.IsZero() != known.Proven.IsZero() {
		return known.Proven.IsZero()
	}
	return d.Sent.After(known.Sent)
}
