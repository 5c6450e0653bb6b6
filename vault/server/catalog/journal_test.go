package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// notebook writes a device's journal.
type notebook struct {
	s    *server
	d    store.Device
	head audit.Head
	all  []audit.Event
}

func (s *server) notebook(d store.Device) *notebook {
	return &notebook{s: s, d: d, head: audit.NewHead(d.ID)}
}

// write appends events of a generation.
func (n *notebook) write(generation uint64, types ...audit.Type) {
	n.s.t.Helper()
	for _, t := range types {
		n.s.wait(time.Second)
		e, err := audit.Next(n.head, audit.Event{At: n.s.now, Type: t, Generation: generation})
		n.s.must(err)
		n.all, n.head = append(n.all, e), audit.Head{Seq: e.Seq, Hash: e.Hash}
	}
}

// copied is the journal as it stands, to be put back later.
func (n *notebook) copied() *notebook {
	c := *n
	c.all = slices.Clone(n.all)
	return &c
}

// send uploads from event number from on.
func (n *notebook) send(from uint64) uint64 {
	n.s.t.Helper()
	i := slices.IndexFunc(n.all, func(e audit.Event) bool { return e.Seq >= from })
	if i < 0 {
		i = len(n.all)
	}
	through, err := n.s.AddJournal(ctx, n.d.ID, n.all[i:])
	n.s.must(err)
	return through
}

// faults returns the alarms about a device's journal, the oldest first.
func (s *server) faults(d store.Device) (list []string) {
	s.t.Helper()
	state, err := s.JournalState(ctx, s.op, d.ID)
	s.must(err)
	for _, a := range slices.Backward(state.Alarms) {
		list = append(list, a.Fault)
	}
	return list
}

func TestJournal(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	d := s.device(ann)
	head := audit.NewHead(d.ID)
	var events []audit.Event
	for i := range 6 {
		e, err := audit.Next(head, audit.Event{At: s.now.Add(time.Duration(i) * time.Second), Type: audit.Reveal, Entry: vault.NewID(), Generation: 4, Detail: fmt.Sprint("field ", i)})
		s.must(err)
		events, head = append(events, e), audit.Head{Seq: e.Seq, Hash: e.Hash}
	}
	alarms := func() int { return len(s.records(catalog.AuditQuery{Action: catalog.ActionAlarm})) }
	forked := append([]audit.Event(nil), events...)
	forked[3].Detail = "another"
	forked[3].Hash = forked[3].Sum()
	edited := append([]audit.Event(nil), events...)
	edited[5].Detail = "another"
	for _, c := range []struct {
		name    string
		send    []audit.Event
		through uint64
		alarms  int
	}{
		{"nothing", nil, 0, 0},
		{"first part", events[:2], 2, 0},
		{"the same again", events[:2], 2, 0},
		{"overlapping", events[1:4], 4, 0},
		{"a gap", events[5:], 6, 1}, // what cannot go on is another chain
		{"the same gap", events[5:], 6, 1},
		{"a fork of what is there", forked[:4], 4, 2},
		{"an edited end", edited[4:], 5, 3},
		{"the rest", events, 6, 3},
	} {
		through, err := s.AddJournal(ctx, d.ID, c.send)
		if err != nil || through != c.through || alarms() != c.alarms {
			t.Errorf("%s: through %d, %d alarms, %v; want %d, %d", c.name, through, alarms(), err, c.through, c.alarms)
		}
	}
	got, err := s.Journal(ctx, s.op, d.ID)
	s.must(err)
	if len(got) != 8 {
		t.Fatalf("kept: %d events", len(got))
	}
	if _, err := audit.Verify(audit.NewHead(d.ID), got[:6]); err != nil {
		t.Errorf("kept: %v", err)
	}
	// A disabled account still hands its journal in.
	s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserDisabled))
	if through, err := s.AddJournal(ctx, d.ID, events); err != nil || through != 6 {
		t.Errorf("disabled: %d, %v", through, err)
	}
	if _, err := s.AddJournal(ctx, vault.NewID(), events); cause(err) != vault.NotFound {
		t.Errorf("no such device: %v", err)
	}
}

