package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

// keys returns the sub-keys as a client gets and verifies them.
func (f *fixture) keys() lease.KeySet {
	f.t.Helper()
	var in struct {
		Kind     string
		Identity []byte
		Keys     []lease.SubKey
	}
	decode(f.t, f.want(yes, request{method: "GET", path: own + "/server"}).body, &in)
	if in.Kind != "tideover" || lease.Pin(in.Identity) != f.id.Pin() {
		f.t.Fatalf("the server says it is %q %s", in.Kind, lease.Pin(in.Identity))
	}
	keys, err := lease.VerifySubKeys(in.Identity, in.Keys)
	must(f.t, err)
	return keys
}

func TestMeAndDryRun(t *testing.T) {
	f := newFixture(t)
	var me wire.Me
	decode(t, f.want(yes, request{method: "GET", path: own + "/me", as: "alice"}).body, &me)
	if me.Name != "alice" || !me.OfflineEnabled || me.OfflineEntries != 2 || me.Roles == nil || me.UserID != f.user("alice") {
		t.Errorf("me: %+v", me)
	}
	var rules lease.Policy
	decode(t, me.Policy, &rules)
	if rules.Days != 7 || rules.PoweredOn != 7*24*60*60 || rules.Checks == nil {
		t.Errorf("policy: %+v", rules)
	}

	var run wire.DryRun
	decode(t, f.want(yes, request{method: "GET", path: own + "/offline", as: "bob"}).body, &run)
	if run.User != "bob" || run.Total != 2 || run.Cached != 0 || run.Excluded != 2 || run.ByReason["not_permitted"] != 2 {
		t.Errorf("dry run: %+v", run)
	}
	f.want(400, request{method: "GET", path: own + "/offline?device=x", as: "bob"})
	f.want(404, request{method: "GET", path: own + "/offline?device=" + vault.NewID().String(), as: "bob"})
	for _, e := range run.Entries {
		if e.Cached || e.Reason == nil || !strings.HasPrefix(e.Path, "/Team/") {
			t.Errorf("entry: %+v", e)
		}
	}
}

func TestOwnTreeHoldsNoSecret(t *testing.T) {
	f := newFixture(t)
	got := f.want(yes, request{method: "GET", path: own + "/tree", as: "alice"})
	stream, err := wire.DecodeContent(bytes.NewReader(got.body), wire.DecodeOptions{Limits: wire.DefaultLimits(), Mode: wire.Metadata})
	must(t, err)
	if n := stream.Content.Root.Count(); n != 2 {
		t.Errorf("%d entries", n)
	}
	for _, secret := range []string{"a&b", "r3c0very", "JBSWY3DPEHPK3PXP", "aGVsbG8="} {
		if bytes.Contains(got.body, []byte(secret)) {
			t.Errorf("%s is in the tree", secret)
		}
	}
	e := stream.Content.Root.Groups[0].Entries[0]
	if e.Field(vault.FieldPassword) == nil || e.Field(vault.FieldOTP) == nil || e.Title() != "db <prod> & co" {
		t.Errorf("fields: %v", e.Fields)
	}
	facts := stream.Facts[f.entry]
	if facts == nil || facts.Offline == nil || !*facts.Offline || !cmp.Equal(facts.AttachmentSizes, []int64{5, 7}) {
		t.Errorf("facts: %+v", facts)
	}
}

func TestRevealIsAudited(t *testing.T) {
	f := newFixture(t)
	path := own + "/entries/" + f.entry.String()
	shown := f.want(yes, request{method: "GET", path: path, as: "alice"})
	if bytes.Contains(shown.body, []byte("r3c0very")) {
		t.Error("a protected field is shown without reveal")
	}
	before := len(f.records(f.entry))
	got := f.want(yes, request{method: "POST", path: path + "/reveal", as: "alice", body: `{"comment":"on call"}`})
	answer, err := wire.DecodeEntry(got.body, wire.DefaultLimits())
	must(t, err)
	if answer.Entry.Password().Text() != entryPassword || answer.Group != f.team {
		t.Error("the entry is not whole")
	}
	file := f.want(yes, request{method: "GET", path: path + "/attachments/" + f.protected.String(), as: "alice"})
	if string(file.body) != "private" || file.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("attachment: %s %s", file.header.Get("Content-Type"), file.body)
	}
	after := f.records(f.entry)
	if len(after) != before+2 {
		t.Fatalf("%d records became %d, want 2 more", before, len(after))
	}
	if r := after[before]; r.Name != "alice" || r.Comment != "on call" || r.Outcome != "ok" {
		t.Errorf("record: %+v", r)
	}
}

