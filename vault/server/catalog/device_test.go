package catalog_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

func newKey(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return spki
}

func (s *server) device(by *catalog.Caller) store.Device {
	s.t.Helper()
	d, err := s.RegisterDevice(ctx, by, catalog.NewDevice{Name: "pc", OS: "linux", PublicKey: newKey(s.t), Level: "B", RootName: []byte("root"), ClientVersion: "1"})
	s.must(err)
	return d
}

// request is one for a cache of the device.
func request(d store.Device, cache vault.ID, generation uint64) catalog.PackageRequest {
	return catalog.PackageRequest{
		Device: d.ID, Cache: cache, Generation: generation, Record: [32]byte{byte(generation)}, RootName: d.RootName,
		Level: "B", ClockMS: 1000, Resets: 3, UserName: "alice@corp",
	}
}

func TestRegisterDevice(t *testing.T) {
	s := newServer(t)
	ann, bob := s.user("ann"), s.user("bob")
	n := catalog.NewDevice{Name: "pc", OS: "linux", PublicKey: newKey(t), Level: "B", RootName: []byte("tpm 1")}
	first, err := s.RegisterDevice(ctx, ann, n)
	s.must(err)
	if first.State != store.DeviceApproved || first.User != ann.User() {
		t.Errorf("got %+v", first)
	}
	again, err := s.RegisterDevice(ctx, ann, n)
	if err != nil || again.ID != first.ID {
		t.Errorf("again: %v, %v", again.ID, err)
	}
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionRegister}); len(got) != 1 {
		t.Errorf("saying the same again was recorded: %+v", got)
	}
	if _, err := s.RegisterDevice(ctx, bob, n); cause(err) != vault.NotPermitted {
		t.Errorf("another's key: %v", err)
	}
	if _, err := s.RegisterDevice(ctx, s.op, n); cause(err) != vault.NotPermitted {
		t.Errorf("by a command: %v", err)
	}
	for _, c := range []struct {
		name   string
		change func(*catalog.NewDevice)
	}{
		{"no key", func(n *catalog.NewDevice) { n.PublicKey = nil }},
		{"half a key", func(n *catalog.NewDevice) { n.PublicKey = n.PublicKey[:20] }},
		{"more than a key", func(n *catalog.NewDevice) { n.PublicKey = append(n.PublicKey[:len(n.PublicKey):len(n.PublicKey)], 0) }},
		{"unknown level", func(n *catalog.NewDevice) { n.Level = "Z" }},
		{"long name", func(n *catalog.NewDevice) { n.Name = string(make([]byte, 300)) }},
		{"long root name", func(n *catalog.NewDevice) { n.RootName = make([]byte, 100) }},
	} {
		bad := n
		c.change(&bad)
		if _, err := s.RegisterDevice(ctx, ann, bad); cause(err) != vault.Usage {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// Without automatic approval a new device waits, and a known one that comes
	// with another TPM waits again.
	s.must(s.Set(ctx, s.op, "auto_approve", "off"))
	n.RootName = []byte("tpm 2")
	if again, err = s.RegisterDevice(ctx, ann, n); err != nil || again.State != store.DevicePending {
		t.Errorf("another TPM: state %d, %v", again.State, err)
	}
	if d := s.device(bob); d.State != store.DevicePending {
		t.Errorf("new device: state %d", d.State)
	}
	if list, err := s.Devices(ctx, bob); err != nil || len(list) != 1 {
		t.Errorf("bob's devices: %d, %v", len(list), err)
	}
	if list, err := s.Devices(ctx, s.op); err != nil || len(list) != 2 {
		t.Errorf("all devices: %d, %v", len(list), err)
	}
}

func TestDeviceStates(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	cache := vault.NewID()
	for _, c := range []struct {
		states []store.DeviceState
		want   vault.Cause
	}{
		{nil, ""},
		{[]store.DeviceState{store.DeviceSuspended}, vault.Suspended},
		{[]store.DeviceState{store.DeviceSuspended, store.DeviceApproved}, ""},
		{[]store.DeviceState{store.DeviceRevoked}, vault.Revoked},
	} {
		d := s.device(ann)
		for _, state := range c.states {
			s.must(s.SetDeviceState(ctx, s.op, d.ID, state, "why"))
		}
		if _, err := s.Package(ctx, ann, request(d, cache, 1)); cause(err) != c.want {
			t.Errorf("after %v: %v, want %q", c.states, err, c.want)
		}
	}
	s.must(s.Set(ctx, s.op, "auto_approve", "off"))
	d := s.device(ann)
	if _, err := s.Package(ctx, ann, request(d, cache, 1)); cause(err) != vault.ApprovalPending {
		t.Errorf("pending: %v", err)
	}
	s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceDenied, "no"))
	if _, err := s.Package(ctx, ann, request(d, cache, 1)); cause(err) != vault.ApprovalDenied {
		t.Errorf("denied: %v", err)
	}
	gone := s.device(ann)
	s.must(s.SetDeviceState(ctx, ann, gone.ID, store.DeviceRevoked, "lost"))
	for _, state := range []store.DeviceState{store.DeviceApproved, store.DeviceSuspended, store.DeviceWiped, store.DevicePending} {
		if err := s.SetDeviceState(ctx, s.op, gone.ID, state, ""); cause(err) != vault.Usage {
			t.Errorf("from revoked to %d: %v", state, err)
		}
	}
	if err := s.SetDeviceState(ctx, ann, d.ID, store.DeviceApproved, ""); cause(err) != vault.NotPermitted {
		t.Errorf("approving one's own device: %v", err)
	}
}

