package catalog_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
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
