package catalog

import (
	"context"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// AuditRecord is one line of the audit for people: an event, or one of the
// entries of an event that concerns many. A package of 10,000 passwords is
// 10,000 records with one Seq. What a device reports of offline use stands with
// the event of its upload, with its Seq, as actions with OfflinePrefix.
type AuditRecord struct {
	Seq int64
	At  time.Time // by the server's clock
	// OnDevice is when it was done, by the clock of the device; zero except of
	// offline use, where At is when the server received it.
	OnDevice time.Time
	Actor    vault.ID
	Name     string
	Device   vault.ID
	Action   string
	Outcome  string   // "ok", or the cause of the refusal
	Target   vault.ID // entry, folder, user, device, …
	Version  int64    // of the entry; 0: not applicable
	Address  string
	Comment  string
	Detail   string
}

// AuditQuery names records; fields that are set must all hold.
type AuditQuery struct {
	After    int64 // Seq > After
	From, To time.Time
	Actor    vault.ID
	Device   vault.ID
	Entry    vault.ID
	Action   string
	Limit    int64 // events, not records; records with an action of offline use; 0: no limit
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
		rows := int64(math.MaxInt64)
		if q.onlyOffline() && q.Limit > 0 { // an upload may have none of them
			rows, q.Limit = q.Limit, 0
		}
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
				list, err := c.records(ctx, by, &page[i], q)
				if err != nil {
					yield(AuditRecord{}, err)
					return
				}
				for _, r := range list {
					if rows <= 0 || !yield(r, nil) {
						return
					}
					rows--
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
	if q.onlyOffline() {
		sq.Action = ActionJournal
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
// for the one that was asked for; or the upload of a journal and what is in it.
func (c *Catalog) records(ctx context.Context, by *Caller, e *store.AuditEvent, q AuditQuery) ([]AuditRecord, error) {
	if e.Action != ActionJournal {
		return plainRecords(e, q.Entry), nil
	}
	if q.Action == ActionJournal { // the uploads were asked for, not what is in them
		upload := *e
		upload.Objects = nil
		return plainRecords(&upload, vault.ID{}), nil
	}
	list, err := c.reportedOffline(ctx, by, e, q)
	if err != nil || q.onlyOffline() || !q.Entry.IsZero() {
		return list, err
	}
	upload := *e
	upload.Objects = nil
	return append(plainRecords(&upload, vault.ID{}), list...), nil
}

func plainRecords(e *store.AuditEvent, entry vault.ID) []AuditRecord {
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

// AuditFaultError says where the chain of the audit does not hold.
type AuditFaultError struct {
	Seq   int64 // the first event that does not fit
	Found bool  // something stands there; else the audit ends before it
}

// Error names the event.
func (e *AuditFaultError) Error() string {
	if e.Found {
		return fmt.Sprintf("audit event %d does not fit the one before", e.Seq)
	}
	return fmt.Sprintf("audit event %d is missing at the end", e.Seq)
}

// VerifyAudit walks the whole chain and returns how many events it has. It
// takes ViewAudit. Damaged has an AuditFaultError below it.
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
				return vault.Fail(vault.Damaged, "%w", &AuditFaultError{Seq: head.Seq + 1, Found: true})
			}
			head = store.AuditHead{Seq: e.Seq, Hash: e.Hash}
		}
		if head != end {
			return vault.Fail(vault.Damaged, "%w", &AuditFaultError{Seq: head.Seq + 1})
		}
		n = head.Seq
		return nil
	})
	return n, err
}
