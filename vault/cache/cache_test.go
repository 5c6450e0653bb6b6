package cache_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

func TestCacheHoldsWhatWasCached(t *testing.T) {
	w := newWorld(t)
	want := rich()
	w.cache(want, nil)
	o := w.mustUnlock()
	if diff := cmp.Diff(want.Root, o.Content().Root, sameSecret(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Icons, o.Content().Icons, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("icons (-want +got):\n%s", diff)
	}
	if o.Generation() != 1 || o.Lease() == nil || !o.Policy().Reveal {
		t.Errorf("generation %d, lease %v", o.Generation(), o.Lease())
	}
	st := w.status()
	if st.State != cache.Usable || st.Problem != nil {
		t.Fatalf("Status: %s, %v", st.State, st.Problem)
	}
	if st.Entries != 2 || st.Attachments != 1 || st.Level != binding.LevelB || !st.Virtual || !st.Governed || st.User != userName || st.Server != url {
		t.Errorf("Status: %+v", st)
	}
	if n := w.machine.Loaded(); n != 0 {
		t.Errorf("%d handles left in the chip", n)
	}
}

func TestWrongPassword(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	before := w.status().Tries.Left
	for i := range 2 {
		_, err := w.unlock("wrong")
		var p *vault.Problem
		if !errors.Is(err, vault.WrongPassword) || !errors.As(err, &p) || p.TriesLeft == nil {
			t.Fatalf("Unlock: %v", err)
		}
		if want := before - i - 1; *p.TriesLeft != want {
			t.Errorf("%d tries left, want %d", *p.TriesLeft, want)
		}
	}
	_, err := w.store().Unlock(context.Background(), cache.UnlockRequest{Password: secret("wrong"), KeepTries: before - 2})
	if !errors.Is(err, vault.TooManyAttempts) {
		t.Errorf("Unlock that keeps what is left: %v", err)
	}
	if got := w.status().Tries.Left; got != before-2 {
		t.Errorf("%d tries left, want %d: keeping tries cost one", got, before-2)
	}
	w.opens("one")
}
