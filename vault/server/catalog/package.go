package catalog

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// PackageRequest asks for an offline package. With a zero Device it is one for
// a client without device key, which Instance.OfflinePackage must allow; then
// everything but Comment is ignored.
type PackageRequest struct {
	Device     vault.ID
	Cache      vault.ID
	Generation uint64
	Record     [32]byte // SHA-256 of the TPM record
	RootName   []byte   // of the TPM's storage root key
	Level      policy.Binding
	Virtual    bool
	ClockMS    uint64 // TPM clock now, milliseconds
	Resets     uint32 // TPM resetCount now
	UserName   string // as typed
	Comment    string
	Chip       Presented // what the chip has shown with the request
	Escrow     Escrow    // the machine secret for the recovery key; zero: not given
}

// Package is an offline package that has been recorded and may be sent. It is
// used by one goroutine at a time. Close it.
type Package struct {
	Folders    []PackedFolder // the root first, parents before what is in them
	Icons      []vault.CustomIcon
	Count      int // entries
	At         time.Time
	Governance policy.Governance
	Expires    time.Time // of the lease that ends it

	c       *Catalog
	by      *Caller
	request PackageRequest
	entries []packedRow
}

// packedRow is an entry on its way out, still encrypted.
type packedRow struct {
	folder  int
	id      vault.ID
	version int64
	content store.Sealed
	history []store.HistoryEntry
	flags   policy.Flags
	rights  policy.Rights
}

