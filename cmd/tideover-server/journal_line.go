package main

import (
	"io"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

// journalLine is what a device has reported of its offline use, in --json. The
// events themselves are in the audit: audit list --device ID --action offline.
type journalLine struct {
	Events     int64       `json:"events"`
	Chains     int         `json:"chains"` // more than one: begun anew, cut or put back
	ReceivedAt *time.Time  `json:"received_at"`
	Opens      []opensLine `json:"opens"`
	Alarms     []faultLine `json:"alarms"` // the newest first, twenty at most
}

// opensLine compares the openings of a cache of level A.
type opensLine struct {
	Cache     vault.ID   `json:"cache"`
	Certified int64      `json:"certified"` // by the chip
	Reported  int64      `json:"reported"`  // in the journal
	ReadAt    *time.Time `json:"read_at"`
}

// faultLine is one fault of a journal.
type faultLine struct {
	At     *time.Time `json:"at"`
	Fault  string     `json:"fault"` // gap, fork, edit, lost_sessions
	Detail string     `json:"detail"`
}

func newJournalLine(j catalog.JournalState) journalLine {
	l := journalLine{
		Events: j.Events, Chains: j.Chains, ReceivedAt: moment(j.Received), Opens: []opensLine{}, Alarms: []faultLine{},
	}
	for _, o := range j.Opens {
		l.Opens = append(l.Opens, opensLine{o.Cache, o.Certified, o.Reported, moment(o.ReadAt)})
	}
	for _, a := range j.Alarms {
		l.Alarms = append(l.Alarms, faultLine{moment(a.At), a.Fault, a.Detail})
	}
	return l
}

func (l *journalLine) write(w io.Writer) {
	line(w, "journal:\t%d events, the last came %s", l.Events, orTime(l.ReceivedAt))
	for _, o := range l.Opens {
		line(w, "opens:\t%d by the chip, %d in the journal, cache %s", o.Certified, o.Reported, o.Cache)
	}
	for _, a := range l.Alarms {
		line(w, "journal alarm:\t%s %s: %s", shortTime(*a.At), plain(a.Fault), plain(a.Detail))
	}
}
