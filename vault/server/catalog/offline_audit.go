package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/server/store"
)

// OfflinePrefix begins the actions of what was done with a cache, such as
// "offline.reveal": audit.Type follows. No event of the server's own has it.
const OfflinePrefix = "offline."

// AnyOffline as the action of a query names everything with OfflinePrefix: every
// look that a device, or whoever else is named, had at a cache.
const AnyOffline = "offline"

// journalDetail is the detail of an ActionJournal event: how many events were
// taken, and the number of the last one. offlineRecords reads it again.
const journalDetail = "%d events, through %d"

// journalCache and an identifier follow it for each cache that the events are of.
const journalCache = ", cache "

// journalChain and an identifier end it where the events are not of the first
// chain of the device.
const journalChain = ", journal "

// journalObjects are the entries of a journal's events, each once, so that the
// audit of an entry finds them.
func journalObjects(events []audit.Event) []store.AuditObject {
	var list []store.AuditObject
	seen := map[vault.ID]bool{{}: true}
	for _, e := range events {
		if !seen[e.Entry] {
			seen[e.Entry] = true
			list = append(list, store.AuditObject{Entry: e.Entry})
		}
	}
	return list
}

// reportedOffline returns the records of what a device reported with e, an
// ActionJournal event, as far as q wants them.
func (c *Catalog) reportedOffline(ctx context.Context, by *Caller, e *store.AuditEvent, q AuditQuery) ([]AuditRecord, error) {
	var count, through int64
	if _, err := fmt.Sscanf(string(e.Detail), journalDetail, &count, &through); err != nil {
		return nil, nil // not of this version: the event itself is shown
	}
	chain := store.ChainID{Device: e.Device}
	if _, id, more := strings.Cut(string(e.Detail), journalChain); more {
		var err error
		if chain.Chain, err = vault.ParseID(id); err != nil {
			return nil, nil //nolint:nilerr // likewise
		}
	}
	var list []AuditRecord
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAudit(); err != nil {
			return err
		}
		list = list[:0]
		for d, err := range r.DeviceEvents(ctx, chain, through-count) {
			if err != nil {
				return err
			}
			if d.Seq > through {
				break
			}
			if one := offlineRecord(e, &d); q.wantsOffline(&one) {
				list = append(list, one)
			}
		}
		return nil
	})
	if q.Newest {
		slices.Reverse(list)
	}
	return list, err
}

func offlineRecord(e *store.AuditEvent, d *store.DeviceEvent) AuditRecord {
	r := AuditRecord{
		Seq: e.Seq, At: d.Received, OnDevice: d.At, Actor: e.Actor, Name: e.Name, Device: e.Device,
		Action: OfflinePrefix + d.Type, Outcome: "ok", Target: d.Entry, Address: e.Address, Detail: string(d.Detail),
	}
	if audit.Type(d.Type) == audit.FailedUnlock {
		r.Outcome = string(vault.WrongPassword)
	}
	return r
}

// wantsOffline reports whether a record of offline use is among those that q
// names. Time, actor and device are those of the upload.
func (q *AuditQuery) wantsOffline(r *AuditRecord) bool {
	return (q.Entry.IsZero() || q.Entry == r.Target) && (q.Action == "" || q.Action == AnyOffline || q.Action == r.Action)
}

// onlyOffline reports whether q names records of offline use only.
func (q *AuditQuery) onlyOffline() bool {
	return q.Action == AnyOffline || strings.HasPrefix(q.Action, OfflinePrefix)
}
