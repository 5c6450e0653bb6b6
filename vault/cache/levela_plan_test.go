package cache_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// TestPlannedForAnAdministrator: indices that are planned, or provisioned and
// not used yet, lower nothing and keep nobody from a cache of level B; the next
// one of level A finds them.
func TestPlannedForAnAdministrator(t *testing.T) {
	w := newWorldA(t)
	ctx := context.Background()
	a := w.a
	w.a = nil
	w.cache(content("one"), nil)
	plan := cache.PlanRequest{Trust: *w.request().Trust, Device: w.device, Opens: true}
	slots, err := w.store().PlanA(ctx, plan)
	w.must(err)
	again, err := w.store().PlanA(ctx, plan)
	w.must(err)
	if again.Indices != slots.Indices || string(again.CounterAuth) != string(slots.CounterAuth) {
		t.Errorf("planned %+v, again %+v", slots, again)
	}
	w.cache(content("two"), nil)
	w.must(w.chip.Provision(ctx, slots, nil))
	w.cache(content("three"), nil)
	w.opens("three")
	if st := w.status(); st.Level != binding.LevelB {
		t.Fatalf("level %s", st.Level)
	}

	w.a = a
	w.cacheA("four")
	w.opens("four")
	if *w.last.Indices != slots.Indices || w.status().Level != binding.LevelA {
		t.Errorf("made with %+v, planned %+v", w.last.Indices, slots.Indices)
	}
	if found, err := w.chip.Indices(ctx); err != nil || len(found) != 3 {
		t.Errorf("in the chip: %+v, %v", found, err)
	}
	if again, err = w.store().PlanA(ctx, plan); err != nil || again.Indices != slots.Indices {
		t.Errorf("PlanA beside a cache: %+v, %v", again, err)
	}

	// From here on nothing lower is made by the way.
	w.a = nil
	w.cacheA("five")
	if w.status().Level != binding.LevelA {
		t.Error("lowered by the way")
	}
}

// TestClearedWithIndicesPlanned: a cache of level B ends as ever where indices
// were planned and never made.
func TestClearedWithIndicesPlanned(t *testing.T) {
	w := newWorldA(t)
	ctx := context.Background()
	a := w.a
	w.a = nil
	w.cache(content("one"), nil)
	_, err := w.store().PlanA(ctx, cache.PlanRequest{Trust: *w.request().Trust, Device: w.device})
	w.must(err)
	w.must(w.store().Clear(ctx, cache.ByUser))
	if owed, err := w.store().ReceiptOwed(); owed || err != nil {
		t.Errorf("a receipt is owed: %t, %v", owed, err)
	}
	w.a = a
	w.cacheA("two")
	w.opens("two")
}

// TestTypedPasswordIsTried: another master password than that of the cache in
// place is told before the server sends anything, and costs one try of it.
func TestTypedPasswordIsTried(t *testing.T) {
	w := newWorldA(t)
	ctx := context.Background()
	w.cacheA("one")
	r := w.request()
	r.A = w.a
	r.Password = secret("another password")
	_, err := w.store().Prepare(ctx, r)
	if !errors.Is(err, vault.WrongPassword) {
		t.Fatalf("Prepare: %v", err)
	}
	if left := w.status().Tries.Left; left != testTries-1 {
		t.Errorf("%d tries left", left)
	}
	w.opens("one")
}
