package cache_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/cache"
)

// TestLevelA follows a cache of level A from its first permit to its receipt.
func TestLevelA(t *testing.T) {
	w := newWorldA(t)
	ctx := context.Background()
	w.cacheA("one")
	if n := w.authority.count(binding.PermitFirstWrite, binding.PinFail); n != 1 {
		t.Errorf("%d first writes of pin_fail", n)
	}
	if len(w.authority.written) != 1 || w.authority.written[string(binding.PinFail)].Kind != binding.PermitRekey {
		t.Errorf("written and not shown to the server: %+v", w.authority.written)
	}
	st := w.status()
	if st.State != cache.Usable || st.Level != binding.LevelA || st.Tries.Left != testTries || st.Opens == nil || st.Opens.Limit != testOpens || st.Opens.Used != 0 {
		t.Fatalf("Status: %+v", st)
	}
	if w.counter() != w.last.Generation || w.last.Indices == nil {
		t.Errorf("the counter is at %d, generation %d", w.counter(), w.last.Generation)
	}
	w.opens("one")

	q := [32]byte{7}
	said, err := w.store().CertifyCounter(ctx, w.authority.attester, q)
	if err != nil {
		t.Fatal(err)
	}
	read, err := said.Reading(binding.ReadingWant{Key: w.authority.public, Qualified: q, Name: w.last.Indices.Name(binding.Counter, true)})
	if err != nil || read.Value != w.last.Generation {
		t.Errorf("the chip states %d, generation %d, %v", read.Value, w.last.Generation, err)
	}

	// A wrong password costs a try of the cache's own, and nothing of the machine's.
	machine, err := w.chip.Tries(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.unlock("wrong")
	var p *vault.Problem
	if !errors.Is(err, vault.WrongPassword) || !errors.As(err, &p) || p.TriesLeft == nil || *p.TriesLeft != testTries-1 {
		t.Errorf("Unlock: %v", err)
	}
	if after, err := w.chip.Tries(ctx); err != nil || after != machine {
		t.Errorf("the machine's lockout: %+v, before %+v, %v", after, machine, err)
	}
	w.opens("one")
	events, err := w.store().Unsent(ctx, 10)
	if err != nil || len(events) != 3 || events[2].Type != audit.Unlock || events[2].Detail != "failed_before=1" {
		t.Errorf("journal: %+v, %v", events, err)
	}

	// The next generation needs no permit, and keeps the password.
	before := len(w.authority.asked)
	w.a = nil
	w.cacheA("two")
	w.opens("two")
	if len(w.authority.asked) != before {
		t.Errorf("%d permits for a renewal", len(w.authority.asked)-before)
	}
	b, err := json.Marshal(w.status())
	if err != nil {
		t.Fatal(err)
	}
	var printed struct {
		Level     string `json:"level"`
		TriesLeft *int   `json:"tries_left"`
		OpensLeft *int   `json:"opens_left"`
	}
	if err := json.Unmarshal(b, &printed); err != nil || printed.Level != "A" || printed.TriesLeft == nil || *printed.TriesLeft != testTries || printed.OpensLeft == nil || *printed.OpensLeft != testOpens-3 {
		t.Errorf("status says %s", b)
	}

	if err := w.store().Clear(ctx, cache.ByUser); err != nil {
		t.Fatal(err)
	}
	if w.counter() <= w.last.Generation {
		t.Errorf("the counter is at %d after the wipe of %d", w.counter(), w.last.Generation)
	}
	if owed, err := w.store().ReceiptOwed(); err != nil || !owed {
		t.Errorf("receipt owed: %t, %v", owed, err)
	}
	if err := w.store().GiveUpA(ctx, cache.GivingUp{}); !errors.Is(err, vault.Unconfirmed) {
		t.Errorf("GiveUpA before the receipt: %v", err)
	}
	if err := w.store().Receipt(ctx, w.authority); err != nil {
		t.Fatal(err)
	}
	if owed, _ := w.store().ReceiptOwed(); owed || len(w.authority.receipts) != 1 {
		t.Errorf("receipt still owed: %t, receipts %v", owed, w.authority.receipts)
	}
	if err := w.store().GiveUpA(ctx, cache.GivingUp{}); err != nil {
		t.Fatal(err)
	}
	if found, err := w.chip.Indices(ctx); err != nil || len(found) != 0 {
		t.Errorf("left in the chip: %+v, %v", found, err)
	}
	w.cache(content("three"), nil)
	if st := w.status(); st.Level != binding.LevelB {
		t.Errorf("level %s after giving A up", st.Level)
	}
	if n := w.machine.Loaded(); n != 0 {
		t.Errorf("%d handles left in the chip", n)
	}
}