func TestPackageConditions(t *testing.T) {
	s := newServer(t)
	ann, bob := s.user("ann"), s.user("bob")
	d := s.device(ann)
	cache := vault.NewID()
	for _, c := range []struct {
		name   string
		by     *catalog.Caller
		set    []string
		change func(*catalog.PackageRequest)
		want   vault.Cause
	}{
		{name: "as it should be", by: ann},
		{name: "another's device", by: bob, want: vault.NotFound},
		{name: "a command", by: s.op, want: vault.NotPermitted},
		{name: "no generation", by: ann, change: func(r *catalog.PackageRequest) { r.Generation = 0 }, want: vault.Usage},
		{name: "no cache", by: ann, change: func(r *catalog.PackageRequest) { r.Cache = vault.ID{} }, want: vault.Usage},
		{name: "no level", by: ann, change: func(r *catalog.PackageRequest) { r.Level = "" }, want: vault.Usage},
		{name: "keychain", by: ann, change: func(r *catalog.PackageRequest) { r.Level = "C" }, want: vault.LevelTooLow},
		{name: "keychain allowed", by: ann, set: []string{"min_level", "C"}, change: func(r *catalog.PackageRequest) { r.Level = "C" }},
		{name: "virtual chip", by: ann, change: func(r *catalog.PackageRequest) { r.Virtual = true }},
		{name: "virtual chip forbidden", by: ann, set: []string{"allow_virtual", "off"}, change: func(r *catalog.PackageRequest) { r.Virtual = true }, want: vault.LevelTooLow},
		{name: "no days", by: ann, set: []string{"days", "0"}, want: vault.NotPermitted},
		{name: "switched off", by: ann, set: []string{"offline", "off"}, want: vault.NotPermitted},
		{name: "without device, off", by: ann, change: func(r *catalog.PackageRequest) { r.Device = vault.ID{} }, want: vault.NotPermitted},
		{name: "without device, on", by: ann, set: []string{"offline_package", "on"}, change: func(r *catalog.PackageRequest) { r.Device = vault.ID{} }},
	} {
		before, err := s.Settings(ctx, s.op)
		s.must(err)
		if c.set != nil {
			s.must(s.Set(ctx, s.op, c.set[0], c.set[1]))
		}
		r := request(d, cache, 1)
		if c.change != nil {
			c.change(&r)
		}
		if _, err := s.Package(ctx, c.by, r); cause(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		for _, old := range before {
			if c.set != nil && old.Key == c.set[0] {
				s.must(s.Set(ctx, s.op, old.Key, old.Value))
			}
		}
	}
}

// Generations: pending until the device proves one, the ones before are over;
// a retry adds one line, not all passwords again.
func TestGenerations(t *testing.T) { generations(t, newServer(t)) }

func generations(t *testing.T, s *server) {
	ann := s.user("ann")
	first := s.entry("/Web/one")
	s.entry("/Web/two")
	s.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
	d := s.device(ann)
	cache := vault.NewID()
	send := func(generation uint64) error {
		p, err := s.Package(ctx, ann, request(d, cache, generation))
		if err != nil {
			return err
		}
		p.Close()
		return nil
	}
	count := func(action string) int { return len(s.records(catalog.AuditQuery{Action: action, Device: d.ID})) }

	s.must(send(1))
	if n := count(catalog.ActionCached); n != 2 {
		t.Errorf("%d records of 2 passwords", n)
	}
	s.must(send(1))
	if n, again := count(catalog.ActionCached), count(catalog.ActionResent); n != 2 || again != 1 {
		t.Errorf("after a retry: %d records, %d lines", n, again)
	}
	s.must(s.EditEntry(ctx, s.op, first, "", func(e *vault.Entry) error {
		e.Set(vault.FieldPassword, vault.SecretText("new"), true)
		return nil
	}))
	s.must(send(1))
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionResent}); len(got) != 2 || got[1].Target != first || got[1].Version != 2 {
		t.Errorf("a changed password in a retry: %+v", got)
	}
	other := request(d, cache, 1)
	other.Record[5] = 9
	if _, err := s.Package(ctx, ann, other); cause(err) != vault.Superseded {
		t.Errorf("the same number with another record: %v", err)
	}

	if err := s.Proof(ctx, d.ID, 2); cause(err) != vault.NotFound {
		t.Errorf("proof of what was never sent: %v", err)
	}
	s.must(send(2))
	s.must(s.Proof(ctx, d.ID, 2))
	s.must(s.Proof(ctx, d.ID, 2))
	if n := count(catalog.ActionSaved); n != 1 {
		t.Errorf("%d events of one proof", n)
	}
	for _, old := range []uint64{1, 2} {
		if err := send(old); cause(err) != vault.Superseded {
			t.Errorf("generation %d again: %v", old, err)
		}
	}
	if err := s.Proof(ctx, d.ID, 1); cause(err) != vault.Superseded {
		t.Errorf("proof of a generation that is over: %v", err)
	}
	if n := s.holdings(d.ID); n != 2 {
		t.Errorf("the device holds %d entries, want 2", n)
	}
	// A password that left the package leaves the list once the device has
	// proved that it has the new cache, and not before.
	s.must(s.RemoveEntry(ctx, s.op, first, catalog.Removal{Archive: true}))
	s.must(send(3))
	if n := s.holdings(d.ID); n != 2 {
		t.Errorf("before the proof the device holds %d entries, want 2", n)
	}
	s.must(s.Proof(ctx, d.ID, 3))
	if n := s.holdings(d.ID); n != 1 {
		t.Errorf("after the proof the device holds %d entries, want 1", n)
	}
	s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceRevoked, "lost"))
	s.must(s.Cleared(ctx, d.ID, 3))
	s.must(s.Cleared(ctx, d.ID, 3))
	if n := s.holdings(d.ID); n != 0 {
		t.Errorf("a cleared device holds %d entries", n)
	}
	if after, err := s.DeviceKey(ctx, d.ID); err != nil || after.State != store.DeviceWiped || after.WipedAt.IsZero() {
		t.Errorf("a revoked device that cleared its cache: %+v, %v", after, err)
	}
	if n := count(catalog.ActionCleared); n != 1 {
		t.Errorf("%d events of one clearing", n)
	}
}

