package cache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

func TestNoCache(t *testing.T) {
	w := newWorld(t)
	if _, err := w.store().Status(context.Background()); !errors.Is(err, vault.NoCache) {
		t.Errorf("Status: %v", err)
	}
	if _, err := w.unlock(master); !errors.Is(err, vault.NoCache) {
		t.Errorf("Unlock: %v", err)
	}
	if err := w.store().Clear(context.Background(), cache.ByUser); !errors.Is(err, vault.NoCache) {
		t.Errorf("Clear: %v", err)
	}
	if _, err := w.store().Renew(context.Background(), "x"); !errors.Is(err, vault.NoCache) && !errors.Is(err, vault.ReadOnly) {
		t.Errorf("Renew: %v", err)
	}
	if _, err := os.Stat(w.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("asking made a folder: %v", err)
	}
}

func TestOtherMachine(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.opens("one")

	other := tpmtest.Start(t)
	other.AdvanceClock(30 * 24 * time.Hour) // another chip's clock says nothing about this lease
	own := w.chip
	w.chip = other.Open(t)
	w.refuses(vault.OtherMachine, cache.Foreign)
	w.chip = nil
	w.refuses(vault.ChipMissing, cache.Foreign)
	w.chip = own
	w.opens("one")

	w.machine.Clear()
	w.refuses(vault.OtherMachine, cache.Foreign)
	w.chip = w.machine.Open(t) // a program that has not pinned the root before
	w.refuses(vault.OtherMachine, cache.Foreign)
	w.cache(content("two"), nil)
	w.opens("two")
}

func TestOtherDevice(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	copied := w.read("cache.kdbx")
	w.device = vault.NewID()
	w.cache(content("two"), nil)
	w.opens("two")
	w.write("cache.kdbx", copied)
	w.refuses(vault.OtherMachine, cache.Foreign)
}

func TestUserNameAsTyped(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	tries := w.status().Tries.Left
	for name, ok := range map[string]bool{
		"": true, userName: true, " " + userName + "\t": true,
		"Bob@Example.COM": false, "bob": false, "EXAMPLE\\bob": false, "alice@example.com": false,
	} {
		o, err := w.store().Unlock(context.Background(), cache.UnlockRequest{User: name, Password: secret(master)})
		if err == nil {
			o.Close()
		}
		if ok && err != nil || !ok && !errors.Is(err, vault.NoCache) {
			t.Errorf("user %q: %v", name, err)
		}
		if !ok && strings.Contains(err.Error(), userName) {
			t.Errorf("user %q: %v tells whose cache there is", name, err)
		}
	}
	if !cache.SameUser("Jo\u0308rg", " J\u00f6rg ") || cache.SameUser("Jörg", "jörg") {
		t.Error("forms of one name: NFC and white space do not matter, upper case does")
	}
	if got := w.status().Tries.Left; got != tries {
		t.Errorf("user names cost tries: %d left, %d before", got, tries)
	}
}

func TestMasterPasswordInAnyUnicodeForm(t *testing.T) {
	w := newWorld(t)
	r := w.request()
	r.Password = secret("Zu\u0308rich \u212b") // decomposed ü, Ångström sign
	p, err := w.store().Prepare(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(context.Background(), content("one"), w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil)); err != nil {
		t.Fatal(err)
	}
	o, err := w.unlock("Z\u00fcrich \u00c5")
	if err != nil {
		t.Fatal(err)
	}
	o.Close()
}

func TestSuperseded(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	first := w.read("cache.kdbx")
	w.cache(content("two"), nil)
	second := w.read("cache.kdbx")
	tries := w.status().Tries.Left
	w.write("cache.kdbx", first)
	w.refuses(vault.Superseded, cache.Superseded)
	if got := w.status().Tries.Left; got != tries {
		t.Errorf("an older copy cost tries: %d left, %d before", got, tries)
	}
	w.write("cache.kdbx", second)
	w.opens("two")
}

func TestLockedOut(t *testing.T) {
	w := newWorld(t)
	w.machine.SetLockout(8, 3600*time.Second)
	w.cache(content("one"), nil)
	left := w.status().Tries.Left
	if left == 0 || left > 8 {
		t.Fatalf("%d tries left", left)
	}
	for range left {
		if _, err := w.unlock("wrong"); !errors.Is(err, vault.WrongPassword) {
			t.Fatalf("Unlock: %v", err)
		}
	}
	w.refuses(vault.ChipLocked, cache.LockedOut)
	var p *vault.Problem
	if _, err := w.unlock(master); !errors.As(err, &p) || p.TriesLeft == nil || *p.TriesLeft != 0 || !p.Until.After(w.now) {
		t.Errorf("Unlock: %#v", p)
	}
	if err := w.try(content("two"), nil); !errors.Is(err, vault.ChipLocked) {
		t.Errorf("Prepare: %v", err)
	}
	w.machine.ResetLockout()
	w.opens("one")
}

