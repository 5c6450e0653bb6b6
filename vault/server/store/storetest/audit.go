package storetest

import (
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// verifyChain checks every event against the one before, and the head.
func verifyChain(t *testing.T, s store.Store) []store.AuditEvent {
	t.Helper()
	ctx := t.Context()
	var events []store.AuditEvent
	view(t, s, func(r store.Reader) (err error) {
		events, err = collect(r.AuditEvents(ctx, store.AuditQuery{Objects: true}))
		if err != nil {
			return err
		}
		var prev [32]byte
		for i, e := range events {
			if e.Seq != int64(i)+1 || e.Prev != prev || e.Sum(prev) != e.Hash || store.SumObjects(e.Objects) != e.ObjectsSum {
				t.Errorf("event %d (number %d) does not fit the chain", i, e.Seq)
			}
			prev = e.Hash
		}
		head, err := r.AuditHead(ctx)
		same(t, "head", head, store.AuditHead{Seq: int64(len(events)), Hash: prev})
		return err
	})
	return events
}

func testAudit(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	const n = 10_000
	objects := make([]store.AuditObject, n)
	for i := range objects {
		objects[i] = store.AuditObject{Entry: vault.NewID(), Version: int64(i)}
	}
	full := store.AuditEvent{
		At: at(1).Add(456789 * time.Nanosecond), Actor: b.user.ID, Name: "alice", Device: b.device.ID,
		Action: "cache.send", Outcome: "ok", Target: b.root.ID, Address: "::1", Comment: "trip", Detail: []byte{0, 1},
		Objects: objects,
	}
	var ids []vault.ID
	update(t, s, func(tx store.Tx) error {
		for _, e := range []store.AuditEvent{full, {At: at(2), Action: "user.add"}} {
			id, err := tx.AppendAudit(ctx, e)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	given := store.AuditEvent{ID: vault.NewID(), At: at(3), Action: "entry.reveal", Objects: objects[:1]}
	update(t, s, func(tx store.Tx) error { _, err := tx.AppendAudit(ctx, given); return err })
	events := verifyChain(t, s)
	same(t, "number of events", len(events), 3)
	same(t, "given id", events[2].ID, given.ID)
	same(t, "objects", read(t, s, func(r store.Reader) ([]store.AuditObject, error) {
		return r.AuditObjects(ctx, ids[0])
	}), objects)
	got := events[0]
	same(t, "objects with the event", got.Objects, objects)
	for entry, want := range map[vault.ID][]int64{objects[0].Entry: {1, 3}, objects[n-1].Entry: {1}, vault.NewID(): nil} {
		var numbers []int64
		for _, e := range collected(t, s, func(r store.Reader) iter.Seq2[store.AuditEvent, error] {
			return r.AuditEvents(ctx, store.AuditQuery{Entry: entry})
		}) {
			numbers = append(numbers, e.Seq)
		}
		same(t, "events that concern "+entry.String(), numbers, want)
	}
	want := full
	want.ID, want.Seq, want.At = ids[0], 1, at(1)
	want.ObjectsSum, want.Hash = got.ObjectsSum, got.Hash
	same(t, "event", got, want)
	rev, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "last number", rev.Audit, 3)

	// Nothing of an event stays if what it tells about did not happen.
	failed := errors.New("changed my mind")
	err = s.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.AppendAudit(ctx, full); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatalf("got %v, want the function's error", err)
	}
	same(t, "number of events after the rollback", len(verifyChain(t, s)), 3)
	refused(t, s, store.Duplicate, func(tx store.Tx) error { _, err := tx.AppendAudit(ctx, given); return err })
}

func testAuditQueries(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	actor, device, entry := vault.NewID(), vault.NewID(), vault.NewID()
	const n = 600 // more than one page
	for part := range 3 {
		update(t, s, func(tx store.Tx) error {
			for i := part * n / 3; i < (part+1)*n/3; i++ {
				e := store.AuditEvent{At: at(i), Action: "even"}
				if i%2 == 1 {
					e.Action = "odd"
				}
				switch i {
				case 10:
					e.Actor = actor
				case 20:
					e.Device = device
				case 30:
					e.Target = entry
				case 40:
					e.Objects = []store.AuditObject{{Entry: vault.NewID()}, {Entry: entry, Version: 3}}
				}
				if _, err := tx.AppendAudit(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
	}
	verifyChain(t, s)
	span := func(from, to, step int) (out []int64) {
		for i := from; i != to; i += step {
			out = append(out, int64(i))
		}
		return out
	}
	for _, c := range []struct {
		name string
		q    store.AuditQuery
		want []int64
	}{
		{"all", store.AuditQuery{}, span(1, n+1, 1)},
		{"newest first", store.AuditQuery{Newest: true}, span(n, 0, -1)},
		{"after", store.AuditQuery{After: 590}, span(591, n+1, 1)},
		{"after, newest first", store.AuditQuery{After: 300, Newest: true}, span(n, 300, -1)},
		{"limit", store.AuditQuery{Limit: 3}, span(1, 4, 1)},
		{"limit over a page", store.AuditQuery{Limit: 300, Newest: true}, span(n, 300, -1)},
		{"limit of a page", store.AuditQuery{Limit: 256}, span(1, 257, 1)},
		{"time", store.AuditQuery{From: at(5), To: at(7)}, span(6, 8, 1)},
		{"actor", store.AuditQuery{Actor: actor}, span(11, 12, 1)},
		{"device", store.AuditQuery{Device: device}, span(21, 22, 1)},
		{"entry", store.AuditQuery{Entry: entry}, []int64{31, 41}},
		{"entry, objects", store.AuditQuery{Entry: entry, Objects: true}, []int64{31, 41}},
		{"action", store.AuditQuery{Action: "odd", To: at(6)}, []int64{2, 4, 6}},
		{"several", store.AuditQuery{Actor: actor, Device: device}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := collected(t, s, func(r store.Reader) iter.Seq2[store.AuditEvent, error] {
				return r.AuditEvents(ctx, c.q)
			})
			var got []int64
			for _, e := range rows {
				got = append(got, e.Seq)
				if want := c.q.Objects && e.Seq == 41; (len(e.Objects) == 2) != want {
					t.Errorf("event %d has %d objects", e.Seq, len(e.Objects))
				}
			}
			same(t, "events", got, c.want)
		})
	}
}
