package catalog

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/server/store"
)

// maxJournal bounds one upload: a client with more sends it in parts.
const maxJournal = 10000

// AddJournal verifies and keeps what a device wrote while offline, and returns
// the number of the last event that the server has. The caller has verified the
// device's signature. Events that are there already are passed over.
//
// A gap, a fork or an edited event ends what is taken, and raises an alarm in
// the audit, once; it is no error, as alarms never block a client.
func (c *Catalog) AddJournal(ctx context.Context, device vault.ID, events []audit.Event) (uint64, error) {
	if len(events) > maxJournal {
		return 0, vault.Fail(vault.Hostile, "a journal is sent in parts of at most %d events", maxJournal)
	}
	var through uint64
	err := c.deviceUpdate(ctx, device, func(tx store.Tx, _ store.Device, by *Caller, now time.Time) error {
		head := audit.NewHead(device)
		chain := store.ChainID{Device: device}
		last, err := tx.LastDeviceEvent(ctx, chain)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil {
			head = audit.Head{Seq: uint64(last.Seq), Hash: last.Hash}
		}
		fresh, fault, err := newEvents(ctx, tx, chain, head, events)
		if err != nil {
			return err
		}
		next, verr := audit.Verify(head, fresh)
		if fault == nil {
			errors.As(verr, &fault)
		}
		fresh = fresh[:next.Seq-head.Seq]
		through = next.Seq
		if _, err := tx.AddDeviceEvents(ctx, rows(device, fresh, now)); err != nil {
			return err
		}
		if len(fresh) > 0 {
			if err := record(ctx, tx, by, now, store.AuditEvent{
				Action: ActionJournal, Device: device, Target: device,
				Detail: fmt.Appendf(nil, journalDetail, len(fresh), through), Objects: journalObjects(fresh),
			}); err != nil {
				return err
			}
		}
		if fault == nil {
			return nil
		}
		return alarm(ctx, tx, by, now, device, fault)
	})
	return through, err
}

// newEvents returns the events behind head, and a fork if one at or before it
// is not what the server has.
func newEvents(ctx context.Context, tx store.Tx, chain store.ChainID, head audit.Head, events []audit.Event) ([]audit.Event, *audit.FaultError, error) {
	first := slices.IndexFunc(events, func(e audit.Event) bool { return e.Seq > head.Seq })
	if first < 0 {
		first = len(events)
	}
	if first == 0 {
		return events, nil, nil
	}
	known := map[uint64]audit.Hash{}
	from := events[0].Seq
	if from == 0 || from > math.MaxInt64 {
		return nil, &audit.FaultError{Fault: audit.Edit, Seq: from}, nil
	}
	for e, err := range tx.DeviceEvents(ctx, chain, int64(from)-1) {
		if err != nil {
			return nil, nil, err
		}
		known[uint64(e.Seq)] = e.Hash
	}
	for _, e := range events[:first] {
		if known[e.Seq] != e.Hash {
			return nil, &audit.FaultError{Fault: audit.Fork, Seq: e.Seq}, nil
		}
	}
	return events[first:], nil, nil
}

func rows(device vault.ID, events []audit.Event, now time.Time) []store.DeviceEvent {
	list := make([]store.DeviceEvent, len(events))
	for i, e := range events {
		list[i] = store.DeviceEvent{
			Device: device, Seq: int64(e.Seq), At: e.At, Received: now, Type: string(e.Type), Entry: e.Entry,
			Detail: []byte(e.Detail), Generation: int64(e.Generation), Prev: e.Prev, Hash: e.Hash,
		}
	}
	return list
}

// alarm records a fault of a journal, unless it has been recorded: a client
// sends the same journal again and again.
func alarm(ctx context.Context, tx store.Tx, by *Caller, now time.Time, device vault.ID, fault *audit.FaultError) error {
	detail := fault.Error()
	for e, err := range tx.AuditEvents(ctx, store.AuditQuery{Device: device, Action: ActionAlarm}) {
		if err != nil {
			return err
		}
		if string(e.Detail) == detail {
			return nil
		}
	}
	return record(ctx, tx, by, now, store.AuditEvent{
		Action: ActionAlarm, Outcome: string(fault.Fault), Device: device, Target: device, Detail: []byte(detail),
	})
}

// Journal returns what a device reported, oldest first. It takes ViewAudit.
func (c *Catalog) Journal(ctx context.Context, by *Caller, device vault.ID) ([]audit.Event, error) {
	var list []audit.Event
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAudit(); err != nil {
			return err
		}
		list = list[:0]
		for e, err := range r.DeviceEvents(ctx, store.ChainID{Device: device}, 0) {
			if err != nil {
				return err
			}
			list = append(list, audit.Event{
				Seq: uint64(e.Seq), At: e.At, Type: audit.Type(e.Type), Entry: e.Entry, Detail: string(e.Detail),
				Generation: uint64(e.Generation), Prev: e.Prev, Hash: e.Hash,
			})
		}
		return nil
	})
	return list, err
}
