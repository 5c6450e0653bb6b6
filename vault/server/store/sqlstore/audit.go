package sqlstore

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	auditList = `id, seq, happened, actor, name, device, action, outcome, target, address, comment, detail,` +
		` objects_sum, prev, hash`
	auditSelect = `SELECT ` + auditList + ` FROM audit_event`

	objectList      = `event, number, entry, version`
	sqlAuditObjects = `SELECT entry, version FROM audit_object WHERE event = $1 ORDER BY number`
	sqlReadHead     = `SELECT audit_seq, audit_hash FROM counter`

	// auditPage is how many events are read at once. Their objects are read
	// between the pages, because PostgreSQL does one query at a time.
	auditPage = 256
)

func auditColumns(e *store.AuditEvent) []any {
	return []any{
		guid(&e.ID), whole(&e.Seq), millis(&e.At), guid(&e.Actor), &e.Name, guid(&e.Device), &e.Action, &e.Outcome,
		guid(&e.Target), &e.Address, &e.Comment, bytes(&e.Detail), sum(&e.ObjectsSum), sum(&e.Prev), sum(&e.Hash),
	}
}

// AuditEvents implements store.AuditReader.
func (t *tx) AuditEvents(ctx context.Context, q store.AuditQuery) iter.Seq2[store.AuditEvent, error] {
	return func(yield func(store.AuditEvent, error) bool) {
		left, position := q.Limit, int64(0)
		for {
			page, err := t.auditPage(ctx, q, position, left)
			if err != nil {
				yield(store.AuditEvent{}, err)
				return
			}
			for _, e := range page {
				if !t.yieldEvent(e, yield) {
					return
				}
			}
			left -= int64(len(page))
			if len(page) < auditPage || q.Limit > 0 && left <= 0 {
				return
			}
			position = page[len(page)-1].Seq
		}
	}
}

// yieldEvent hands out one event; meanwhile the transaction is busy, as in every
// other sequence.
func (t *tx) yieldEvent(e store.AuditEvent, yield func(store.AuditEvent, error) bool) bool {
	t.streaming = true
	defer func() { t.streaming = false }()
	return yield(e, nil)
}

// auditPage reads the next events after (or, newest first, before) position.
func (t *tx) auditPage(ctx context.Context, q store.AuditQuery, position, left int64) ([]store.AuditEvent, error) {
	var w where
	switch {
	case q.Newest && position > 0:
		w.add("seq <", position)
		w.add("seq >", q.After)
	default:
		w.add("seq >", max(q.After, position))
	}
	if !q.From.IsZero() {
		w.add("happened >=", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		w.add("happened <", q.To.UnixMilli())
	}
	if !q.Actor.IsZero() {
		w.add("actor =", q.Actor[:])
	}
	if !q.Device.IsZero() {
		w.add("device =", q.Device[:])
	}
	if q.Action != "" {
		w.add("action =", textArg(q.Action))
	}
	if !q.Entry.IsZero() {
		w.addConcerns(q.Entry)
	}
	order := " ORDER BY seq"
	if q.Newest {
		order = " ORDER BY seq DESC"
	}
	size := int64(auditPage)
	if q.Limit > 0 {
		size = min(size, left)
	}
	query := auditSelect + w.text() + order + " LIMIT " + strconv.FormatInt(size, 10)
	page, err := list(ctx, t, "audit event", auditColumns, query, w.args...)
	if err != nil || !q.Objects {
		return page, err
	}
	for i := range page {
		if page[i].ObjectsSum == ([32]byte{}) {
			continue
		}
		if page[i].Objects, err = t.AuditObjects(ctx, page[i].ID); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// AuditObjects implements store.AuditReader.
func (t *tx) AuditObjects(ctx context.Context, event vault.ID) ([]store.AuditObject, error) {
	objects, err := list(ctx, t, "audit object", func(o *store.AuditObject) []any {
		return []any{guid(&o.Entry), &o.Version}
	}, sqlAuditObjects, event[:])
	if err != nil || len(objects) > 0 {
		return objects, err
	}
	return t.packedObjects(ctx, event)
}

// AuditHead implements store.AuditReader.
func (t *tx) AuditHead(ctx context.Context) (store.AuditHead, error) {
	return one(ctx, t, "counter", func(h *store.AuditHead) []any {
		return []any{&h.Seq, sum(&h.Hash)}
	}, sqlReadHead)
}

// AppendAudit implements store.AuditWriter. The event and its objects are
// written now, so that the commit, which keeps others waiting, only chains it.
func (t *tx) AppendAudit(ctx context.Context, e store.AuditEvent) (vault.ID, error) {
	if e.ID.IsZero() {
		e.ID = vault.NewID()
	}
	// The hash is over what is stored.
	e.At = e.At.Truncate(time.Millisecond)
	e.Name, e.Action, e.Outcome = textArg(e.Name), textArg(e.Action), textArg(e.Outcome)
	e.Address, e.Comment = textArg(e.Address), textArg(e.Comment)
	e.ObjectsSum = store.SumObjects(e.Objects)
	err := t.insert(ctx, table{"audit_event", "audit event", auditList},
		e.ID[:], nil, e.At.UnixMilli(), idArg(e.Actor), e.Name, idArg(e.Device), e.Action, e.Outcome,
		idArg(e.Target), e.Address, e.Comment, bytesArg(e.Detail), e.ObjectsSum[:], nil, nil)
	if err != nil {
		return vault.ID{}, err
	}
	if err := t.addObjects(ctx, e.ID, e.Objects); err != nil {
		return vault.ID{}, err
	}
	e.Objects = nil // written; ObjectsSum stands for them
	t.audit = append(t.audit, e)
	return e.ID, nil
}

func (t *tx) addObjects(ctx context.Context, event vault.ID, objects []store.AuditObject) error {
	if len(objects) >= packFrom {
		return t.addPacks(ctx, event, objects)
	}
	row := make([]any, 4)
	return t.insertAll(ctx, table{"audit_object", "audit object", objectList}, len(objects), func(i int) []any {
		row[0], row[1], row[2], row[3] = event[:], int64(i), objects[i].Entry[:], objects[i].Version
		return row
	})
}
