package catalog

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Renewal asks for a lease for a cache that a device has.
type Renewal struct {
	Device, Cache vault.ID
	Generation    uint64
	Chip          Presented // what the chip has shown with the request
}

// RenewLease signs a new lease for a generation that was sent, with the full
// number of days of today's policy, in a transaction that reads account, device,
// switches and epoch again. Nobody need be signed in: the caller has verified
// that the device asks. sign gets the lease, adds what only the server has
// (Chip), and returns the token; it may be called more than once. kid goes into
// the record.
//
// NotFound: the generation was never sent to this device; Superseded: it was
// given up or cleared, or a later one is in use; NotPermitted: offline use is
// switched off; NotSignedIn: the account cannot be used; LevelTooLow; and what the
// state of the device says: ApprovalPending, ApprovalDenied, Suspended, Revoked,
// Wiped.
func (c *Catalog) RenewLease(ctx context.Context, in Renewal, kid string, sign func(lease.Lease) (string, error)) (string, error) {
	if in.Generation == 0 || in.Generation > math.MaxInt64 {
		return "", vault.Fail(vault.Usage, "generation out of range")
	}
	known, err := c.DeviceKey(ctx, in.Device)
	if err != nil {
		return "", err
	}
	var token string
	err = c.update(ctx, c.deviceUser(ctx, known), func(tx store.Tx, a *access) error {
		if err := a.rulesHold(ctx, tx); err != nil {
			return err
		}
		if d, off := a.switchedOff(); off {
			return vault.Fail(vault.NotPermitted, "%s", d.Detail)
		}
		d, err := usableDevice(ctx, tx, a.by.user, in.Device)
		if err != nil {
			return err
		}
		g, err := a.renewable(ctx, tx, in)
		if err != nil {
			return err
		}
		if err := shownIfKnown(ctx, tx, in.Device, in.Chip); err != nil {
			return err
		}
		if g.Level == string(binding.LevelA) {
			id := store.GenerationID{Device: g.Device, Cache: g.Cache, Number: g.Number}
			if err := a.copyProof(ctx, tx, id, true, in.Chip); err != nil {
				return err
			}
		}
		before, err := sentLease(ctx, tx, in)
		if err != nil {
			return err
		}
		l := a.renewed(d, g, before)
		l.Proven = in.Chip.Proven
		if err := tx.AddLease(ctx, store.Lease{
			ID: l.ID, Device: d.ID, Cache: l.Cache, Generation: g.Number, Seq: int64(l.Seq), KeyID: kid,
			Epoch: int64(l.Epoch), Issued: l.Issued.Time(), Expires: l.Expires.Time(), Entries: before.Entries, Digest: before.Digest,
		}); err != nil {
			return err
		}
		if token, err = sign(l); err != nil {
			return fmt.Errorf("sign lease: %w", err)
		}
		if !telling(before, l) {
			return nil
		}
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionLease, Device: d.ID, Target: d.ID,
			Detail: fmt.Appendf(nil, "lease %d for generation %d renewed until %s", l.Seq, l.Generation, l.Expires.Time().Format(time.RFC3339)),
		})
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// deviceUser returns a device's user as the caller. The account is judged where
// it is used.
func (c *Catalog) deviceUser(ctx context.Context, d store.Device) *Caller {
	by := &Caller{user: d.User, address: d.LastAddress}
	// The name is for the audit alone.
	_ = c.store.View(ctx, func(r store.Reader) error {
		u, err := r.User(ctx, d.User)
		by.name = u.Name
		return err
	})
	return by
}

// renewable returns the generation if it may go on being used.
func (a *access) renewable(ctx context.Context, tx store.Tx, in Renewal) (store.Generation, error) {
	g, err := tx.Generation(ctx, store.GenerationID{Device: in.Device, Cache: in.Cache, Number: int64(in.Generation)})
	if err != nil {
		return g, notFound(err, "generation %d", in.Generation)
	}
	if g.State == store.GenerationGivenUp || g.State == store.GenerationCleared || !g.EndedAt.IsZero() {
		return g, vault.Fail(vault.Superseded, "generation %d is over", in.Generation)
	}
	// A device that has lost its proof since is as one that never had it.
	if why := a.rules.governance.Refuses(in.Chip.shown(policy.Binding(g.Level), g.Virtual)); why != "" {
		return g, vault.Fail(vault.LevelTooLow, "%s", why)
	}
	return g, nil
}

// sentLease returns the newest lease of the generation.
func sentLease(ctx context.Context, r store.Reader, in Renewal) (store.Lease, error) {
	for l, err := range r.Leases(ctx, in.Device) {
		switch {
		case err != nil:
			return l, err
		case l.Cache == in.Cache && l.Generation == int64(in.Generation) && len(l.Digest) == len(lease.Hash{}):
			return l, nil
		}
	}
	return store.Lease{}, vault.Fail(vault.NotFound, "no lease of generation %d", in.Generation)
}

// renewed returns the new statement about what was sent.
func (a *access) renewed(d store.Device, g store.Generation, before store.Lease) lease.Lease {
	l := lease.Lease{
		Version: lease.Version,
		Issuer:  a.rules.instance.Incarnation,
		ID:      vault.NewID(), Seq: uint64(d.LeaseSeq) + 1,
		Issued: lease.At(a.now), Expires: lease.At(a.leaseEnd()),
		User: d.User, Username: g.UserName,
		Device: d.ID, Cache: g.Cache, Generation: uint64(g.Number),
		Root: g.RootName, Level: policy.Binding(g.Level),
		Epoch:   a.rules.instance.Epoch,
		Policy:  a.rules.governance.Lease(),
		Entries: int(before.Entries),
	}
	if l.Username == "" {
		l.Username = a.by.name
	}
	copy(l.Record[:], g.Record)
	copy(l.Digest[:], before.Digest)
	return l
}

// telling reports whether a renewal is worth a line of the audit: a client that
// polls gets a hundred a day, and one of them says it all, unless the terms have
// changed.
func telling(before store.Lease, l lease.Lease) bool {
	return before.Issued.UTC().YearDay() != l.Issued.Time().YearDay() || before.Epoch != int64(l.Epoch) ||
		before.Expires.Sub(before.Issued) != l.Expires.Time().Sub(l.Issued.Time())
}