// Package decides which entries the caller may take offline, records that they
// are sent, one audit record for each password, and returns them. When it
// returns, the record is committed.
//
// For a device the generation becomes pending; a proven or lower one is
// Superseded. The same pending generation may be asked for again, with the same
// record: then only what is new in it is recorded anew. NotPermitted, or what
// the state of the device says: ApprovalPending, ApprovalDenied, Revoked, Wiped.
// LevelTooLow: the policy asks for more than the request's level, or for proof
// that the device does not have; without a device, for what only one can give.
func (c *Catalog) Package(ctx context.Context, by *Caller, request PackageRequest) (*Package, error) {
	if by.operator {
		return nil, vault.Fail(vault.NotPermitted, "a package is for a user")
	}
	if err := c.refresh(ctx, true); err != nil {
		return nil, err
	}
	var p *Package
	err := c.guarded(ctx, by, request.Device, ActionCached, func(tx store.Tx, a *access) error {
		p = &Package{c: c, by: by, request: request, At: a.now}
		if err := p.admit(ctx, tx, a); err != nil {
			return err
		}
		p.Governance, p.Expires = a.rules.governance, a.leaseEnd()
		taking := policy.Taking{
			Level: request.Level, MinLevel: a.rules.governance.MinLevel, Comment: !isBlank(request.Comment),
		}
		if request.Device.IsZero() {
			taking.Level, taking.MinLevel = "", ""
		}
		list, err := c.plan(ctx, tx, a, taking)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(e planned) bool { return !e.decision.Cached() })
		if err := p.pack(ctx, tx, a, list); err != nil {
			return err
		}
		return p.record(ctx, tx, a)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// admit decides whether there may be a package at all.
func (p *Package) admit(ctx context.Context, tx store.Tx, a *access) error {
	if err := a.rulesHold(ctx, tx); err != nil {
		return err
	}
	if d, off := a.switchedOff(); off {
		return vault.Fail(vault.NotPermitted, "%s", d.Detail)
	}
	if p.request.Device.IsZero() {
		if !a.rules.instance.OfflinePackage {
			return vault.Fail(vault.NotPermitted, "packages for clients without a device key are switched off")
		}
		if why := a.rules.governance.RefusesUnbound(); why != "" {
			return vault.Fail(vault.LevelTooLow, "%s", why)
		}
		return nil
	}
	if _, err := usableDevice(ctx, tx, a.by.user, p.request.Device); err != nil {
		return err
	}
	if err := shownIfKnown(ctx, tx, p.request.Device, p.request.Chip); err != nil {
		return err
	}
	return p.bear(ctx, tx, a)
}

// bear refuses a device that may not hold the cache by the policy of a, or by what
// its chip has certified.
func (p *Package) bear(ctx context.Context, tx store.Tx, a *access) error {
	if err := p.checkBinding(a.rules.governance); err != nil || p.request.Level != binding.LevelA {
		return err
	}
	return a.copyProof(ctx, tx, p.id(), false, p.request.Chip)
}

// shownIfKnown refuses a request without statement of a device that has proved
// its chip: whoever copies its files would leave it out.
func shownIfKnown(ctx context.Context, tx store.Tx, device vault.ID, p Presented) error {
	if p.Known {
		return nil
	}
	_, err := tx.Chip(ctx, device)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = vault.Fail(vault.NotPermitted, "%w", errNoStatement)
	}
	return err
}

func (p *Package) id() store.GenerationID {
	return store.GenerationID{Device: p.request.Device, Cache: p.request.Cache, Number: int64(p.request.Generation)}
}

// rulesHold returns errStale if the settings in r are not those of a.
func (a *access) rulesHold(ctx context.Context, r store.Reader) error {
	rev, err := r.Revision(ctx)
	if err != nil {
		return err
	}
	if rev.Gov != a.rules.gov {
		return errStale
	}
	return nil
}

// usableDevice returns a device that may have caches now.
func usableDevice(ctx context.Context, r store.Reader, user, id vault.ID) (store.Device, error) {
	d, err := r.Device(ctx, id)
	if err != nil {
		return d, notFound(err, "device %s", id)
	}
	if d.User != user {
		return d, vault.Fail(vault.NotFound, "device %s", id)
	}
	switch d.State {
	case store.DeviceApproved:
		return d, nil
	case store.DevicePending:
		return d, vault.Fail(vault.ApprovalPending, "device %s", id)
	case store.DeviceDenied:
		return d, vault.Fail(vault.ApprovalDenied, "device %s", id)
	case store.DeviceRevoked:
		return d, vault.Fail(vault.Revoked, "device %s", id)
	case store.DeviceWiped:
		return d, vault.Fail(vault.Wiped, "device %s", id)
	}
	return d, vault.Fail(vault.Suspended, "device %s", id)
}

// checkBinding compares the request with the policy.
func (p *Package) checkBinding(g policy.Governance) error {
	r := &p.request
	if r.Cache.IsZero() || r.Generation == 0 || r.Generation > math.MaxInt64 || r.ClockMS > math.MaxInt64 {
		return vault.Fail(vault.Usage, "cache, generation or clock out of range")
	}
	if _, err := policy.ParseBinding(string(r.Level)); err != nil {
		return vault.Fail(vault.Usage, "%w", err)
	}
	r.Virtual = r.Virtual || r.Chip.Virtual
	if why := g.Refuses(r.Chip.shown(r.Level, r.Virtual)); why != "" {
		return vault.Fail(vault.LevelTooLow, "%s", why)
	}
	return nil
}

// record writes the audit and what the device will hold.
func (p *Package) record(ctx context.Context, tx store.Tx, a *access) error {
	objects := make([]store.AuditObject, len(p.entries))
	for i := range p.entries {
		objects[i] = store.AuditObject{Entry: p.entries[i].id, Version: p.entries[i].version}
	}
	event := store.AuditEvent{
		ID: vault.NewID(), Action: ActionCached, Device: p.request.Device, Target: p.request.Device,
		Comment: p.request.Comment, Objects: objects,
	}
	if p.request.Device.IsZero() {
		event.Target = a.by.user
		event.Detail = []byte("package for a client without a device key")
		return a.record(ctx, tx, event)
	}
	event.Detail = []byte(sentDetail(p.request.Cache, p.request.Generation) + " level " + string(p.request.Level))
	again, err := p.openGeneration(ctx, tx, a, event.ID)
	if err != nil {
		return err
	}
	if again != nil {
		event.Action = ActionResent
		recorded, err := recordedFor(ctx, tx, *again)
		if err != nil {
			return err
		}
		event.Objects = slices.DeleteFunc(slices.Clone(objects), func(o store.AuditObject) bool { return recorded[o.Entry] == o.Version })
	}
	if err := p.hold(ctx, tx, objects); err != nil {
		return err
	}
	if err := p.keepEscrow(ctx, tx, a); err != nil {
		return err
	}
	return a.record(ctx, tx, event)
}

// sentDetail is how the detail of an event begins that a generation was sent.
func sentDetail(cache vault.ID, generation uint64) string {
	return fmt.Sprintf("sent: cache %s generation %d", cache, generation)
}

// recordedFor returns the entries, with versions, that the audit has for a
// generation: those of its first sending, and what retries have added.
func recordedFor(ctx context.Context, tx store.Tx, g store.Generation) (map[vault.ID]int64, error) {
	objects, err := tx.AuditObjects(ctx, g.Event)
	if err != nil {
		return nil, err
	}
	prefix := sentDetail(g.Cache, uint64(g.Number)) + " "
	for e, err := range tx.AuditEvents(ctx, store.AuditQuery{Device: g.Device, Action: ActionResent, Objects: true}) {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(string(e.Detail), prefix) {
			objects = append(objects, e.Objects...)
		}
	}
	recorded := make(map[vault.ID]int64, len(objects))
	for _, o := range objects {
		recorded[o.Entry] = o.Version
	}
	return recorded, nil
}

// hold adds what is new to the list of what the device holds. What it held
// before stays listed until the device proves the generation: it may go back.
// A holding has the generation that brought it, so that a renewal writes only
// what has changed.
func (p *Package) hold(ctx context.Context, tx store.Tx, objects []store.AuditObject) error {
	held := map[store.AuditObject]bool{}
	for h, err := range tx.Holdings(ctx, store.HoldingQuery{Device: p.request.Device}) {
		if err != nil {
			return err
		}
		held[store.AuditObject{Entry: h.Entry, Version: h.Version}] = true
	}
	fresh := make([]store.Holding, 0, max(0, len(objects)-len(held)))
	for _, o := range objects {
		if !held[o] {
			fresh = append(fresh, store.Holding{
				Device: p.request.Device, Generation: int64(p.request.Generation), Entry: o.Entry, Version: o.Version,
			})
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return tx.PutHoldings(ctx, fresh)
}

// openGeneration makes the generation pending; if it was, it is returned.
func (p *Package) openGeneration(ctx context.Context, tx store.Tx, a *access, event vault.ID) (again *store.Generation, err error) {
	r := &p.request
	id := p.id()
	all, err := tx.Generations(ctx, r.Device)
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		if g.Cache == r.Cache && g.State == store.GenerationProven && g.Number >= id.Number {
			return nil, vault.Fail(vault.Superseded, "generation %d is in use", g.Number)
		}
	}
	old, err := tx.Generation(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, tx.AddGeneration(ctx, store.Generation{
			Device: r.Device, Cache: r.Cache, Number: id.Number, State: store.GenerationPending,
			Record: r.Record[:], RootName: r.RootName, Level: string(r.Level), Virtual: r.Virtual,
			ClockMS: int64(r.ClockMS), Resets: int64(r.Resets), UserName: r.UserName, Comment: r.Comment,
			Event: event, Created: a.now,
		})
	case err != nil:
		return nil, err
	case old.State != store.GenerationPending || !slices.Equal(old.Record, r.Record[:]):
		return nil, vault.Fail(vault.Superseded, "generation %d was used", id.Number)
	}
	return &old, nil
}
