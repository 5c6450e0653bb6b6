package catalog

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// AuditRecord is one line of the audit for people: an event, or one of the
// entries of an event that concerns many. A package of 10,000 passwords is
// 10,000 records with one Seq.
type AuditRecord struct {
	Seq     int64
	At      time.Time
	Actor   vault.ID
	Name    string
	Device  vault.ID
	Action  string
	Outcome string   // "ok", or the cause of the refusal
	Target  vault.ID // entry, folder, user, device, …
	Version int64    // of the entry; 0: not applicable
	Address string
	Comment string
	Detail  string
}

// AuditQuery names records; fields that are set must all hold.
type AuditQuery struct {
	After    int64 // Seq > After
	From, To time.Time
	Actor    vault.ID
	Device   vault.ID
	Entry    vault.ID
	Action   string
	Limit    int64 // events, not records; 0: no limit
	Newest   bool  // newest first
}

// auditPage is how many events are read at once: the database's snapshot is
// not held while somebody takes them in.
const auditPage = 500

func (a *access) needAudit() error { return a.needAdmin(policy.ViewAudit) }

// maxNewest bounds a query for the newest events, which is read at once.
const maxNewest = 10000

// Audit yields the records that q names. It takes ViewAudit; the right is asked
// for again with every page. With Newest at most 10,000 events come.
func (c *Catalog) Audit(ctx context.Context, by *Caller, q AuditQuery) iter.Seq2[AuditRecord, error] {
	return func(yield func(AuditRecord, error) bool) {
		limited, left := q.Limit > 0, q.Limit
		if q.Newest {
			limited, left = true, min(max(left, 0), maxNewest)
			if q.Limit <= 0 {
				left = maxNewest
			}
		}
		for {
			most := int64(auditPage)
			if limited && (q.Newest || left < most) {
				most = left
			}
			page, err := c.auditPage(ctx, by, q, most)
			if err != nil {
				yield(AuditRecord{}, err)
				return
			}
			for i := range page {
				for _, r := range records(&page[i], q.Entry) {
					if !yield(r, nil) {
						return
					}
				}
			}
			left -= int64(len(page))
			if int64(len(page)) < most || q.Newest || (limited && left <= 0) {
				return
			}
			q.After = page[len(page)-1].Seq
		}
	}
}

// auditPage reads up to most events.
func (c *Catalog) auditPage(ctx context.Context, by *Caller, q AuditQuery, most int64) ([]store.AuditEvent, error) {
	sq := store.AuditQuery{
		After: q.After, From: q.From, To: q.To, Actor: q.Actor, Device: q.Device, Entry: q.Entry,
		Action: q.Action, Newest: q.Newest, Limit: most, Objects: true,
	}
	var page []store.AuditEvent
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAudit(); err != nil {
			return err
		}
		page = page[:0]
		for e, err := range r.AuditEvents(ctx, sq) {
			if err != nil {
				return err
			}
			page = append(page, e)
		}
		return nil
	})
	return page, err
}

// records returns an event as records: one for each entry that it concerns, or
// for the one that was asked for.
func records(e *store.AuditEvent, entry vault.ID) []AuditRecord {
	r := AuditRecord{
		Seq: e.Seq, At: e.At, Actor: e.Actor, Name: e.Name, Device: e.Device, Action: e.Action, Outcome: e.Outcome,
		Target: e.Target, Address: e.Address, Comment: e.Comment, Detail: string(e.Detail),
	}
	if len(e.Objects) == 0 {
		return []AuditRecord{r}
	}
	list := make([]AuditRecord, 0, len(e.Objects))
	for _, o := range e.Objects {
		if !entry.IsZero() && o.Entry != entry {
			continue
		}
		r.Target, r.Version = o.Entry, o.Version
		list = append(list, r)
	}
	return list
}

// VerifyAudit walks the whole chain and returns how many events it has. It
// takes ViewAudit. Damaged names the first event that does not fit.
func (c *Catalog) VerifyAudit(ctx context.Context, by *Caller) (int64, error) {
	var n int64
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAudit(); err != nil {
			return err
		}
		end, err := r.AuditHead(ctx)
		if err != nil {
			return err
		}
		var head store.AuditHead
		for e, err := range r.AuditEvents(ctx, store.AuditQuery{Objects: true}) {
			if err != nil {
				return err
			}
			if e.Seq != head.Seq+1 || e.Prev != head.Hash || e.Sum(head.Hash) != e.Hash || store.SumObjects(e.Objects) != e.ObjectsSum {
				return vault.Fail(vault.Damaged, "audit event %d does not fit the one before", e.Seq)
			}
			head = store.AuditHead{Seq: e.Seq, Hash: e.Hash}
		}
		if head != end {
			return vault.Fail(vault.Damaged, "the audit ends at event %d and should at %d", head.Seq, end.Seq)
		}
		n = head.Seq
		return nil
	})
	return n, err
}
