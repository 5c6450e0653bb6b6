package cache_test

import (
	"context"
	"errors"
	"os"
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
