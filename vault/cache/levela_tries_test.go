package cache_test

import (
	"errors"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// TestTriesOfLevelA are counted by the chip: no copy, no restart and no power cut
// brings one back, and the right password is refused once there are none.
func TestTriesOfLevelA(t *testing.T) {
	w := newWorldA(t)
	ctx := t.Context()
	w.cacheA("one")
	kept := w.copied()
	for i := range testTries {
		if i == 2 {
			w.machine.PowerCut()
		}
		there := kept.copied() // an older client state for each guess
		if _, err := there.unlock("guess"); !errors.Is(err, vault.WrongPassword) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	w.refuses(vault.ChipLocked, cache.LockedOut)
	kept.refuses(vault.ChipLocked, cache.LockedOut)
	w.a = nil
	if err := w.tryA("two"); !errors.Is(err, vault.ChipLocked) || !errors.Is(err, cache.ErrTriesSpent) {
		t.Errorf("Prepare: %v", err)
	}
	w.authority.refuse = errRefused
	limits := cache.LevelA{Server: w.authority, Tries: testTries, Opens: testOpens}
	if err := w.store().Refill(ctx, limits); !errors.Is(err, errRefused) {
		t.Errorf("Refill without a permit: %v", err)
	}
	w.authority.refuse = nil
	if err := w.store().Refill(ctx, limits); err != nil {
		t.Fatal(err)
	}
	w.opens("one")
}

// TestTriesThatNobodyReads: where the chip's owner has a password nobody knows
// how many tries are left before the chip refuses. It is told then that time
// brings none back, wherever it refuses.
func TestTriesThatNobodyReads(t *testing.T) {
	w := newWorldA(t)
	w.machine.KeepRoot()
	w.cacheA("one")
	w.machine.SetOwnerPassword([]byte("the owner's"))
	for range testTries {
		if _, err := w.unlock("guess"); !errors.Is(err, vault.WrongPassword) {
			t.Fatal(err)
		}
	}
	if _, err := w.unlock(master); !errors.Is(err, vault.ChipLocked) || !errors.Is(err, cache.ErrTriesSpent) {
		t.Errorf("Unlock: %v", err)
	}
	w.a = nil
	if err := w.tryA("two"); !errors.Is(err, vault.ChipLocked) || !errors.Is(err, cache.ErrTriesSpent) {
		t.Errorf("Prepare: %v", err)
	}
}