func TestDeviceIsNamedByItsKey(t *testing.T) {
	f := newFixture(t)
	d := f.register(newDevice(t), "alice")
	if d.State != wire.DeviceApproved {
		t.Errorf("state %s", d.State)
	}
	again := &device{key: d.key, spki: d.spki}
	if f.register(again, "alice"); again.ID != d.ID {
		t.Error("the same key is another device")
	}
	for name, body := range map[string]string{
		"no key":         `{"name":"x","level":"B"}`,
		"garbage key":    `{"name":"x","level":"B","public_key":"AAAA"}`,
		"unknown level":  strings.Replace(newDevice(t).body(t), `"level":"B"`, `"level":"Z"`, 1),
		"short name":     strings.Replace(newDevice(t).body(t), `"root_name":"`, `"root_name":"AAAA`, 1),
		"endless name":   strings.Replace(newDevice(t).body(t), `"laptop"`, `"`+strings.Repeat("x", 300)+`"`, 1),
		"not even JSON":  `{`,
		"another's type": `{"public_key":7}`,
	} {
		got := f.want(invalid, request{method: "POST", path: own + "/devices", as: "alice", body: body})
		if !strings.HasPrefix(string(got.body), `{"error":{"id":"usage",`) {
			t.Errorf("%s: %s", name, got.body)
		}
	}
}

// Each case is one way to send a device-signed request without the device.
func TestSignatureIsChecked(t *testing.T) {
	f := newFixture(t)
	d, other := f.register(newDevice(t), "alice"), f.register(newDevice(t), "alice")
	stranger := f.register(newDevice(t), "bob")
	path := own + "/devices/" + d.ID.String() + "/cache"
	body := cacheBody(t, nil)
	good := func() map[string]string { return f.sign(d, "POST", path, body) }
	with := func(name, value string) map[string]string {
		h := maps.Clone(good())
		h[name] = value
		return h
	}
	nonceOf := func(h map[string]string) []byte {
		b, err := base64.StdEncoding.DecodeString(h[wire.HeaderNonce])
		must(t, err)
		return b
	}
	used := good()
	if got := f.do(request{method: "POST", path: path, as: "alice", body: body, header: used}); got.status != yes {
		t.Fatalf("the good request: %d %s", got.status, got.body)
	}
	asOther := func() map[string]string {
		h := f.sign(other, "POST", path, body)
		h[wire.HeaderDevice] = d.ID.String()
		return h
	}
	ownNonce := func() map[string]string {
		nonce := make([]byte, 32)
		return signWith(t, d, nonce, wire.RequestDigest("POST", path, nonce, []byte(body)))
	}
	tests := []struct {
		name   string
		as     string
		path   string
		body   string
		header map[string]string
		status int
	}{
		{"nonce used before", "alice", path, body, used, anon},
		{"nonce of our own making", "alice", path, body, ownNonce(), anon},
		{"body changed", "alice", path, body + " ", good(), anon},
		{"path of another device", "alice", own + "/devices/" + other.ID.String() + "/cache", body, good(), anon},
		{"path in another spelling", "alice", strings.ToUpper(path), body, good(), anon},
		{"key of another device", "alice", path, body, asOther(), anon},
		{"no signature", "alice", path, body, with(wire.HeaderSignature, ""), anon},
		{"signature of zeros", "alice", path, body, with(wire.HeaderSignature, base64.StdEncoding.EncodeToString(make([]byte, 64))), anon},
		{"short signature", "alice", path, body, with(wire.HeaderSignature, "AAAA"), anon},
		{"no nonce", "alice", path, body, with(wire.HeaderNonce, ""), anon},
		{"unknown device", "alice", path, body, with(wire.HeaderDevice, vault.NewID().String()), anon},
		{"no device", "alice", path, body, with(wire.HeaderDevice, ""), anon},
		{"signed, but without a token", "", path, body, good(), anon},
		{"signed, with another user's token", "bob", path, body, good(), denied},
		{"another user's device", "alice", own + "/devices/" + stranger.ID.String() + "/cache", body, f.sign(stranger, "POST", own+"/devices/"+stranger.ID.String()+"/cache", body), denied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := f.do(request{method: "POST", path: tt.path, as: tt.as, body: tt.body, header: tt.header})
			if got.status != tt.status {
				t.Errorf("%d %.200s, want %d", got.status, got.body, tt.status)
			}
		})
	}
	// A request that was not signed right must not use up the nonce.
	h := good()
	f.do(request{method: "POST", path: path, as: "alice", body: body + " ", header: h})
	if len(nonceOf(h)) != 32 {
		t.Errorf("a nonce has %d bytes", len(nonceOf(h)))
	}
	if got := f.do(request{method: "POST", path: path, as: "alice", body: body, header: h}); got.status != yes {
		t.Errorf("the nonce was used up: %d %.200s", got.status, got.body)
	}
}

