package cache_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

func TestKeychainCache(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("one"), nil)
	w.opens("one")
	w.holds("1")
	if d := w.last; d.Level != binding.LevelC || len(d.RootName) != 0 || d.Virtual || d.Clock != (binding.Clock{}) {
		t.Errorf("declared %+v", d)
	}
	st := w.status()
	if st.Level != binding.LevelC || st.Lease.Level != binding.LevelC || st.Tries.Known {
		t.Errorf("status: level %s, lease %s, tries known %t", st.Level, st.Lease.Level, st.Tries.Known)
	}
	l, err := cache.ReadLabel(w.file("cache.kdbx"))
	if err != nil || l.Level != binding.LevelC || len(l.RootName) != 0 {
		t.Errorf("label %+v, %v", l, err)
	}
	for name, text := range w.chain.items {
		if len(text) != 44 {
			t.Errorf("%s has %d characters: more than a key of 32 bytes", name, len(text))
		}
	}
}

// A wrong password is one however often it is given, and the right one opens
// afterwards: nothing counts them, and nothing is harmed.
func TestKeychainWrongPassword(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("one"), nil)
	file := string(w.read("cache.kdbx"))
	for range 3 {
		_, err := w.unlock("wrong " + master)
		var p *vault.Problem
		if !errors.As(err, &p) || p.Cause != vault.WrongPassword || p.TriesLeft != nil {
			t.Fatalf("%v, want a wrong password without a count", err)
		}
	}
	if string(w.read("cache.kdbx")) != file {
		t.Error("the file was written")
	}
	w.opens("one")
}

func TestKeychainRefuses(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("one"), nil)
	own := w.chain

	w.chain = &keychain{items: map[string]string{}} // of another machine
	w.refuses(vault.OtherMachine, cache.Foreign)
	w.chain = &keychain{fails: errors.New("locked")}
	w.refuses(vault.NoSecretStore, cache.Foreign)
	w.chain = nil
	w.refuses(vault.NoSecretStore, cache.Foreign)

	w.chain = &keychain{items: maps.Clone(own.items)}
	for name := range w.chain.items {
		w.chain.items[name] = strings.Repeat("A", 43) + "="
	}
	w.refuses(vault.Damaged, cache.Damaged)
	for name := range w.chain.items {
		w.chain.items[name] = "not ours"
	}
	w.refuses(vault.Damaged, cache.Damaged)
	w.chain = own
	w.opens("one")

	clear(w.chain.items) // the person deleted the item
	w.refuses(vault.OtherMachine, cache.Foreign)
	w.cache(content("two"), nil)
	w.opens("two")
}

// Level C is taken only where the policy names it and there is no chip.
func TestKeychainIsNotTakenInSilence(t *testing.T) {
	w := newKeychainWorld(t)
	for _, least := range []binding.Level{"", binding.LevelA, binding.LevelB, binding.LevelB0} {
		r := w.request()
		r.MinLevel = least
		if _, err := w.store().Prepare(t.Context(), r); !errors.Is(err, vault.LevelTooLow) {
			t.Errorf("least level %q: %v", least, err)
		}
	}
	w.holds()

	// A chip that is there and cannot be used just now.
	s, err := cache.Open(cache.Options{Dir: w.dir, Keychain: w.chain})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prepare(t.Context(), w.request()); !errors.Is(err, vault.ChipMissing) {
		t.Errorf("beside a chip: %v", err)
	}
	w.chain.fails = errors.New("locked")
	if err := w.try(content("one"), nil); !errors.Is(err, vault.NoSecretStore) {
		t.Errorf("locked keychain: %v", err)
	}
	w.chain.fails = nil
	w.holds()

	// One that can be used is used; what was made before it came still opens.
	w.cache(content("one"), nil)
	w.chip = tpmtest.Start(t).Open(t)
	w.opens("one")
	w.cache(content("two"), nil)
	w.opens("two")
	if got := w.status().Level; got != binding.LevelB {
		t.Errorf("with a chip: level %s", got)
	}
	w.holds()
}

