package cache_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

func TestPinnedIdentity(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	other := newServer(t)
	if err := w.store().Learn(context.Background(), other.trust(t)); !errors.Is(err, vault.IdentityChanged) {
		t.Errorf("Learn from another server: %v", err)
	}
	forged := w.server.trust(t)
	forged.Keys = other.keys
	if err := w.store().Learn(context.Background(), forged); !errors.Is(err, vault.IdentityChanged) {
		t.Errorf("Learn keys of another server: %v", err)
	}
	own := w.server
	w.server = other
	if err := w.try(content("two"), nil); !errors.Is(err, vault.IdentityChanged) {
		t.Errorf("Prepare for another server: %v", err)
	}
	w.server = own
	for pin, want := range map[string]error{lease.Pin(own.rootSPKI(t)): nil, lease.Pin(other.rootSPKI(t)): vault.IdentityChanged} {
		s, err := cache.Open(cache.Options{Dir: w.dir, Chip: w.chip, Pin: pin, Now: func() time.Time { return w.now }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Status(context.Background()); !errors.Is(err, want) {
			t.Errorf("Status with pin: %v, want %v", err, want)
		}
	}
	w.opens("one")
}

func TestNoDowngradeToNoServer(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	r := w.request()
	r.Trust, r.Local = nil, &cache.Local{Policy: policy(), Expires: w.now.AddDate(0, 0, 3)}
	if _, err := w.store().Prepare(context.Background(), r); !errors.Is(err, vault.IdentityChanged) {
		t.Fatalf("Prepare: %v", err)
	}
	// A cache of another folder that no server governs does not slip in.
	other := *w
	other.dir = filepath.Join(t.TempDir(), "other")
	other.local(content("two"), cache.Local{Policy: policy(), Expires: w.now.AddDate(0, 0, 3)})
	w.write("cache.kdbx", other.read("cache.kdbx"))
	w.refuses(vault.Damaged, cache.Damaged)
}

func TestLeaseForSomethingElse(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	for name, tt := range map[string]struct {
		change func(*lease.Lease)
		want   vault.Cause
	}{
		"another device":     {func(l *lease.Lease) { l.Device = vault.NewID() }, vault.Damaged},
		"another cache":      {func(l *lease.Lease) { l.Cache = vault.NewID() }, vault.Damaged},
		"another generation": {func(l *lease.Lease) { l.Generation++ }, vault.Damaged},
		"another record":     {func(l *lease.Lease) { l.Record[0] ^= 1 }, vault.Damaged},
		"another chip":       {func(l *lease.Lease) { l.Root[10] ^= 1 }, vault.Damaged},
		"another level":      {func(l *lease.Lease) { l.Level = binding.LevelB0 }, vault.Damaged},
		"another user":       {func(l *lease.Lease) { l.Username = "alice" }, vault.Damaged},
		"other content":      {func(l *lease.Lease) { l.Entries = 7 }, vault.BadAnswer},
		"over already":       {func(l *lease.Lease) { l.Issued, l.Expires = l.Issued-8*86400, l.Expires-8*86400 }, vault.Expired},
		"over for the chip":  {func(l *lease.Lease) { l.Chip.Bounds.ClockMS = l.Chip.ClockMS }, vault.Expired},
		"no boots":           {func(l *lease.Lease) { l.Chip.Bounds.Resets = l.Chip.Resets }, vault.Expired},
	} {
		if err := w.try(content("two"), tt.change); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
		w.opens("one")
	}
}

func TestLeaseByAnotherKey(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	own := w.server.lease
	w.server.lease = newKey(t)
	if err := w.try(content("two"), nil); !errors.Is(err, vault.Damaged) {
		t.Errorf("false signature: %v", err)
	}
	w.server.lease = own
	w.server.tpm = newKey(t) // approves with a key that is not in the record
	p, err := w.store().Prepare(context.Background(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Discard()
	if _, err := p.Commit(context.Background(), content("two"), w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil)); !errors.Is(err, vault.Damaged) {
		t.Errorf("approval by another key: %v", err)
	}
	w.opens("one")
}