func (s *server) holdings(device vault.ID) int {
	s.t.Helper()
	n := 0
	s.must(s.db.View(ctx, func(r store.Reader) error {
		for _, err := range r.Holdings(ctx, store.HoldingQuery{Device: device}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	}))
	return n
}

// A lease says what was asked for and what is in force, and is not signed for a
// device or an account that was stopped meanwhile.
func TestIssueLease(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Full + Offline", time.Time{})
	d := s.device(ann)
	cache := vault.NewID()
	in, err := s.Instance(ctx)
	s.must(err)
	var leases []lease.Lease
	issue := func(generation uint64, between func()) error {
		p, err := s.Package(ctx, ann, request(d, cache, generation))
		s.must(err)
		defer p.Close()
		if between != nil {
			between()
		}
		token, err := s.IssueLease(ctx, p, "kid", [32]byte{7}, func(l lease.Lease) (string, error) {
			leases = append(leases, l)
			return "token", nil
		})
		if err == nil && token != "token" {
			t.Errorf("token %q", token)
		}
		return err
	}
	s.must(issue(1, nil))
	s.must(issue(2, func() { s.wait(90 * time.Second) })) // as long as a slow stream takes
	l := leases[1]
	if l.Seq != 2 || leases[0].Seq != 1 || l.User != ann.User() || l.Username != "alice@corp" || l.Device != d.ID || l.Cache != cache ||
		l.Generation != 2 || l.Record != [32]byte{2} || l.Level != "B" || l.Epoch != 1 || l.Entries != 1 || l.Digest != [32]byte{7} ||
		l.Issuer != in.Incarnation || l.Policy.Days != 7 || l.Expires.Time() != l.Issued.Time().AddDate(0, 0, 7) {
		t.Errorf("lease: %+v", l)
	}
	for _, c := range []struct {
		name string
		stop func()
		back func()
		want vault.Cause
	}{
		{"device suspended", func() { s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceSuspended, "")) }, func() { s.must(s.SetDeviceState(ctx, s.op, d.ID, store.DeviceApproved, "")) }, vault.Suspended},
		{"offline switched off", func() { s.must(s.SetOffline(ctx, s.op, false)) }, func() { s.must(s.SetOffline(ctx, s.op, true)) }, vault.NotPermitted},
		{"account disabled", func() { s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserDisabled)) }, func() { s.must(s.SetUserState(ctx, s.op, ann.User(), store.UserActive)) }, vault.NotSignedIn},
	} {
		if err := issue(3, c.stop); cause(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		c.back()
	}
	if in, err = s.Instance(ctx); err != nil || in.Epoch != 2 {
		t.Errorf("epoch %d after the switch was off, %v", in.Epoch, err)
	}
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

func TestNonce(t *testing.T) {
	s := newServer(t)
	nonce, err := s.IssueNonce(ctx)
	s.must(err)
	if len(nonce) != 32 {
		t.Errorf("%d bytes", len(nonce))
	}
	s.must(s.SpendNonce(ctx, nonce))
	if err := s.SpendNonce(ctx, nonce); cause(err) != vault.NotSignedIn {
		t.Errorf("twice: %v", err)
	}
	late, err := s.IssueNonce(ctx)
	s.must(err)
	s.wait(5 * time.Minute)
	forged := append([]byte(nil), late...)
	forged[7]++ // lives longer
	for name, bad := range map[string][]byte{"too late": late, "forged": forged, "short": late[:31], "none": nil, "zeros": make([]byte, 32)} {
		if err := s.SpendNonce(ctx, bad); cause(err) != vault.NotSignedIn {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Levels of the policy reach the dry run as they reach the package.
func TestDryRunReasons(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	ok := s.entry("/Web/ok")
	timed := s.entry("/Lent/timed")
	plain := s.entry("/Seen/plain")
	flagged := map[policy.Reason]policy.Flags{
		policy.CheckOut: policy.NeedsCheckOut, policy.DualControl: policy.NeedsDualControl,
		policy.OneTime: policy.ChangesAfterUse, policy.CommentRequired: policy.CommentOnViewOffline,
	}
	want := map[vault.ID]policy.Reason{ok: policy.Cacheable, timed: policy.TimeLimited, plain: policy.NotPermitted}
	for reason, flag := range flagged {
		id := s.entry("/Web/" + string(reason))
		s.must(s.SetFlags(ctx, s.op, catalog.Node{Kind: catalog.EntryNode, ID: id}, flag))
		want[id] = reason
	}
	odd := newEntry("odd")
	odd.Set(vault.FieldNotes, vault.SecretText("bell \x07"), false)
	id, err := s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: s.folder("/Web"), Entry: odd})
	s.must(err)
	want[id] = policy.UnsupportedValue
	healed := newEntry("healed")
	healed.Set(vault.FieldNotes, vault.SecretText("bell \x07"), false)
	id, err = s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: s.folder("/Web"), Entry: healed})
	s.must(err)
	s.must(s.EditEntry(ctx, s.op, id, "", func(e *vault.Entry) error {
		e.Set(vault.FieldNotes, vault.SecretText("fine"), false)
		return nil
	}))
	want[id] = policy.UnsupportedValue // its history is not
	bell, err := s.AddFolder(ctx, s.op, catalog.NewFolder{Parent: s.folder("/Web"), Group: &vault.Group{Name: "bell \x07"}})
	s.must(err)
	id, err = s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: bell, Entry: newEntry("below a bell")})
	s.must(err)
	want[id] = policy.UnsupportedValue
	large := newEntry("large")
	data := make([]byte, 60<<20)
	large.Attachments = []vault.Attachment{{Name: "a", Binary: &vault.Binary{Data: data}}}
	id, err = s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: s.folder("/Web"), Entry: large})
	s.must(err)
	s.must(s.EditEntry(ctx, s.op, id, "", func(e *vault.Entry) error {
		e.Attachments[0].Binary = &vault.Binary{Data: data[:10<<20]}
		return nil
	}))
	want[id] = policy.TooLarge // 10 MiB now, and 60 MiB in the history
	s.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
	s.grant("ann", "/Lent", "Read-Only + Offline", s.now.Add(time.Hour))
	s.grant("ann", "/Seen", "Read-Only", time.Time{})

	d, err := s.DryRun(ctx, ann, vault.ID{})
	s.must(err)
	if d.Total != len(want) || d.Cached != 1 || d.Name != "ann" || !d.Expires.Equal(s.now.AddDate(0, 0, 7)) {
		t.Errorf("total %d, cached %d, %q, until %v", d.Total, d.Cached, d.Name, d.Expires)
	}
	for _, e := range d.Entries {
		if e.Decision.Reason != want[e.ID] {
			t.Errorf("%s: %q (%s), want %q", vault.JoinPath(e.Path...), e.Decision.Reason, e.Decision.Detail, want[e.ID])
		}
	}
	p, err := s.Package(ctx, ann, request(s.device(ann), vault.NewID(), 1))
	s.must(err)
	for e, err := range p.Entries(ctx) {
		s.must(err)
		if e.Entry.ID != ok {
			t.Errorf("%q is in the package", e.Entry.Title())
		}
	}
	if me, err := s.Me(ctx, ann); err != nil || me.OfflineEntries != 2 { // a comment can be given
		t.Errorf("me: %d entries, %v", me.OfflineEntries, err)
	}
	s.must(s.SetOffline(ctx, s.op, false))
	d, err = s.DryRun(ctx, ann, vault.ID{})
	if err != nil || d.Cached != 0 || d.ByReason[policy.NotPermitted] != len(want) || !d.Expires.IsZero() {
		t.Errorf("switched off: %+v, %v", d.ByReason, err)
	}
	if yes, err := s.OfflineAvailable(ctx, ann); err != nil || yes {
		t.Errorf("switched off, available %v, %v", yes, err)
	}
}
