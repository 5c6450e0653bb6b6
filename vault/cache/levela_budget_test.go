package cache_test

import (
	"testing"

	"github.com/tideover/tideover/tpm/binding"
)

// TestBudgetIsAskedForSeldom: each new budget of openings is one of few permits a
// day, and an alarm. What is left serves on, unless it is little, or more than the
// policy gives.
func TestBudgetIsAskedForSeldom(t *testing.T) {
	w := newWorldA(t)
	w.a.Opens = 6
	w.cacheA("one")
	asked := func() int { return w.authority.count(binding.PermitRewrite, binding.PinPass) }
	opens := func(used, limit uint32) {
		t.Helper()
		got, err := w.indexed().Opens(t.Context())
		if err != nil || got.Used != used || got.Limit != limit {
			t.Errorf("openings %+v, %v, want %d of %d", got, err, used, limit)
		}
	}
	for range 3 {
		w.opens("one")
		w.cacheA("one")
		w.must(w.store().Refill(t.Context(), *w.a))
	}
	if asked() != 0 { // half are left
		t.Errorf("%d new budgets", asked())
	}
	opens(3, 6)
	w.opens("one")
	w.cacheA("two")
	if asked() != 1 { // two of six are left
		t.Errorf("%d new budgets", asked())
	}
	opens(4, 10)
	w.cacheA("three")
	if asked() != 1 {
		t.Errorf("%d new budgets, and nothing was opened since", asked())
	}

	w.a.Opens = 3 // a stricter policy
	w.cacheA("four")
	if asked() != 2 {
		t.Errorf("%d new budgets, the policy gives fewer than are left", asked())
	}
	opens(4, 7)
	w.opens("four")
	opens(5, 7)
}