// A policy may allow fewer tries than half of what the chip does: these are said,
// and these are kept.
func TestPolicyBoundsTheTries(t *testing.T) {
	w := newWorld(t)
	w.machine.SetLockout(32, 3600*time.Second)
	w.cache(content("one"), func(l *lease.Lease) { l.Policy.Tries = 3 })
	for left := 3; left > 0; left-- {
		if got := w.status().Tries; got.Left != left || got.Sitting > left {
			t.Fatalf("tries %+v, want %d left", got, left)
		}
		var p *vault.Problem
		_, err := w.unlock("wrong")
		if !errors.Is(err, vault.WrongPassword) || !errors.As(err, &p) || p.TriesLeft == nil || *p.TriesLeft != left-1 {
			t.Fatalf("Unlock: %v", err)
		}
	}
	w.refuses(vault.ChipLocked, cache.LockedOut)
	var p *vault.Problem
	if _, err := w.unlock(master); !errors.As(err, &p) || *p.TriesLeft != 0 || p.Until.Sub(w.now) > time.Hour {
		t.Errorf("Unlock with the right password: %v", err)
	}
	w.renew(func(l *lease.Lease) { l.Policy.Tries = 10 })
	if got := w.status().Tries.Left; got != 7 {
		t.Errorf("%d tries left under a new policy", got)
	}
	w.opens("one")
}

func TestLevelWithoutLockout(t *testing.T) {
	w := newWorld(t)
	w.machine = tpmtest.StartDefault(t)
	w.chip = w.machine.Open(t)
	r := w.request()
	r.MinLevel = binding.LevelB
	if _, err := w.store().Prepare(context.Background(), r); !errors.Is(err, vault.LevelTooLow) {
		t.Fatalf("Prepare: %v", err)
	}
	w.cache(content("one"), nil)
	for range 5 { // more than the chip's lockout of 3
		_, err := w.unlock("wrong")
		var p *vault.Problem
		if !errors.Is(err, vault.WrongPassword) || !errors.As(err, &p) || p.TriesLeft != nil {
			t.Fatalf("Unlock: %v", err)
		}
	}
	w.opens("one")
	if st := w.status(); st.Level != binding.LevelB0 || st.Tries.Known {
		t.Errorf("level %s, tries %+v", st.Level, st.Tries)
	}
}

// TestReasonsInOrder gives the cache more and more that is wrong with it; the
// one that comes first in the command line's contract must win.
func TestReasonsInOrder(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	old := w.read("cache.kdbx")
	w.cache(content("two"), nil)
	good := w.read("cache.kdbx")

	w.machine.SetLockout(8, 3600*time.Second)
	for {
		if _, err := w.unlock("wrong"); errors.Is(err, vault.ChipLocked) {
			break
		} else if !errors.Is(err, vault.WrongPassword) {
			t.Fatal(err)
		}
	}
	w.refuses(vault.ChipLocked, cache.LockedOut) // 8
	w.write("cache.kdbx", old)
	w.refuses(vault.Superseded, cache.Superseded) // 7
	w.chip = tpmtest.Start(t).Open(t)
	w.refuses(vault.OtherMachine, cache.Foreign) // 4
	w.now = w.now.AddDate(0, 0, 8)
	w.refuses(vault.Expired, cache.Expired) // 5
	w.write("cache.kdbx", good)
	w.server.epoch++
	if err := w.store().Learn(context.Background(), w.server.trust(t)); err != nil {
		t.Fatal(err)
	}
	w.refuses(vault.Revoked, cache.Revoked) // 6
	w.write("cache.kdbx", good[:len(good)-1])
	w.refuses(vault.Damaged, cache.Damaged) // 12
	if err := os.Remove(w.file("cache.kdbx")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.unlock(master); !errors.Is(err, vault.NoCache) { // 10
		t.Fatalf("Unlock: %v", err)
	}
}

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

// TestGenerationsAreNotReused wants a new number for every Prepare, whatever
// became of the one before.
func TestGenerationsAreNotReused(t *testing.T) {
	w := newWorld(t)
	var seen []uint64
	for range 3 {
		p, err := w.store().Prepare(context.Background(), w.request())
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, p.Declaration().Generation)
		p.Discard()
		p.Discard()
		if _, err := p.Commit(context.Background(), content("x"), ""); err == nil {
			t.Fatal("Commit after Discard")
		}
	}
	w.cache(content("one"), nil)
	seen = append(seen, w.last.Generation)
	for i, n := range seen {
		if n != uint64(i+1) {
			t.Fatalf("generations %v", seen)
		}
	}
	if err := w.store().Clear(context.Background(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	w.cache(content("two"), nil)
	if w.last.Generation != 5 {
		t.Errorf("generation %d after a wipe, want 5", w.last.Generation)
	}
}

// TestOneGenerationAtATime must not let two write into one file.
func TestOneGenerationAtATime(t *testing.T) {
	w := newWorld(t)
	s := w.store()
	p, err := s.Prepare(context.Background(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prepare(context.Background(), w.request()); !errors.Is(err, vault.Busy) {
		t.Errorf("a second Prepare: %v", err)
	}
	p.Discard()
	if p, err = s.Prepare(context.Background(), w.request()); err != nil {
		t.Fatal(err)
	}
	p.Discard()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestFromAnOpenCache(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	s := w.store()
	o, err := s.Unlock(context.Background(), cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		t.Fatal(err)
	}
	r := w.request()
	r.Password, r.From = vault.Secret{}, o
	p, err := s.Prepare(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(context.Background(), content("two"), w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil)); err != nil {
		t.Fatal(err)
	}
	if got := o.Content().Root.Entries[0].Title(); got != "one" {
		t.Errorf("the open cache shows %q", got)
	}
	o.Close()
	w.opens("two")
}
