package catalog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	// maxJournal bounds one upload: a client with more sends it in parts.
	maxJournal = 10000
	// wholeUpload is how many events an upload has at least that is followed by
	// another: clients send a thousand at once.
	wholeUpload = 1000
	// maxChains bounds how often the journal of a device begins anew. Each time is
	// an alarm; what comes after that is not kept.
	maxChains = 64
	// maxBreaks bounds how often one upload leaves a chain for another, and how many
	// chains its known events are looked for in, one after the other. A journal that
	// was put back breaks once. Whatever comes after that waits for the next upload:
	// everybody else waits for this one.
	maxBreaks = 16
)

// AddJournal verifies and keeps what a device wrote while offline, and returns
// the number of the last event that the server has. The caller has verified the
// device's signature. Events that are there already are passed over.
//
// A gap, a fork or an edited event raises an alarm in the audit, once, and so do
// openings that are not in the journal; it is no error, as alarms never block a
// client. What cannot go on from what is there is kept as another chain, so that
// a device whose journal was begun anew, cut or put back is still heard. Nothing
// after an edited event is taken.
func (c *Catalog) AddJournal(ctx context.Context, device vault.ID, events []audit.Event) (uint64, error) {
	if len(events) > maxJournal {
		return 0, vault.Fail(vault.Hostile, "a journal is sent in parts of at most %d events", maxJournal)
	}
	var through uint64
	err := c.deviceUpdate(ctx, device, func(tx store.Tx, _ store.Device, by *Caller, now time.Time) error {
		at := event{by, now, device}
		through = 0
		caches, err := readJournalCaches(ctx, tx, device)
		if err != nil {
			return err
		}
		rest := events
		for range maxBreaks {
			place, err := placeOf(ctx, tx, device, rest)
			if err != nil {
				return err
			}
			through = place.head.Seq
			if place.fault != nil {
				about := place.fault.Error() + place.about + caches.of(place.generation)
				if err := journalAlarm(ctx, tx, at, place.fault.Fault, about); err != nil {
					return err
				}
			}
			if place.chain == nil {
				break
			}
			next, verr := audit.Verify(place.head, place.fresh)
			taken := place.fresh[:next.Seq-place.head.Seq]
			if err := keepEvents(ctx, tx, at, *place.chain, taken, caches); err != nil {
				return err
			}
			through, rest = next.Seq, place.fresh[len(taken):]
			var fault *audit.FaultError
			// Events that go on from nothing that is there would be placed again and
			// again: those of another device, for one.
			if errors.As(verr, &fault) && (fault.Fault == audit.Edit || len(taken) == 0) {
				about := fmt.Sprintf("%s, hash %x", fault, rest[0].Hash[:8]) + caches.of(rest[0].Generation)
				if err := journalAlarm(ctx, tx, at, fault.Fault, about); err != nil {
					return err
				}
				break
			}
			if len(rest) == 0 {
				break
			}
		}
		if len(events) >= wholeUpload { // more is to come
			return nil
		}
		return missedOpens(ctx, tx, at)
	})
	return through, err
}

// place is where events of a device go on.
type place struct {
	chain *vault.ID  // nil: nothing is to be taken
	head  audit.Head // of the chain
	fresh []audit.Event
	fault *audit.FaultError // they go on from none of the chains that are there
	about string            // to tell one fault from the next

	generation uint64 // that the faulty event tells of; 0: of none of this device's
}

// placeOf finds the chain that events go on from, the newest first. The first
// journal of a device goes on from nothing.
func placeOf(ctx context.Context, tx store.Tx, device vault.ID, events []audit.Event) (place, error) {
	heads, err := tx.LastDeviceEvents(ctx, device)
	if err != nil {
		return place{}, err
	}
	if len(events) > 0 && events[0].Seq == 1 && events[0].Prev != audit.Start(device) {
		return place{fault: &audit.FaultError{Fault: audit.Fork, Seq: 1}, about: fmt.Sprintf(": of another device, hash %x", events[0].Hash[:8])}, nil
	}
	if len(heads) == 0 && (len(events) == 0 || events[0].Seq == 1) {
		p := place{head: audit.NewHead(device), fresh: events}
		if len(events) > 0 {
			p.chain = new(vault.ID)
		}
		return p, nil
	}
	// A journal that was put back begins as one chain does and goes on as another.
	for range maxBreaks {
		p, known, err := placeIn(ctx, tx, heads, events)
		if err != nil || known == 0 {
			return p, err
		}
		events = events[known:]
	}
	p, _, err := placeIn(ctx, tx, heads, events)
	return p, err
}

