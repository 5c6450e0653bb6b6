package keyring_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

func dataKeys(t testing.TB, s store.Store) []store.DataKey {
	t.Helper()
	var keys []store.DataKey
	err := s.View(context.Background(), func(r store.Reader) (err error) {
		keys, err = r.DataKeys(context.Background())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestPurposesHaveKeysOfTheirOwn(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	openRing(t, s, f)
	openRing(t, s, f) // makes no more
	seen := map[store.Purpose]int{}
	wrapped := map[string]bool{}
	for _, k := range dataKeys(t, s) {
		seen[k.Purpose]++
		wrapped[string(k.Wrapped)] = true
		if k.KEK != f.ID() {
			t.Errorf("key of purpose %d is wrapped by %q, want %q", k.Purpose, k.KEK, f.ID())
		}
	}
	want := map[store.Purpose]int{1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("keys of the purposes (-want +got):\n%s", d)
	}
	if len(wrapped) != len(want) {
		t.Errorf("got %d different wrapped keys, want %d", len(wrapped), len(want))
	}
}

// TestManyOpenAtOnce starts several servers on an empty database.
func TestManyOpenAtOnce(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	rings := make([]*keyring.Keyring, 8)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			var err error
			if rings[i], err = keyring.Open(t.Context(), keyring.Config{Store: s, KEK: f}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	sealed := seal(t, rings[0], row, "x")
	for _, ring := range rings {
		unseal(t, ring, row, sealed)
	}
}

func TestRotate(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	ring, other := openRing(t, s, f), openRing(t, s, f)
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	old := seal(t, ring, row, "old")
	if err := ring.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
		t.Fatal(err)
	}
	fresh := seal(t, ring, row, "new")
	if old.Key == fresh.Key {
		t.Error("the key is the same after a rotation")
	}
	if got := unseal(t, ring, row, old); got != "old" {
		t.Errorf("got %q", got)
	}
	// Content under the old key is not taken for content under the new one.
	if _, err := ring.Unseal(nil, row, store.Sealed{Key: fresh.Key, Data: old.Data}); !errors.Is(err, keyring.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	// Another process learns of it.
	if _, err := other.Unseal(nil, row, fresh); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("got %v, want ErrUnknownKey", err)
	}
	if err := other.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := unseal(t, other, row, fresh); got != "new" {
		t.Errorf("got %q", got)
	}
	// One that has not heard of a rotation does not rotate a second time.
	late := openRing(t, s, f)
	if err := ring.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
		t.Fatal(err)
	}
	if err := late.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
		t.Fatal(err)
	}
	if got := len(dataKeys(t, s)); got != 8 { // 6 purposes, 2 rotations
		t.Errorf("got %d data keys, want 8", got)
	}
}

func TestMaintain(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ring, err := keyring.Open(t.Context(), keyring.Config{Store: s, KEK: f, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	row := keyring.Row{Kind: keyring.Factor, ID: vault.NewID(), Version: 1}
	for range 3 {
		seal(t, ring, row, "x")
	}
	maintain := func(want ...store.Purpose) {
		t.Helper()
		got, err := ring.Maintain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("rotated (-want +got):\n%s", d)
		}
	}
	uses := func() (n int64) {
		for _, k := range dataKeys(t, s) {
			if k.Purpose == keyring.PurposeFactors && k.Retired.IsZero() {
				n = k.Uses
			}
		}
		return n
	}
	maintain()
	maintain() // counts nothing twice
	if got := uses(); got != 3 {
		t.Errorf("got %d uses, want 3", got)
	}
	if got := ring.ActiveKeys()[keyring.PurposeFactors]; got.Uses != 3 || got.Age(now) != 0 {
		t.Errorf("got %+v", got)
	}

	// Too often: as if others had sealed so many times.
	err = s.Update(t.Context(), func(tx store.Tx) error {
		return tx.AddKeyUses(t.Context(), ring.ActiveKeys()[keyring.PurposeFactors].ID, 1<<30)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	maintain(keyring.PurposeFactors)

	// Too old.
	now = now.Add(365*24*time.Hour - time.Second)
	maintain()
	now = now.Add(time.Second)
	maintain(1, 2, 3, 4, 5) // not the key of tags
	maintain()

	// Beyond what is safe nothing is sealed.
	err = s.Update(t.Context(), func(tx store.Tx) error {
		return tx.AddKeyUses(t.Context(), ring.ActiveKeys()[keyring.PurposeFactors].ID, 1<<32)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Seal(row, nil); !errors.Is(err, keyring.ErrWornOut) {
		t.Errorf("got %v, want ErrWornOut", err)
	}
}

// TestUseAtOnce seals and opens while keys are rotated; the race detector looks.
func TestUseAtOnce(t *testing.T) {
	ring := newRing(t)
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				s, err := ring.Seal(row, []byte("x"))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := ring.Unseal(nil, row, s); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 3 {
		if err := ring.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
			t.Error(err)
		}
		if _, err := ring.Maintain(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}