func TestKeychainGenerations(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("one"), nil)
	old := snapshot(t, w.dir)
	w.cache(content("two"), nil)
	w.holds("2")
	w.write("cache.kdbx", old["cache.kdbx"])
	w.refuses(vault.Superseded, cache.Superseded)

	// The whole folder put back: the item is gone.
	now := snapshot(t, w.dir)
	restore(t, w.dir, old)
	w.refuses(vault.OtherMachine, cache.Foreign)
	restore(t, w.dir, now)

	// Given up before the commit, and refused in it.
	p, err := w.store().Prepare(t.Context(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	w.holds("2", "3")
	p.Discard()
	w.holds("2")
	if err := w.try(content("three"), func(l *lease.Lease) { l.Entries++ }); err == nil {
		t.Fatal("a lease for other content was taken")
	}
	w.holds("2")
}

func TestKeychainClear(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("one"), nil)
	before, item := snapshot(t, w.dir), maps.Clone(w.chain.items)
	if err := w.store().Clear(t.Context(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	w.holds()
	restore(t, w.dir, before)
	w.refuses(vault.OtherMachine, cache.Foreign)

	// A keychain that is locked: the files go, the caller hears that the item
	// is still there, and the next one deletes it.
	w.chain.items = item
	w.opens("one")
	w.chain.fails = errors.New("locked")
	if err := w.store().Clear(t.Context(), cache.ByOrder); !errors.Is(err, vault.NoSecretStore) {
		t.Errorf("locked: %v", err)
	}
	if _, err := os.Stat(w.file("cache.kdbx")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	if err := w.store().Clear(t.Context(), cache.ByUser); !errors.Is(err, vault.NoSecretStore) {
		t.Errorf("still locked: %v", err)
	}
	w.chain.fails = nil
	w.holds("1")
	if err := w.store().Clear(t.Context(), cache.ByUser); err != nil {
		t.Error(err)
	}
	w.holds()
}

// Without client state, or with one that cannot be read, the file names its item.
func TestKeychainClearWithoutState(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"no state":      func(w *world) { _ = os.Remove(w.file("client.json")) },
		"damaged state": func(w *world) { w.write("client.json", []byte("{")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newKeychainWorld(t)
			w.cache(content("one"), nil)
			spoil(w)
			if err := w.store().Clear(t.Context(), cache.ByUser); err != nil {
				t.Fatal(err)
			}
			w.holds()
		})
	}
}

// Only the computer's clock and what was seen of time end a lease at level C.
func TestKeychainTime(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("one"), nil)
	w.now = w.now.Add(6 * 24 * time.Hour)
	w.opens("one")
	w.now = w.now.Add(-5 * 24 * time.Hour)
	w.refuses(vault.ClockMoved, cache.Expired)
	w.now = w.now.Add(6 * 24 * time.Hour)
	w.refuses(vault.Expired, cache.Expired)
	if v := w.status().Verdict; v.EndedBy != lease.EndedByWall || v.Hard {
		t.Errorf("ended by %s, hard %t: the computer's clock proves nothing", v.EndedBy, v.Hard)
	}
	if _, err := w.store().Renew(t.Context(), w.server.issue(t, w.device, w.last, 1, w.now, nil)); err != nil {
		t.Fatal(err)
	}
	w.opens("one")
}

// A new installation takes the file back with the keychain that it is of.
func TestKeychainImport(t *testing.T) {
	w := newKeychainWorld(t)
	w.cache(content("one"), nil)
	file := filepath.Join(t.TempDir(), "copy.kdbx")
	if err := os.WriteFile(file, w.read("cache.kdbx"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := w.chain
	take := func() error {
		o, err := w.store().Import(context.Background(), file, cache.UnlockRequest{Password: secret(master)})
		if err == nil {
			o.Close()
		}
		return err
	}
	w.dir = filepath.Join(t.TempDir(), "elsewhere")
	w.chain = &keychain{items: map[string]string{}}
	if err := take(); !errors.Is(err, vault.OtherMachine) {
		t.Errorf("another keychain: %v", err)
	}
	w.cache(content("own"), nil)
	if err := take(); !errors.Is(err, vault.OtherMachine) {
		t.Errorf("another keychain and a cache of its own: %v", err)
	}
	w.dir, w.chain = filepath.Join(t.TempDir(), "anew"), own
	if err := take(); err != nil {
		t.Fatal(err)
	}
	w.opens("one")
	w.cache(content("two"), nil)
	w.holds("2")
}

// Where no server governs, what the chip would refuse is in the record alone.
func TestKeychainUngoverned(t *testing.T) {
	w := newKeychainWorld(t)
	r := w.request()
	r.Trust, r.Local = nil, &cache.Local{Expires: w.now.Add(48 * time.Hour), Policy: policy()}
	p, err := w.store().Prepare(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(t.Context(), content("one"), ""); err != nil {
		t.Fatal(err)
	}
	w.opens("one")
	if v := w.status().Verdict; v.Remaining != 48*time.Hour {
		t.Errorf("%s left", v.Remaining)
	}
	w.now = w.now.Add(49 * time.Hour)
	w.refuses(vault.Expired, cache.Expired)
}
