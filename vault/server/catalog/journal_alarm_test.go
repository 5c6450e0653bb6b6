package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/server/catalog"
)

// What the audit says of a journal names the cache: an administrator with a stolen
// and a new one on the same machine has to know which of them was tampered with.
func TestJournalNamesTheCache(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	d := s.device(ann)
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
	first, second := vault.NewID(), vault.NewID()
	_, err := s.Package(ctx, ann, request(d, first, 1))
	s.must(err)
	s.wait(time.Second)
	_, err = s.Package(ctx, ann, request(d, second, 2))
	s.must(err)

	n := s.notebook(d)
	n.write(1, audit.Unlock)
	before := n.copied()
	n.write(1, audit.Reveal)
	n.write(2, audit.Unlock, audit.Copy)
	n.send(1)
	before.write(2, audit.Export) // put back
	before.send(2)
	n.write(1, audit.Copy, audit.Copy)
	n.send(n.head.Seq)                             // a gap
	n.write(9, audit.Copy)                         // of nothing that was sent
	n.all[len(n.all)-1].Detail = "somebody else's" // edited
	n.send(n.head.Seq)

	var told []string
	for _, a := range s.records(catalog.AuditQuery{Action: catalog.ActionAlarm}) {
		_, about, _ := strings.Cut(a.Detail, ", generation ")
		told = append(told, a.Outcome+" "+about)
	}
	want := []string{"fork 2 of cache " + second.String(), "gap 1 of cache " + first.String(), "edit 9 of no cache that was sent"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	var uploads []string
	for _, u := range s.records(catalog.AuditQuery{Action: catalog.ActionJournal}) {
		detail, _, _ := strings.Cut(u.Detail, ", journal ")
		uploads = append(uploads, detail)
	}
	want = []string{
		"4 events, through 4, cache " + first.String() + ", cache " + second.String(),
		"1 events, through 2, cache " + second.String(),
		"1 events, through 6, cache " + first.String(),
	}
	if diff := cmp.Diff(want, uploads); diff != "" {
		t.Error(diff)
	}
	if seen := s.records(catalog.AuditQuery{Action: catalog.AnyOffline}); len(seen) != 6 {
		t.Errorf("%d looks are read from the uploads", len(seen))
	}
}

// A hostile device can be wrong in as many ways as it likes. The audit, which holds
// everybody's evidence, does not grow by it without bound, and neither does what
// each upload has to look through.
func TestAlarmsOfAJournalAreBounded(t *testing.T) {
	s := newServer(t)
	d, other := s.device(s.user("ann")), s.device(s.user("bob"))
	alarms := func() []catalog.AuditRecord { return s.records(catalog.AuditQuery{Action: catalog.ActionAlarm}) }
	flood := func() {
		t.Helper()
		for range 100 {
			n := s.notebook(other) // each of another device, and another one
			n.write(1, audit.Unlock)
			_, err := s.AddJournal(ctx, d.ID, n.all)
			s.must(err)
		}
	}
	own := s.notebook(d)
	own.write(1, audit.Unlock)
	own.send(1)
	flood()
	if got := alarms(); len(got) != 64 || !strings.HasSuffix(got[63].Detail, "not recorded for a day") {
		t.Fatalf("%d alarms, the last: %s", len(got), got[len(got)-1].Detail)
	}
	// Another kind, and another device's, are heard all the same.
	own.write(1, audit.Reveal, audit.Reveal)
	own.send(3)
	theirs := s.notebook(other)
	theirs.write(1, audit.Unlock, audit.Unlock)
	_, err := s.AddJournal(ctx, other.ID, theirs.all[1:])
	s.must(err)
	if got := alarms(); len(got) != 66 || got[64].Outcome != "gap" || got[65].Device != other.ID {
		t.Errorf("%d alarms", len(got))
	}
	s.wait(25 * time.Hour)
	flood()
	if got := alarms(); len(got) != 66+64 {
		t.Errorf("%d alarms after a day", len(got))
	}
}
