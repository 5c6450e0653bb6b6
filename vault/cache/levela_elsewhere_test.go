package cache_test

import (
	"bytes"
	"errors"
	"regexp"
	"testing"

	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// movedTo returns w where its folder is used with another chip: a home on a
// network, or a disk that was put into another computer.
func (w *worldA) movedTo(m *tpmtest.Machine) *worldA {
	w.t.Helper()
	other, inner := *w, *w.world
	other.world = &inner
	other.machine, other.chip = m, m.Open(w.t)
	inner.chip, inner.indices = other.chip, provisioner{other.chip}
	return &other
}

// chipName is where a client state says which chip has the slots.
var chipName = regexp.MustCompile(`(?m)^\s*"root": "[^"]{48}",\n`)

// TestClearedOnAnotherMachine: another chip has not the counter, which says
// nothing about the one that has it. The slots stay until that one has stepped it.
func TestClearedOnAnotherMachine(t *testing.T) {
	w := newWorldA(t)
	elsewhere := w.movedTo(tpmtest.Start(t))
	other := elsewhere.movedTo(elsewhere.machine)
	for _, tt := range []struct {
		name string
		prep func()
	}{
		{"with all that is known", func() {}},
		{"with a client state that does not name the chip", func() {
			state := w.read("client.json")
			w.write("client.json", chipName.ReplaceAll(state, nil))
			if bytes.Equal(state, w.read("client.json")) {
				t.Fatalf("no chip is named in %s", state)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.cacheA("one")
			kept := w.copied()
			tt.prep()
			elsewhere.dir = w.dir
			err := elsewhere.store().Clear(t.Context(), cache.ByUser)
			if !errors.Is(err, vault.ChipMissing) || !errors.Is(err, cache.ErrElsewhere) {
				t.Fatalf("Clear: %v", err)
			}
			if fileExists(w.file("cache.kdbx")) {
				t.Error("the file is left")
			}
			if owed, err := elsewhere.store().ReceiptOwed(); !owed || err != nil {
				t.Errorf("a receipt is owed: %t, %v", owed, err)
			}
			if err := elsewhere.store().Receipt(t.Context(), w.authority); !errors.Is(err, vault.ChipMissing) {
				t.Errorf("Receipt there: %v", err)
			}
			kept.opens("one") // nothing has ended it yet

			// Nothing is planned in their place, before somebody gives them up.
			elsewhere.a = w.a
			if err := elsewhere.tryA("two"); !errors.Is(err, cache.ErrOtherIndices) {
				t.Errorf("Prepare: %v", err)
			}

			// Back on its machine, looking is enough.
			if _, err := w.store().Status(t.Context()); !errors.Is(err, vault.NoCache) {
				t.Errorf("Status: %v", err)
			}
			kept.refuses(vault.Superseded, cache.Superseded)

			// The chip's word on it cannot be had elsewhere either, and stays owed.
			if err := other.store().Receipt(t.Context(), w.authority); !errors.Is(err, cache.ErrElsewhere) {
				t.Errorf("Receipt there, once it is ended: %v", err)
			}
			before := len(w.authority.receipts)
			w.must(w.store().Receipt(t.Context(), w.authority))
			if len(w.authority.receipts) != before+1 {
				t.Error("the server has no receipt")
			}
		})
	}
}

// TestGivenUpOnAnotherMachine: who is signed in there and wants a new cache makes
// one, with indices of its own.
func TestGivenUpOnAnotherMachine(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	kept, was := w.copied(), w.last.Cache
	elsewhere := w.movedTo(tpmtest.Start(t))
	if err := elsewhere.tryA("two"); !errors.Is(err, cache.ErrOtherIndices) {
		t.Errorf("Prepare: %v", err)
	}
	w.must(elsewhere.store().GiveUpA(t.Context(), cache.GivingUp{Anyway: true}))
	elsewhere.authority = newAuthority(t, w.server.tpm, elsewhere.chip)
	elsewhere.a = &cache.LevelA{Server: elsewhere.authority, Tries: testTries, Opens: testOpens}
	elsewhere.cacheA("two")
	elsewhere.opens("two")
	if elsewhere.last.Cache == was {
		t.Error("planned anew under the same name")
	}
	kept.opens("one")
}

// TestClearedAfterAnotherRoot: another program has given the chip a storage root of
// its own since. It is the same chip, whose counter ends the copies.
func TestClearedAfterAnotherRoot(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	w.machine.KeepOtherRoot()
	w = w.movedTo(w.machine) // another run of the program
	kept := w.copied()
	kept.opens("one")
	w = w.movedTo(w.machine) // which has looked for no cache yet
	w.must(w.store().Clear(t.Context(), cache.ByUser))
	kept.refuses(vault.Superseded, cache.Superseded)
	w = w.movedTo(w.machine)
	w.must(w.store().Receipt(t.Context(), w.authority))
	w.cacheA("two")
	w.opens("two")
}

// TestOpensAfterAnotherRoot is the same of a cache of level B, which opens under the
// root that it was made with.
func TestOpensAfterAnotherRoot(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.machine.KeepOtherRoot()
	w.chip = w.machine.Open(t)
	if st := w.status(); st.State != cache.Usable {
		t.Errorf("%s: %v", st.State, st.Problem)
	}
	w.mustUnlock().Close()
}
