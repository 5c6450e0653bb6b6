package cache_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// TestNewPassword kills the old generation before the password of the index
// becomes another one, and the server permits it only then.
func TestNewPassword(t *testing.T) {
	w := newWorldA(t)
	ctx := t.Context()
	w.cacheA("one")
	kept := w.copied()
	old := w.read("cache.kdbx")

	// Another password without saying so is a wrong one, and costs a try.
	r := w.request()
	r.Password = secret("another password")
	if _, err := w.store().Prepare(ctx, r); !errors.Is(err, vault.WrongPassword) || w.failed() != 1 {
		t.Errorf("Prepare: %v, %d failed", err, w.failed())
	}
	w.opens("one")

	r.A = &cache.LevelA{Server: w.authority, Tries: testTries, Opens: testOpens, NewPassword: true}
	p, err := w.store().Prepare(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if fileExists(w.file("cache.kdbx")) {
		t.Error("the old generation is still there")
	}
	kept.refuses(vault.Superseded, cache.Superseded)
	if _, err = p.Commit(ctx, content("two"), w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil)); err != nil {
		t.Fatal(err)
	}
	o, err := w.unlock("another password")
	if err != nil {
		t.Fatal(err)
	}
	o.Close()
	if bytes.Equal(cache.SaltOf(t, old), cache.SaltOf(t, w.read("cache.kdbx"))) {
		t.Error("the salt is that of the old password")
	}
	if len(w.authority.receipts) != 1 {
		t.Errorf("receipts %v", w.authority.receipts)
	}
}

// TestFromLevelBToA raises a cache, and does not lower it by the way.
func TestFromLevelBToA(t *testing.T) {
	w := newWorldA(t)
	asked := w.a
	w.a = nil
	w.cache(content("b"), nil)
	if st := w.status(); st.Level != binding.LevelB {
		t.Fatalf("level %s", st.Level)
	}
	if bytes.Contains(w.read("client.json"), []byte("indices")) || !bytes.Contains(w.read("client.json"), []byte(`"v": 1`)) {
		t.Error("a cache of level B is not written as before")
	}
	w.authority.approved[w.last.Cache] = w.last.Generation
	w.a = asked
	w.cacheA("a")
	w.opens("a")
	w.a = nil
	w.cacheA("a again")
	if st := w.status(); st.Level != binding.LevelA {
		t.Errorf("level %s after a renewal that does not ask", st.Level)
	}
	w.indices = nil // a program that cannot use them
	if err := w.tryA("b again"); !errors.Is(err, vault.ChipMissing) {
		t.Errorf("Prepare: %v", err)
	}
	w.refuses(vault.ChipMissing, cache.Foreign)
}

// TestNoIndices is a chip that gives none: nothing is made, and nothing lower.
func TestNoIndices(t *testing.T) {
	w := newWorldA(t)
	w.indices = denied{provisioner{w.chip}, func(binding.Slots) error { return binding.ErrOwnerAuth }}
	if err := w.tryA("one"); !errors.Is(err, vault.LevelTooLow) || !errors.Is(err, binding.ErrOwnerAuth) {
		t.Errorf("Prepare: %v", err)
	}
	if _, err := w.store().Status(t.Context()); !errors.Is(err, vault.NoCache) {
		t.Errorf("Status: %v", err)
	}
	// The slots are planned, so an administrator's process can make the indices.
	planned := cache.Slots(w.dir)
	if err := w.chip.Provision(t.Context(), planned, nil); err != nil {
		t.Fatal(err)
	}
	w.indices = provisioner{w.chip}
	w.cacheA("one")
	if w.last.Indices == nil || *w.last.Indices != planned.Indices {
		t.Errorf("made with %+v, planned were %+v", w.last.Indices, planned.Indices)
	}
}

// TestProvisioningBreaksOff goes on where the process died, with no permit twice.
func TestProvisioningBreaksOff(t *testing.T) {
	w := newWorldA(t)
	broken := errors.New("the connection is gone")
	w.authority.refuse = broken
	if err := w.tryA("one"); !errors.Is(err, broken) {
		t.Errorf("no permit: %v", err)
	}
	w.authority.refuse, w.authority.unread = nil, broken
	for range 2 { // after the first write of pin_fail, and of pin_pass
		if err := w.tryA("one"); !errors.Is(err, broken) {
			t.Errorf("no reading: %v", err)
		}
	}
	if len(w.authority.written) != 2 {
		t.Errorf("%d writes that the server has not read, want 2", len(w.authority.written))
	}
	w.authority.unread = nil
	w.cacheA("one")
	w.opens("one")
	if len(w.authority.written) != 1 || w.authority.written[string(binding.PinFail)].Kind != binding.PermitRekey {
		t.Errorf("not read by the server: %+v", w.authority.written)
	}
	if n := w.authority.count(binding.PermitFirstWrite, binding.PinFail) + w.authority.count(binding.PermitFirstWrite, binding.PinPass); n != 2 {
		t.Errorf("%d first writes", n)
	}
	if found, err := w.chip.Indices(t.Context()); err != nil || len(found) != 3 {
		t.Errorf("in the chip: %+v, %v", found, err)
	}
}

// TestNoRoomForOpens counts openings in the journal only.
func TestNoRoomForOpens(t *testing.T) {
	w := newWorldA(t)
	w.indices = denied{provisioner{w.chip}, func(s binding.Slots) error {
		if s.Indices.PinPass != 0 {
			return binding.ErrNoSpace
		}
		return nil
	}}
	w.cacheA("one")
	w.opens("one")
	if st := w.status(); st.Level != binding.LevelA || st.Opens != nil {
		t.Errorf("level %s, openings %+v", st.Level, st.Opens)
	}
}

// TestNoRoomForWhatIsInUse: one of the indices is gone, and there is no room for it
// any more. The others are not forgotten for it, as the counter ends the cache.
func TestNoRoomForWhatIsInUse(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	slots := cache.Slots(w.dir)
	w.must(w.chip.Remove(t.Context(), []uint32{slots.Indices.PinPass}, nil))
	w.indices = denied{provisioner{w.chip}, func(binding.Slots) error { return binding.ErrNoSpace }}
	if err := w.tryA("two"); !errors.Is(err, cache.ErrOtherIndices) {
		t.Errorf("Prepare: %v", err)
	}
	if got := cache.Slots(w.dir); got.Indices != slots.Indices {
		t.Errorf("planned anew: %+v", got.Indices)
	}
	w.must(w.store().Clear(t.Context(), cache.ByUser))
	w.must(w.store().Receipt(t.Context(), w.authority))
}

// denied refuses to provision what deny says.
type denied struct {
	provisioner
	deny func(binding.Slots) error
}

func (d denied) Provision(ctx context.Context, s binding.Slots, owner []byte) error {
	if err := d.deny(s); err != nil {
		return err
	}
	return d.provisioner.Provision(ctx, s, owner)
}