// A journal that was begun anew, put back or cut is told once each time, blocks
// nothing, and what comes after it is heard.
func TestJournalTamperedWith(t *testing.T) {
	for _, c := range []struct {
		name   string
		after  func(n, before *notebook) (from uint64)
		want   []string
		chains int
	}{
		{"in order", func(n, _ *notebook) uint64 { n.write(1, audit.Copy); return 6 }, nil, 1},
		{"begun anew", func(n, _ *notebook) uint64 {
			*n = *n.s.notebook(n.d)
			n.write(1, audit.Unlock, audit.Reveal)
			return 1
		}, []string{"fork"}, 2},
		{"begun anew, and longer than before", func(n, _ *notebook) uint64 {
			*n = *n.s.notebook(n.d)
			n.write(1, audit.Unlock, audit.Reveal, audit.Reveal, audit.Reveal, audit.Reveal, audit.Reveal, audit.Reveal)
			return 1
		}, []string{"fork"}, 2},
		{"put back", func(n, before *notebook) uint64 { *n = *before; n.write(1, audit.Export); return 4 }, []string{"fork"}, 2},
		{"put back and sent whole", func(n, before *notebook) uint64 { *n = *before; n.write(1, audit.Export); return 1 }, []string{"fork"}, 2},
		{"put back, nothing done since", func(n, before *notebook) uint64 { *n = *before; return 1 }, nil, 1},
		{"cut in the middle", func(n, _ *notebook) uint64 { n.write(1, audit.Copy, audit.Copy, audit.Copy); return 8 }, []string{"gap"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			d := s.device(s.user("ann"))
			n := s.notebook(d)
			n.write(1, audit.Unlock, audit.Reveal, audit.Copy)
			before := n.copied()
			n.write(1, audit.Reveal, audit.Reveal)
			if through := n.send(1); through != 5 {
				t.Fatalf("through %d", through)
			}
			from := c.after(n, before)
			for range 2 { // a client sends the same again
				if through := n.send(from); through < n.head.Seq {
					t.Errorf("through %d of %d", through, n.head.Seq)
				}
			}
			if diff := cmp.Diff(c.want, s.faults(d)); diff != "" {
				t.Error(diff)
			}
			if c.name == "put back, nothing done since" {
				return // the next event is the test before
			}
			n.write(2, audit.Unlock, audit.Export)
			if through := n.send(n.head.Seq - 1); through != n.head.Seq {
				t.Errorf("afterwards: through %d of %d", through, n.head.Seq)
			}
			state, err := s.JournalState(ctx, s.op, d.ID)
			s.must(err)
			if state.Chains != c.chains || len(state.Alarms) != len(c.want) {
				t.Errorf("%d chains, %d alarms", state.Chains, len(state.Alarms))
			}
			seen := s.records(catalog.AuditQuery{Device: d.ID, Action: catalog.AnyOffline})
			if got := seen[len(seen)-1].Action; got != "offline.export" {
				t.Errorf("the last look in the audit is %s", got)
			}
			if _, err := s.VerifyAudit(ctx, s.op); err != nil {
				t.Errorf("audit: %v", err)
			}
		})
	}
}

// The journal of another device is not this one's, whatever is there already.
func TestJournalOfAnotherDevice(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	d, other := s.device(ann), s.notebook(s.device(ann))
	other.write(1, audit.Unlock, audit.Export)
	own := s.notebook(d)
	own.write(1, audit.Unlock)
	for range 2 {
		if through, err := s.AddJournal(ctx, d.ID, other.all); err != nil || through != 0 {
			t.Errorf("through %d, %v", through, err)
		}
		own.send(1)
	}
	state, err := s.JournalState(ctx, s.op, d.ID)
	s.must(err)
	if state.Events != 1 || len(state.Alarms) != 1 || !strings.Contains(state.Alarms[0].Detail, "another device") {
		t.Errorf("%+v", state)
	}
}

// Every time that a journal begins anew is told, and not without end.
func TestJournalBegunAnewAgainAndAgain(t *testing.T) { begunAnew(t, newServer(t)) }

