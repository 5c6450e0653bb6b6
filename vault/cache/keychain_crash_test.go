package cache_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// Wherever the process dies, the old generation opens or the new one, and once
// somebody was there again, only its item is left. That every step of the disk
// does no harm is tested with the chip; here it dies around those of the
// keychain, and between them.
func TestKeychainCrash(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("old"), nil)
	files, items := snapshot(t, w.dir), maps.Clone(w.chain.items)
	dies := func(step int) (*mortalDisk, error) {
		restore(t, w.dir, files)
		d := &mortalDisk{left: step, powerCut: true}
		w.disk, w.chain.disk, w.chain.items, w.chain.steps = d, d, maps.Clone(items), nil
		err := w.try(content("new"), nil)
		w.disk, w.chain.disk = nil, nil
		return d, err
	}
	const plenty = 1000
	if _, err := dies(plenty); err != nil || len(w.chain.steps) != 2 {
		t.Fatalf("%d calls that change the keychain, want one that writes and one that deletes: %v", len(w.chain.steps), err)
	}
	wrote, deleted := plenty-w.chain.steps[0], plenty-w.chain.steps[1]
	was := map[string]int{}
	for _, step := range []int{wrote, wrote + 1, (wrote + deleted) / 2, deleted - 9, deleted - 5, deleted - 1, deleted, deleted + 1} {
		d, err := dies(step)
		if !d.dead {
			t.Fatalf("step %d: it lived: %v", step, err)
		}
		got := w.title()
		was[got]++
		if got != "old" && got != "new" {
			t.Errorf("step %d: opened %q", step, got)
		}
		w.holds(fmt.Sprint(w.status().Generation))
	}
	if was["old"] == 0 || was["new"] == 0 {
		t.Errorf("opened %v: one of them was never what is left", was)
	}
}

// Clearing that dies half-way is finished by whoever comes next.
func TestKeychainClearCrash(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("one"), nil)
	items := maps.Clone(w.chain.items)
	w.everyStep(func() error {
		w.chain.items = maps.Clone(items)
		w.chain.disk = w.disk.(*mortalDisk)
		defer func() { w.chain.disk = nil }()
		return w.store().Clear(t.Context(), cache.ByUser)
	}, func(step int, lived bool) {
		if err := w.store().Clear(t.Context(), cache.ByUser); err != nil && !errors.Is(err, vault.NoCache) {
			t.Errorf("step %d: %v", step, err)
		}
		w.holds()
	})
}
