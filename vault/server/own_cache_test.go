package server_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

// cacheBody is a valid request for a cache.
func cacheBody(t *testing.T, change func(*wire.CacheRequest)) string {
	t.Helper()
	in := wire.CacheRequest{
		Cache: vault.NewID(), Generation: 3, RecordSHA256: wire.Digest{1, 2, 3}, RootName: rootName(),
		Level: binding.LevelB, ClockMS: 5_000_000, Resets: 11, UserName: "Alice@corp", Comment: "travel",
	}
	if change != nil {
		change(&in)
	}
	body, err := json.Marshal(in)
	must(t, err)
	return string(body)
}

// The whole of a cache: content, digest, lease, and the bounds that the chip
// will check, computed by the server.
func TestCache(t *testing.T) {
	f := newFixture(t)
	d := f.register(newDevice(t), "alice")
	path := own + "/devices/" + d.ID.String() + "/cache"
	before := len(f.records(f.entry))
	var in wire.CacheRequest
	body := cacheBody(t, func(r *wire.CacheRequest) { in = *r })
	got := f.signed(d, "alice", path, body)
	if got.status != yes || got.header.Get("Content-Type") != wire.MediaStream {
		t.Fatalf("%d %s", got.status, got.body)
	}
	stream, err := wire.DecodeContent(bytes.NewReader(got.body), wire.DecodeOptions{Limits: wire.DefaultLimits(), Mode: wire.Complete})
	must(t, err)
	keys := f.keys()
	l, err := lease.Verify(stream.Lease, keys)
	must(t, err)

	e := stream.Content.Root.Groups[0].Entries[0]
	if e.Password().Text() != entryPassword || len(e.Attachments) != 2 || string(e.Attachments[1].Binary.Data) != "private" {
		t.Error("the entry is not whole")
	}
	if l.Entries != 2 || stream.Entries != 2 || lease.Hash(stream.Digest) != l.Digest {
		t.Errorf("the lease signs %d entries and another digest", l.Entries)
	}
	if l.Device != d.ID || l.User != f.user("alice") || l.Cache != in.Cache || l.Generation != 3 || l.Username != "Alice@corp" ||
		l.Record != lease.Hash(in.RecordSHA256) || l.Level != binding.LevelB || !bytes.Equal(l.Root, rootName()) {
		t.Errorf("lease: %+v", l)
	}
	if life := l.Expires.Time().Sub(l.Issued.Time()); life != 7*24*time.Hour {
		t.Errorf("the lease lives %s", life)
	}

	tpmKey, ok := keys.Newest(lease.UseTPM)
	if !ok {
		t.Fatal("no TPM key")
	}
	public, err := binding.KeyOf(tpmKey)
	must(t, err)
	want := binding.Bounds{ClockMS: 5_000_000 + 7*24*3600*1000, Resets: 11 + l.Policy.Boots}
	if l.Chip == nil || l.Chip.Bounds != want {
		t.Fatalf("bounds %+v, want %+v", l.Chip, want)
	}
	terms := binding.Terms{Level: binding.LevelB, Governed: true, Key: public, Device: d.ID, Cache: in.Cache, Generation: 3}
	must(t, l.Chip.Approval().Verify(terms))
	terms.Generation = 4
	if err := l.Chip.Approval().Verify(terms); err == nil {
		t.Error("the approval fits another generation")
	}

	after := f.records(f.entry)
	if len(after) != before+1 || after[len(after)-1].Comment != "travel" || after[len(after)-1].Device != d.ID {
		t.Errorf("audit: %d records became %d", before, len(after))
	}
}

func TestCacheIsRefused(t *testing.T) {
	f := newFixture(t)
	d := f.register(newDevice(t), "alice")
	path := own + "/devices/" + d.ID.String() + "/cache"
	tests := []struct {
		name   string
		change func(*wire.CacheRequest)
		before func(t *testing.T)
		status int
		id     vault.Cause
	}{
		{"generation 0", func(r *wire.CacheRequest) { r.Generation = 0 }, nil, invalid, vault.Usage},
		{"no cache", func(r *wire.CacheRequest) { r.Cache = vault.ID{} }, nil, invalid, vault.Usage},
		{"no name", func(r *wire.CacheRequest) { r.UserName = "" }, nil, invalid, vault.Usage},
		{"unknown level", func(r *wire.CacheRequest) { r.Level = "Z" }, nil, invalid, vault.Usage},
		{"level A without its counters", func(r *wire.CacheRequest) { r.Level = binding.LevelA }, nil, invalid, vault.Unsupported},
		{"no root name", func(r *wire.CacheRequest) { r.RootName = nil }, nil, invalid, vault.Usage},
		{"level below the policy", func(r *wire.CacheRequest) { r.Level, r.RootName = binding.LevelC, nil }, nil, denied, vault.LevelTooLow},
		{"level none", func(r *wire.CacheRequest) { r.Level, r.RootName = binding.LevelNone, nil }, nil, denied, vault.LevelTooLow},
		{"offline switched off", nil, func(t *testing.T) { must(t, f.catalog.SetOffline(t.Context(), f.op, false)) }, denied, vault.NotPermitted},
		{"device suspended", nil, func(t *testing.T) {
			must(t, f.catalog.SetOffline(t.Context(), f.op, true))
			must(t, f.catalog.SetDeviceState(t.Context(), f.op, d.ID, store.DeviceSuspended, "on leave"))
		}, denied, vault.Suspended},
		{"device revoked", nil, func(t *testing.T) {
			must(t, f.catalog.SetDeviceState(t.Context(), f.op, d.ID, store.DeviceRevoked, "lost"))
		}, denied, vault.Revoked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.before != nil {
				tt.before(t)
			}
			before := len(f.records(f.entry))
			got := f.signed(d, "alice", path, cacheBody(t, tt.change))
			if got.status != tt.status || !strings.HasPrefix(string(got.body), `{"error":{"id":"`+string(tt.id)+`",`) {
				t.Errorf("%d %.300s, want %d %s", got.status, got.body, tt.status, tt.id)
			}
			if bytes.Contains(got.body, []byte("a&b")) {
				t.Error("a password got out")
			}
			if after := len(f.records(f.entry)); after != before {
				t.Errorf("the audit says that a password was sent")
			}
		})
	}
}

// A clock so far on that the bounds would wrap around must not give a lease
// that never ends; the entries were sent by then, so the stream says why it
// has no lease.
func TestCacheWithAnImpossibleClock(t *testing.T) {
	f := newFixture(t)
	d := f.register(newDevice(t), "alice")
	path := own + "/devices/" + d.ID.String() + "/cache"
	got := f.signed(d, "alice", path, cacheBody(t, func(r *wire.CacheRequest) { r.ClockMS = 1<<64 - 1 }))
	_, err := wire.DecodeContent(bytes.NewReader(got.body), wire.DecodeOptions{Limits: wire.DefaultLimits(), Mode: wire.Complete})
	if err == nil || bytes.Contains(got.body, []byte(`{"t":"lease"`)) {
		t.Errorf("there is a lease: %v", err)
	}
}
