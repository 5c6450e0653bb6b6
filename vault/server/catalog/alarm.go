package catalog

import (
	"context"
	"strings"
	"time"

	"github.com/tideover/tideover/vault/server/store"
)

const (
	// alarmDay is how long an alarm of a device stands for the same again, and what
	// alarmsADay counts in.
	alarmDay = 24 * time.Hour
	// alarmsADay bounds the alarms of one device with one outcome: their texts are
	// the device's, which can make up as many as it likes. Honest devices have none.
	alarmsADay = 64
	// alarmsRead is how many of a device's alarms are looked at, the newest: more
	// than a day has of all outcomes together.
	alarmsRead = 1000
	// lastAlarm ends the detail of the last alarm of a day.
	lastAlarm = "; more of this kind are not recorded for a day"
)

// alarm is what the administrators are told of a device.
type alarm struct {
	action, outcome, detail string
	once                    bool // the same again is no news after a day either
}

// raise records an alarm, unless the same one stands or the device has had too many
// of that outcome: a client repeats what fails.
func (m *alarm) raise(ctx context.Context, tx store.Tx, at event) error {
	today := 0
	q := store.AuditQuery{Device: at.device, Action: m.action, Newest: true, Limit: alarmsRead}
	for e, err := range tx.AuditEvents(ctx, q) {
		if err != nil {
			return err
		}
		recent := !e.At.Before(at.now.Add(-alarmDay))
		if e.Outcome != m.outcome || !recent && !m.once {
			continue
		}
		if strings.TrimSuffix(string(e.Detail), lastAlarm) == m.detail {
			return nil
		}
		if recent {
			today++
		}
	}
	detail := m.detail
	switch {
	case today >= alarmsADay:
		return nil
	case today == alarmsADay-1:
		detail += lastAlarm
	}
	return record(ctx, tx, at.by, at.now, store.AuditEvent{
		Action: m.action, Outcome: m.outcome, Device: at.device, Target: at.device, Detail: []byte(detail),
	})
}
