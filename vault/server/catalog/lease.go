package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/store"
)

// IssueLease records and signs the lease that ends a package, in a transaction
// that reads account, device, switches and policy again: however long the stream
// took, the lease has the policy of now, and what that refuses gets none. digest
// is that of the stream.
// sign gets the lease, adds what only the server has (Chip), and returns the
// token; it may be called more than once. kid goes into the record.
func (c *Catalog) IssueLease(ctx context.Context, p *Package, kid string, digest [32]byte, sign func(lease.Lease) (string, error)) (string, error) {
	if p.request.Device.IsZero() {
		return "", vault.Fail(vault.NotPermitted, "a lease is for a device")
	}
	var token string
	err := c.update(ctx, p.by, func(tx store.Tx, a *access) error {
		if err := a.rulesHold(ctx, tx); err != nil {
			return err
		}
		if d, off := a.switchedOff(); off {
			return vault.Fail(vault.NotPermitted, "%s", d.Detail)
		}
		d, err := usableDevice(ctx, tx, p.by.user, p.request.Device)
		if err != nil {
			return err
		}
		if err := p.bear(ctx, tx, a); err != nil {
			return err
		}
		l := p.lease(a, d, digest)
		if err := tx.AddLease(ctx, store.Lease{
			ID: l.ID, Device: d.ID, Cache: l.Cache, Generation: int64(l.Generation), Seq: int64(l.Seq), KeyID: kid,
			Epoch: int64(l.Epoch), Issued: l.Issued.Time(), Expires: l.Expires.Time(), Entries: int64(l.Entries), Digest: digest[:],
		}); err != nil {
			return err
		}
		if token, err = sign(l); err != nil {
			return fmt.Errorf("sign lease: %w", err)
		}
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionLease, Device: d.ID, Target: d.ID,
			Detail: fmt.Appendf(nil, "lease %d for generation %d until %s", l.Seq, l.Generation, l.Expires.Time().Format(time.RFC3339)),
		})
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// lease returns the statement about a package.
func (p *Package) lease(a *access, d store.Device, digest [32]byte) lease.Lease {
	r, g := &p.request, a.rules.governance
	name := r.UserName
	if name == "" {
		name = p.by.name
	}
	return lease.Lease{
		Version: lease.Version,
		Issuer:  a.rules.instance.Incarnation,
		ID:      vault.NewID(), Seq: uint64(d.LeaseSeq) + 1,
		// Both are of the decision: the days are exact, however long the stream took.
		Issued: lease.At(p.At), Expires: lease.At(g.End(p.At)),
		User: p.by.user, Username: name,
		Device: d.ID, Cache: r.Cache, Generation: r.Generation,
		Record: r.Record, Root: r.RootName, Level: r.Level, Proven: r.Chip.Proven,
		Epoch:   a.rules.instance.Epoch,
		Policy:  g.Lease(),
		Entries: p.Count, Digest: digest,
	}
}