func begunAnew(t *testing.T, s *server) {
	d := s.device(s.user("ann"))
	for range 70 {
		n := s.notebook(d)
		n.write(1, audit.Unlock)
		n.send(1)
	}
	state, err := s.JournalState(ctx, s.op, d.ID)
	s.must(err)
	alarms := s.records(catalog.AuditQuery{Action: catalog.ActionAlarm})
	last := alarms[len(alarms)-1].Detail
	if state.Chains != 64 || len(alarms) != 64 || !strings.Contains(last, "too many") {
		t.Errorf("%d chains, %d alarms, the last: %s", state.Chains, len(alarms), last)
	}
}

// An upload that goes on with one journal, then with another, and so on, is not
// taken at a cost that grows with it: everybody else waits for the same lock.
func TestJournalsInTurns(t *testing.T) {
	s := newServer(t)
	d := s.device(s.user("ann"))
	var books []*notebook
	for range 3 {
		n := s.notebook(d)
		n.write(1, audit.Unlock)
		n.send(1)
		books = append(books, n)
	}
	var mixed []audit.Event
	for i := range 90 {
		n := books[i%len(books)]
		n.write(1, audit.Reveal)
		mixed = append(mixed, n.all[len(n.all)-1])
	}
	_, err := s.AddJournal(ctx, d.ID, mixed)
	s.must(err)
	if n := len(s.records(catalog.AuditQuery{Action: catalog.ActionJournal, Device: d.ID})); n > 3+16 {
		t.Errorf("the upload was taken in %d parts", n-3)
	}
	// Each of them, sent as a client sends it, is heard to its end.
	for _, n := range books {
		if through := n.send(1); through != n.head.Seq {
			t.Errorf("through %d of %d", through, n.head.Seq)
		}
	}
	state, err := s.JournalState(ctx, s.op, d.ID)
	s.must(err)
	if state.Chains != 3 || state.Events != 93 {
		t.Errorf("%d events in %d chains", state.Events, state.Chains)
	}
}

// The chip counts openings: what the journal does not tell of was cut away.
func TestLostSessions(t *testing.T) { missingSessions(t, newServer(t)) }

func missingSessions(t *testing.T, s *server) {
	ann := s.user("ann")
	d, cache := s.device(ann), vault.NewID()
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
	_, err := s.Package(ctx, ann, request(d, cache, 7))
	s.must(err)
	s.must(s.db.Update(ctx, func(tx store.Tx) error {
		return tx.AddSlots(ctx, store.Slots{Device: d.ID, Cache: cache, Counter: 0x01800700, PinFail: 0x01800701, PinPass: 0x01800702, Created: s.clock()})
	}))
	certified := func(opens int64) {
		t.Helper()
		s.must(s.db.Update(ctx, func(tx store.Tx) error {
			return tx.PutReading(ctx, store.Reading{Device: d.ID, Cache: cache, Index: "pin_pass", Value: opens<<32 | 50, Created: s.clock()})
		}))
	}
	n := s.notebook(d)
	n.write(7, audit.FailedUnlock, audit.Unlock, audit.Reveal, audit.Unlock, audit.Unlock)
	n.send(1)
	certified(3)
	n.write(7, audit.Reveal)
	n.send(6)
	if got := s.faults(d); got != nil {
		t.Fatalf("nothing is lost: %v", got)
	}
	n.write(7, audit.Unlock) // the chip never got so far
	n.send(7)
	// Three sessions, of which the journal was put back.
	kept := n.copied()
	n.write(7, audit.Unlock, audit.Reveal, audit.Unlock, audit.Unlock)
	certified(7)
	kept.write(7, audit.Unlock)
	for range 2 {
		kept.send(8)
	}
	if diff := cmp.Diff([]string{"lost_sessions"}, s.faults(d)); diff != "" {
		t.Error(diff)
	}
	state, err := s.JournalState(ctx, s.op, d.ID)
	s.must(err)
	if len(state.Opens) != 1 || state.Opens[0].Certified != 7 || state.Opens[0].Reported != 5 || !strings.Contains(state.Alarms[0].Detail, "2 openings") {
		t.Errorf("%+v", state)
	}
	if _, err := s.Package(ctx, ann, request(d, cache, 8)); err != nil {
		t.Errorf("a cache afterwards: %v", err)
	}
}