// Proof, journal and cleared need no token: they run when nobody is signed in.
func TestProofJournalCleared(t *testing.T) {
	f := newFixture(t)
	d := f.register(newDevice(t), "alice")
	base := own + "/devices/" + d.ID.String()
	if got := f.signed(d, "alice", base+"/cache", cacheBody(t, nil)); got.status != yes {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := f.signed(d, "", base+"/proof", `{"generation":3}`); got.status != none {
		t.Errorf("proof: %d %s", got.status, got.body)
	}
	if got := f.signed(d, "", base+"/proof", `{"generation":9}`); got.status < 400 {
		t.Errorf("proof of a generation that was never sent: %d", got.status)
	}

	// A device hears how it stands, and nobody else does.
	state := func(by *device) answer {
		return f.do(request{method: "GET", path: base + "/state", header: f.sign(by, "GET", base+"/state", "")})
	}
	if got := state(d); got.status != yes || !strings.Contains(string(got.body), `"approved"`) {
		t.Errorf("state: %d %s", got.status, got.body)
	}
	if got := state(f.register(newDevice(t), "alice")); got.status != anon {
		t.Errorf("state, asked by another device: %d %s", got.status, got.body)
	}

	head := audit.NewHead(d.ID)
	var upload wire.JournalUpload
	for _, kind := range []audit.Type{audit.Unlock, audit.Reveal} {
		e := audit.Event{At: time.Now().UTC().Truncate(time.Millisecond), Type: kind, Generation: 3}
		if kind == audit.Reveal {
			e.Entry, e.Detail = f.entry, "Password"
		}
		e, err := audit.Next(head, e)
		must(t, err)
		head = audit.Head{Seq: e.Seq, Hash: e.Hash}
		upload.Events = append(upload.Events, wire.JournalEvent{
			Seq: e.Seq, At: e.At, Type: string(e.Type), Entry: e.Entry, Detail: e.Detail,
			Generation: e.Generation, Prev: wire.Digest(e.Prev), Hash: wire.Digest(e.Hash),
		})
	}
	journal, err := json.Marshal(upload)
	must(t, err)
	for range 2 { // sending it again changes nothing
		got := f.signed(d, "", base+"/journal", string(journal))
		if got.status != yes || string(got.body) != `{"through":2}` {
			t.Errorf("journal: %d %s", got.status, got.body)
		}
	}
	// Another event in the place of the second: the journal has forked.
	fork, err := audit.Next(audit.Head{Seq: 1, Hash: audit.Hash(upload.Events[0].Hash)},
		audit.Event{At: upload.Events[1].At, Type: audit.Copy, Entry: f.entry, Generation: 3})
	must(t, err)
	upload.Events[1].Type, upload.Events[1].Detail, upload.Events[1].Hash = string(fork.Type), "", wire.Digest(fork.Hash)
	forged, err := json.Marshal(upload)
	must(t, err)
	if got := f.signed(d, "", base+"/journal", string(forged)); got.status != yes {
		t.Errorf("an alarm blocks the client: %d %s", got.status, got.body)
	}
	alarms := 0
	for action, n := range f.actions() {
		if strings.Contains(action, "alarm") {
			alarms += n
		}
	}
	if alarms == 0 {
		t.Errorf("no alarm about a fork: %v", f.actions())
	}

	must(t, f.catalog.SetDeviceState(t.Context(), f.op, d.ID, store.DeviceRevoked, "lost"))
	if got := f.signed(d, "", base+"/cleared", `{"generation":3}`); got.status != none {
		t.Errorf("cleared: %d %s", got.status, got.body)
	}
	found, err := f.catalog.Device(t.Context(), f.op, d.ID)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	must(t, f.srv.Upkeep(ctx)) // writes down at its end what it has not yet
	if found, err = f.catalog.Device(t.Context(), f.op, d.ID); err != nil || time.Since(found.LastSeen) > time.Hour || found.LastAddress != "127.0.0.1" {
		t.Errorf("last seen %s at %q, %v", found.LastSeen, found.LastAddress, err)
	}
	if found.State != store.DeviceWiped {
		t.Errorf("state %d after a revoked device cleared its cache", found.State)
	}
}
