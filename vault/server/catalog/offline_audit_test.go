package catalog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/server/catalog"
)

// What was used offline stands in the audit, with both times.
func TestOfflineUseInAudit(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	one, two := s.entry("/A/one"), s.entry("/A/two")
	d, other := s.device(ann), s.device(ann)
	done := s.now.Add(-time.Hour).UTC().Truncate(time.Millisecond)
	head := audit.NewHead(d.ID)
	var events []audit.Event
	for i, e := range []audit.Event{
		{Type: audit.FailedUnlock},
		{Type: audit.Unlock},
		{Type: audit.Reveal, Entry: one, Detail: "Password"},
		{Type: audit.Copy, Entry: two},
		{Type: audit.Reveal, Entry: two},
	} {
		e.At = done.Add(time.Duration(i) * time.Second)
		e, err := audit.Next(head, e)
		s.must(err)
		events, head = append(events, e), audit.Head{Seq: e.Seq, Hash: e.Hash}
	}
	for _, part := range [][]audit.Event{events[:3], events[3:]} {
		_, err := s.AddJournal(ctx, d.ID, part)
		s.must(err)
	}
	for _, c := range []struct {
		name string
		q    catalog.AuditQuery
		want []string
	}{
		{"of the device", catalog.AuditQuery{Device: d.ID}, []string{
			"device.register", "journal.receive", "offline.failed_unlock", "offline.unlock", "offline.reveal",
			"journal.receive", "offline.copy", "offline.reveal",
		}},
		{"newest", catalog.AuditQuery{Device: d.ID, Newest: true, Limit: 1}, []string{"journal.receive", "offline.reveal", "offline.copy"}},
		{"an action", catalog.AuditQuery{Action: "offline.reveal"}, []string{"offline.reveal", "offline.reveal"}},
		{"the last of an action", catalog.AuditQuery{Action: "offline.unlock", Newest: true, Limit: 1}, []string{"offline.unlock"}},
		{"the uploads", catalog.AuditQuery{Action: catalog.ActionJournal}, []string{"journal.receive", "journal.receive"}},
		{"an entry", catalog.AuditQuery{Entry: two}, []string{"entry.add", "offline.copy", "offline.reveal"}},
		{"another device", catalog.AuditQuery{Device: other.ID, Action: "offline.reveal"}, nil},
		{"the user", catalog.AuditQuery{Actor: ann.User(), Action: "offline.copy"}, []string{"offline.copy"}},
	} {
		var got []string
		for _, r := range s.records(c.q) {
			got = append(got, r.Action)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	r := s.records(catalog.AuditQuery{Action: "offline.reveal"})[0]
	if !r.OnDevice.Equal(done.Add(2*time.Second)) || r.At.Before(r.OnDevice) || r.Target != one || r.Name != "ann" || r.Device != d.ID || r.Detail != "Password" {
		t.Errorf("got %+v", r)
	}
	if failed := s.records(catalog.AuditQuery{Action: "offline.failed_unlock"}); failed[0].Outcome != string(vault.WrongPassword) {
		t.Errorf("outcome %q", failed[0].Outcome)
	}
	if _, err := s.VerifyAudit(ctx, s.op); err != nil {
		t.Error(err)
	}
}

func TestAuditNames(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	one, d := s.entry("/A/one"), s.device(ann)
	got, err := s.AuditNames(ctx, s.op, []vault.ID{one, s.folder("/A"), d.ID, ann.User(), vault.NewID()})
	s.must(err)
	if diff := cmp.Diff(map[vault.ID]string{one: "/A/one", s.folder("/A"): "/A", d.ID: "pc", ann.User(): "ann"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := s.AuditNames(ctx, ann, nil); cause(err) != vault.NotPermitted {
		t.Errorf("without the right: %v", err)
	}
}

// An entry that was made offline and dropped is none that was deleted here.
func TestAuditDrafts(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	s.grant("ann", "/", "Full + Offline", time.Time{})
	kept, deleted, draft := s.entry("/A/kept"), s.entry("/A/deleted"), vault.NewID()
	p, err := s.Package(ctx, ann, request(s.device(ann), vault.NewID(), 1))
	s.must(err)
	p.Close()
	s.must(s.RemoveEntry(ctx, s.op, deleted, catalog.Removal{}))
	drafts, err := s.AuditDrafts(ctx, s.op, []vault.ID{kept, deleted, draft})
	s.must(err)
	if diff := cmp.Diff(map[vault.ID]bool{draft: true}, drafts); diff != "" {
		t.Error(diff)
	}
	if _, err := s.AuditDrafts(ctx, ann, []vault.ID{draft}); cause(err) != vault.NotPermitted {
		t.Errorf("without the right: %v", err)
	}
}
