package cache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// copied returns w with a copy of its folder, as whoever copies it has one.
func (w *worldA) copied() *worldA {
	w.t.Helper()
	other, inner := *w, *w.world
	other.world = &inner
	other.dir = filepath.Join(w.t.TempDir(), "copy")
	if err := os.CopyFS(other.dir, os.DirFS(w.dir)); err != nil {
		w.t.Fatal(err)
	}
	return &other
}

// tries is how many wrong passwords the chip has counted.
func (w *worldA) failed() int {
	w.t.Helper()
	tries, err := w.indexed().Tries(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return tries.Failed
}

// TestCopiesOfLevelA are the attacks with files: whatever is put back, and
// together with whatever client state, only the generation at the counter opens.
func TestCopiesOfLevelA(t *testing.T) {
	w := newWorldA(t)
	ctx := context.Background()
	w.cacheA("one")
	first := w.copied() // the whole folder, client state included
	oldFile := w.read("cache.kdbx")

	t.Run("a folder that is copied opens as long as it is current", func(*testing.T) { first.opens("one") })
	w.cacheA("two")
	t.Run("a folder of before, whole", func(*testing.T) {
		first.refuses(vault.Superseded, cache.Superseded)
		if st := first.status(); st.Tries.Failed != 0 || st.Opens.Used != 1 {
			t.Errorf("an older copy has cost a try or an opening: %+v %+v", st.Tries, st.Opens)
		}
	})
	t.Run("an older file with the present client state", func(*testing.T) {
		mixed := w.copied()
		mixed.write("cache.kdbx", oldFile)
		mixed.refuses(vault.Superseded, cache.Superseded)
	})
	t.Run("an older file where the client state is deleted", func(t *testing.T) {
		fresh := *w.world
		fresh.dir = filepath.Join(t.TempDir(), "fresh")
		o, err := fresh.store().Import(ctx, first.file("cache.kdbx"), cache.UnlockRequest{Password: secret(master)})
		if err == nil {
			o.Close()
		}
		if !errors.Is(err, vault.Superseded) {
			t.Errorf("Import: %v", err)
		}
		// The present one is the person's own, and comes back.
		o, err = fresh.store().Import(ctx, w.file("cache.kdbx"), cache.UnlockRequest{Password: secret(master)})
		if err != nil {
			t.Fatalf("Import: %v", err)
		}
		o.Close()
		fresh.opens("two")
		if err := fresh.store().Clear(ctx, cache.ByUser); err != nil { // its slots came with the file
			t.Fatal(err)
		}
		w.refuses(vault.Superseded, cache.Superseded)
	})
	t.Run("an older file imported", func(t *testing.T) {
		o, err := w.store().Import(ctx, first.file("cache.kdbx"), cache.UnlockRequest{Password: secret(master)})
		if err == nil {
			o.Close()
		}
		if !errors.Is(err, vault.Superseded) {
			t.Errorf("Import: %v", err)
		}
	})
	t.Run("the folder on another machine", func(t *testing.T) {
		there := newWorldA(t)
		there.dir, there.server, there.device = first.dir, w.server, w.device
		there.refuses(vault.OtherMachine, cache.Foreign)
	})
}

// TestTwoFoldersOfOneCache has a home folder copied on the same machine: the
// first that makes a generation ends the other, which makes none by itself.
func TestTwoFoldersOfOneCache(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	other := w.copied()
	other.cacheA("other")
	w.refuses(vault.Superseded, cache.Superseded)
	other.opens("other")
	// It goes on above the counter, not where its own state had stopped.
	w.cacheA("two")
	w.opens("two")
	if w.last.Generation <= other.last.Generation {
		t.Errorf("generation %d sealed twice", w.last.Generation)
	}
	other.refuses(vault.Superseded, cache.Superseded)

	// One wipes, the other is dead too.
	if err := other.store().Clear(t.Context(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	w.refuses(vault.Superseded, cache.Superseded)
}

// keepNew gives a generation up once its `.new` is announced, and returns that.
func (w *worldA) keepNew(title string) []byte {
	w.t.Helper()
	var kept []byte
	disk := &watchDisk{onState: func() {
		if b, err := os.ReadFile(w.file("cache.kdbx.new")); err == nil {
			kept = b
		}
	}}
	w.disk = disk
	defer func() { w.disk = nil }()
	p, err := w.store().Prepare(context.Background(), w.request())
	if err != nil {
		w.t.Fatal(err)
	}
	defer p.Discard()
	token := w.server.issue(w.t, w.device, p.Declaration(), 1, w.now, nil)
	ctx, cancel := context.WithCancel(context.Background())
	disk.then = cancel
	if _, err := p.Commit(ctx, content(title), token); err == nil || kept == nil {
		w.t.Fatalf("Commit: %v, %d bytes kept", err, len(kept))
	}
	return kept
}

// TestCopiedNew keeps a `.new` that was given up, with its lease, and puts it
// back at every moment after.
func TestCopiedNew(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	kept := w.keepNew("given up")
	w.opens("one")
	tryKept := func(cause vault.Cause) {
		t.Helper()
		for _, name := range []string{"cache.kdbx", "cache.kdbx.new"} {
			there := w.copied()
			there.write(name, kept)
			o, err := there.unlock(master)
			if err == nil {
				if got := o.Content().Root.Entries[0].Title(); got == "given up" {
					t.Errorf("%s with what was given up opens", name)
				}
				o.Close()
			} else if !errors.Is(err, cause) && !errors.Is(err, vault.NoCache) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	tryKept(vault.Superseded)
	w.cacheA("two")
	tryKept(vault.Superseded)
	if err := w.store().Clear(t.Context(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	tryKept(vault.Wiped)
}

// watchDisk calls back when the client state is written.
type watchDisk struct {
	cache.SystemDisk
	onState func()
	then    func()
}

func (d *watchDisk) Rename(from, to string) error {
	err := d.SystemDisk.Rename(from, to)
	if filepath.Base(to) == "client.json" {
		d.onState()
		if _, serr := os.Stat(filepath.Join(filepath.Dir(to), "cache.kdbx.new")); serr == nil && d.then != nil {
			d.then()
		}
	}
	return err
}

// TestIndicesMadeAnew deletes the indices, as the chip's owner can, and defines
// them again with the same handles and values.
func TestIndicesMadeAnew(t *testing.T) {
	w := newWorldA(t)
	ctx := t.Context()
	w.cacheA("one")
	slots := cache.Slots(w.dir)
	for _, anew := range []struct {
		name    string
		handles []uint32
	}{
		{"pin_fail", []uint32{slots.Indices.PinFail}},
		{"pin_pass", []uint32{slots.Indices.PinPass}},
		{"counter", []uint32{slots.Indices.Counter}},
	} {
		if err := w.chip.Remove(ctx, anew.handles, nil); err != nil {
			t.Fatal(err)
		}
		w.refuses(vault.OtherMachine, cache.Foreign)
		if err := w.chip.Provision(ctx, slots, nil); err != nil {
			t.Fatal(err)
		}
		w.refuses(vault.OtherMachine, cache.Foreign)
	}
	// The server permits no second first write, and nothing lower comes by itself.
	if err := w.tryA("two"); !errors.Is(err, errRefused) {
		t.Errorf("Prepare: %v", err)
	}
	w.a = nil
	if err := w.tryA("two"); !errors.Is(err, vault.LevelTooLow) {
		t.Errorf("Prepare that does not ask for A: %v", err)
	}
	// Given up by somebody who is signed in, it is made anew under another name.
	was := w.last.Cache
	if err := w.store().GiveUpA(ctx, cache.GivingUp{Anyway: true}); err != nil {
		t.Fatal(err)
	}
	w.a = &cache.LevelA{Server: w.authority, Tries: testTries}
	w.cacheA("three")
	w.opens("three")
	if w.last.Cache == was || w.last.Indices.PinPass != 0 {
		t.Errorf("planned anew as %+v", w.last.Indices)
	}
}

// TestExchangedBetweenCaches puts record and slots of one cache beside another.
func TestExchangedBetweenCaches(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	other := *w.world
	other.dir = filepath.Join(t.TempDir(), "other")
	second := &worldA{world: &other, chip: w.chip, authority: w.authority}
	second.cacheA("theirs")
	mine, theirs := cache.Slots(w.dir), cache.Slots(second.dir)

	t.Run("the file", func(*testing.T) {
		mixed := w.copied()
		mixed.write("cache.kdbx", second.read("cache.kdbx"))
		mixed.refuses(vault.Damaged, cache.Damaged)
	})
	for _, tt := range []struct {
		name string
		put  func(*binding.Slots)
	}{
		{"counter", func(s *binding.Slots) {
			s.Indices.Counter, s.CounterAuth = theirs.Indices.Counter, theirs.CounterAuth
		}},
		{"pin_fail", func(s *binding.Slots) { s.Indices.PinFail = theirs.Indices.PinFail }},
		{"pin_pass", func(s *binding.Slots) {
			s.Indices.PinPass, s.PinPassAuth = theirs.Indices.PinPass, theirs.PinPassAuth
		}},
		{"counter's value", func(s *binding.Slots) { s.CounterAuth = theirs.CounterAuth }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mixed := w.copied()
			slots := mine
			tt.put(&slots)
			if err := cache.SetSlots(mixed.dir, slots); err != nil {
				t.Fatal(err)
			}
			mixed.refuses(vault.Damaged, cache.Damaged)
			// And a file that agrees with it, as whoever can write both makes one.
			if err := cache.ForgeSlots(mixed.dir, slots); err != nil {
				t.Fatal(err)
			}
			mixed.refuses(vault.Damaged, cache.Damaged)
		})
	}
	w.opens("one")
	second.opens("theirs")
}

// TestOpensOfLevelA are counted by the chip, after the journal.
func TestOpensOfLevelA(t *testing.T) {
	w := newWorldA(t)
	ctx := t.Context()
	w.a.Opens = 2
	w.cacheA("one")
	kept := w.copied()
	for _, there := range []*worldA{w, kept} {
		if got := there.title(); got != "one" {
			t.Errorf("opened %q", got)
		}
	}
	w.refuses(vault.Expired, cache.Expired)
	if v := w.status().Verdict; v.EndedBy != lease.EndedByOpens || !v.Hard {
		t.Errorf("ended by %+v", v)
	}
	kept.copied().refuses(vault.Expired, cache.Expired)
	if err := w.store().Refill(ctx, *w.a); err != nil {
		t.Fatal(err)
	}
	w.opens("one")
	opens, err := w.indexed().Opens(ctx)
	if err != nil || opens.Used != 3 || opens.Limit != 4 {
		t.Errorf("openings %+v, %v", opens, err)
	}
	// What a client would lose is seen: the chip has more than this journal.
	if events, err := w.store().Unsent(ctx, 10); err != nil || len(events) != 2 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// TestJournalBeforeOpening opens nothing, and counts nothing, while the journal
// takes nothing.
func TestJournalBeforeOpening(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	w.opens("one")
	var noted uint32
	w.world.indices = watchedProvisioner{provisioner{w.chip}, func() {
		events, err := w.store().Unsent(context.Background(), 10)
		if err != nil {
			t.Error(err)
		}
		noted = uint32(len(events))
	}}
	w.opens("one")
	if noted != 2 {
		t.Errorf("%d events when the chip was asked for the secret, want 2", noted)
	}
	opens, err := w.indexed().Opens(t.Context())
	if err != nil || opens.Used != 2 {
		t.Errorf("openings %+v, %v", opens, err)
	}
}

// watchedProvisioner tells when the chip is about to give the secret.
type watchedProvisioner struct {
	provisioner
	before func()
}

func (p watchedProvisioner) With(s binding.Slots) (cache.Indexed, error) {
	x, err := p.WithIndices(s)
	return watchedChip{x, p.before}, err
}

type watchedChip struct {
	*tpm.Indexed
	before func()
}

func (c watchedChip) Unseal(ctx context.Context, use binding.SealedUse) ([]byte, error) {
	if use.BeforeOpen == nil {
		return nil, errors.New("nothing is written down before the opening")
	}
	note := use.BeforeOpen
	use.BeforeOpen = func() error {
		err := note()
		c.before()
		return err
	}
	return c.Indexed.Unseal(ctx, use)
}
