package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// lostSessions is the fault of a journal in which openings are missing.
const lostSessions audit.Fault = "lost_sessions"

// Opens compares the openings of one cache of level A that the chip has
// certified with those that the journal tells of. The client writes an opening
// down, durably, before the chip counts it.
type Opens struct {
	Cache     vault.ID
	Certified int64 // by the newest reading of pin_pass
	Reported  int64
	ReadAt    time.Time
}

// opensOf returns that of each cache of a device that has a budget of opens and
// a reading of it.
func opensOf(ctx context.Context, r store.Reader, device vault.ID) ([]Opens, error) {
	slots, err := r.SlotsOf(ctx, device)
	if err != nil {
		return nil, err
	}
	var list []Opens
	for _, s := range slots {
		if s.PinPass == 0 {
			continue
		}
		read, err := newestReading(ctx, r, s, binding.PinPass)
		if err != nil {
			return nil, err
		}
		if read != nil {
			list = append(list, Opens{Cache: s.Cache, Certified: read.Value >> 32, ReadAt: read.Created})
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	of, err := readJournalCaches(ctx, r, device)
	if err != nil {
		return nil, err
	}
	unlocks, err := r.CountDeviceEvents(ctx, device, string(audit.Unlock))
	if err != nil {
		return nil, err
	}
	reported := map[vault.ID]int64{}
	for _, u := range unlocks {
		reported[of[u.Generation]] += u.Events
	}
	for i := range list {
		list[i].Reported = reported[list[i].Cache]
	}
	return list, nil
}

// missedOpens raises an alarm for each cache whose chip has counted more openings
// than the whole journal tells of: whole sessions were cut away. It comes after
// an upload, which has everything that was done before it.
func missedOpens(ctx context.Context, tx store.Tx, at event) error {
	list, err := opensOf(ctx, tx, at.device)
	if err != nil {
		return err
	}
	for _, o := range list {
		if lost := o.Certified - o.Reported; lost > 0 {
			detail := fmt.Sprintf("%d openings of cache %s are not in the journal", lost, o.Cache)
			if err := journalAlarm(ctx, tx, at, lostSessions, detail); err != nil {
				return err
			}
		}
	}
	return nil
}

// JournalState is what an administrator sees of a device's journal at once.
type JournalState struct {
	Events   int64
	Chains   int       // more than one: it was begun anew, cut or put back
	Received time.Time // the last event; zero: none
	Opens    []Opens
	Alarms   []JournalAlarm // the newest first
}

// JournalAlarm is one fault that was found.
type JournalAlarm struct {
	At            time.Time
	Fault, Detail string
}

// maxShownAlarms bounds the alarms of a JournalState; the audit has all.
const maxShownAlarms = 20

// JournalState returns that of a device. It takes ManageDevices. NotFound.
func (c *Catalog) JournalState(ctx context.Context, by *Caller, device vault.ID) (JournalState, error) {
	var out JournalState
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		out = JournalState{}
		if err := a.needAdmin(policy.ManageDevices); err != nil {
			return err
		}
		if _, err := r.Device(ctx, device); err != nil {
			return notFound(err, "device %s", device)
		}
		heads, err := r.LastDeviceEvents(ctx, device)
		if err != nil {
			return err
		}
		for _, last := range heads {
			out.Chains, out.Received = out.Chains+1, last.Received
		}
		for _, err := range allEvents(ctx, r, device) {
			if err != nil {
				return err
			}
			out.Events++
		}
		if out.Opens, err = opensOf(ctx, r, device); err != nil {
			return err
		}
		q := store.AuditQuery{Device: device, Action: ActionAlarm, Newest: true, Limit: maxShownAlarms}
		for e, err := range r.AuditEvents(ctx, q) {
			if err != nil {
				return err
			}
			out.Alarms = append(out.Alarms, JournalAlarm{At: e.At, Fault: e.Outcome, Detail: string(e.Detail)})
		}
		return nil
	})
	return out, err
}