// placeIn is placeOf among so many chains. known is how many of the first events
// are there in one that they do not go on from.
func placeIn(ctx context.Context, tx store.Tx, heads []store.DeviceEvent, events []audit.Event) (p place, known int, err error) {
	var newest audit.Head
	for i, last := range slices.Backward(heads) {
		head := audit.Head{Seq: uint64(last.Seq), Hash: last.Hash}
		n, err := leading(ctx, tx, store.ChainID{Device: last.Device, Chain: last.Chain}, events)
		if err != nil {
			return place{}, 0, err
		}
		if i == len(heads)-1 {
			newest = head
		}
		if n == len(events) {
			return place{head: head}, 0, nil
		}
		if e := events[n]; e.Seq == head.Seq+1 && e.Prev == head.Hash {
			chain := last.Chain
			return place{chain: &chain, head: head, fresh: events[n:]}, 0, nil
		}
		known = max(known, n)
	}
	return anotherChain(events[known:], newest, len(heads)), known, nil
}

// leading counts how many of the first events a chain has.
func leading(ctx context.Context, tx store.Tx, chain store.ChainID, events []audit.Event) (int, error) {
	if len(events) == 0 || events[0].Seq == 0 || events[0].Seq > math.MaxInt64 {
		return 0, nil
	}
	n := 0
	for e, err := range tx.DeviceEvents(ctx, chain, int64(events[0].Seq)-1) {
		if err != nil {
			return 0, err
		}
		if n == len(events) || uint64(e.Seq) != events[n].Seq || e.Hash != [32]byte(events[n].Hash) {
			break
		}
		n++
	}
	return n, nil
}

// anotherChain begins one with events that go on from none of so many.
func anotherChain(events []audit.Event, newest audit.Head, chains int) place {
	first := events[0]
	p := place{head: newest, fresh: events, generation: first.Generation, fault: &audit.FaultError{Fault: audit.Fork, Seq: first.Seq}}
	switch {
	case first.Seq == 0 || first.Seq > math.MaxInt64 || first.Sum() != first.Hash:
		p.fault.Fault = audit.Edit
	case chains >= maxChains:
		p.about = ", and the device has had too many journals"
		return p
	case first.Seq == 1:
		p.about = ": the journal was begun anew"
	case first.Seq > newest.Seq+1:
		p.fault.Fault = audit.Gap
	}
	p.about += fmt.Sprintf(", hash %x", first.Hash[:8])
	if p.fault.Fault == audit.Edit {
		return p
	}
	id := vault.NewID()
	p.chain, p.head = &id, audit.Head{Seq: first.Seq - 1, Hash: first.Prev}
	return p
}

// keepEvents stores events that go on from a chain, and tells the audit.
func keepEvents(ctx context.Context, tx store.Tx, at event, chain vault.ID, events []audit.Event, caches journalCaches) error {
	if len(events) == 0 {
		return nil
	}
	if _, err := tx.AddDeviceEvents(ctx, rows(store.ChainID{Device: at.device, Chain: chain}, events, at.now)); err != nil {
		return err
	}
	detail := fmt.Sprintf(journalDetail, len(events), events[len(events)-1].Seq) + caches.ofAll(events)
	if !chain.IsZero() {
		detail += journalChain + chain.String()
	}
	return record(ctx, tx, at.by, at.now, store.AuditEvent{
		Action: ActionJournal, Device: at.device, Target: at.device, Detail: []byte(detail), Objects: journalObjects(events),
	})
}

func rows(chain store.ChainID, events []audit.Event, now time.Time) []store.DeviceEvent {
	list := make([]store.DeviceEvent, len(events))
	for i, e := range events {
		list[i] = store.DeviceEvent{
			Device: chain.Device, Chain: chain.Chain, Seq: int64(e.Seq), At: e.At, Received: now, Type: string(e.Type), Entry: e.Entry,
			Detail: []byte(e.Detail), Generation: int64(e.Generation), Prev: e.Prev, Hash: e.Hash,
		}
	}
	return list
}

// journalAlarm records a fault of a journal, unless it has been recorded.
func journalAlarm(ctx context.Context, tx store.Tx, at event, fault audit.Fault, detail string) error {
	m := alarm{action: ActionAlarm, outcome: string(fault), detail: detail, once: true}
	return m.raise(ctx, tx, at)
}

// Journal returns what a device reported, oldest first; one chain after the
// other, where there is more than one. It takes ViewAudit.
func (c *Catalog) Journal(ctx context.Context, by *Caller, device vault.ID) ([]audit.Event, error) {
	var list []audit.Event
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAudit(); err != nil {
			return err
		}
		list = list[:0]
		for e, err := range allEvents(ctx, r, device) {
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

// allEvents yields the events of all chains of a device.
func allEvents(ctx context.Context, r store.Reader, device vault.ID) iter.Seq2[store.DeviceEvent, error] {
	return func(yield func(store.DeviceEvent, error) bool) {
		heads, err := r.LastDeviceEvents(ctx, device)
		if err != nil {
			yield(store.DeviceEvent{}, err)
			return
		}
		for _, last := range heads {
			for e, err := range r.DeviceEvents(ctx, store.ChainID{Device: device, Chain: last.Chain}, 0) {
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}
