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
)

// fault is a step of the chip at which the process dies.
type fault string

const (
	beforeRehearse fault = "before rehearse"
	beforeCommit   fault = "before the first step of a commit"
	withinCommit   fault = "between two steps of a commit"
	afterCommit    fault = "after the last step of a commit"
	beforeWipe     fault = "before the first step of a wipe"
	withinWipe     fault = "between two steps of a wipe"
	afterWipe      fault = "after the last step of a wipe"
)

// mortalChip dies at a fault, and the disk with it.
type mortalChip struct {
	provisioner
	at   fault
	disk *mortalDisk
}

func (p mortalChip) With(s binding.Slots) (cache.Indexed, error) {
	x, err := p.WithIndices(s)
	return mortalIndexed{x, p}, err
}

type mortalIndexed struct {
	*tpm.Indexed
	p mortalChip
}

func (c mortalIndexed) die(at fault) bool {
	if c.p.at != at && !c.p.disk.dead {
		return false
	}
	c.p.disk.left = 0
	c.p.disk.step()
	return true
}

func (c mortalIndexed) Rehearse(ctx context.Context, use binding.SealedUse) error {
	if c.die(beforeRehearse) {
		return errDead
	}
	return c.Indexed.Rehearse(ctx, use)
}

func (c mortalIndexed) Commit(ctx context.Context, n uint64) error {
	if c.die(beforeCommit) {
		return errDead
	}
	if c.p.at == withinCommit {
		if err := c.Indexed.Commit(ctx, n-1); err != nil {
			return err
		}
		c.die(withinCommit)
		return errDead
	}
	if err := c.Indexed.Commit(ctx, n); err != nil {
		return err
	}
	if c.die(afterCommit) {
		return errDead
	}
	return nil
}

func (c mortalIndexed) Wipe(ctx context.Context, highest uint64) (uint64, error) {
	if c.die(beforeWipe) {
		return 0, errDead
	}
	if c.p.at == withinWipe {
		at, err := c.Counter(ctx)
		if err == nil {
			err = c.Indexed.Commit(ctx, at+1)
		}
		if err != nil {
			return 0, err
		}
		c.die(withinWipe)
		return 0, errDead
	}
	at, err := c.Indexed.Wipe(ctx, highest)
	if err == nil && c.die(afterWipe) {
		return 0, errDead
	}
	return at, err
}

// dying runs act with a process that dies at a fault of the chip.
func (w *worldA) dying(at fault, powerCut bool, act func() error) error {
	w.at = at
	err := w.mortal(&mortalDisk{left: -1, powerCut: powerCut}, act)
	w.at = ""
	if powerCut {
		w.machine.PowerCut()
	}
	return err
}

// mortal runs act with a process that dies with d.
func (w *worldA) mortal(d *mortalDisk, act func() error) error {
	w.disk, w.indices = d, mortalChip{provisioner{w.chip}, w.at, d}
	defer func() { w.disk, w.indices = nil, provisioner{w.chip} }()
	return act()
}

// TestCommitOfLevelADiesInTheChip dies at every step of the chip, where what
// opens is decided.
func TestCommitOfLevelADiesInTheChip(t *testing.T) {
	w := newWorldA(t)
	for _, tt := range []struct {
		at   fault
		want string
	}{{beforeRehearse, "old"}, {beforeCommit, "old"}, {withinCommit, "new"}, {afterCommit, "new"}} {
		for _, powerCut := range []bool{false, true} {
			if powerCut && tt.want == "old" {
				continue // nothing has happened in the chip
			}
			w.cacheA("old")
			w.giveUp() // so that a commit has two steps
			before := w.copied()
			if err := w.dying(tt.at, powerCut, func() error { return w.tryA("new") }); !errors.Is(err, errDead) {
				t.Fatalf("%s: Commit: %v", tt.at, err)
			}
			if st := w.status(); st.State != cache.Usable { // also between two steps, where it goes on
				t.Errorf("%s: %s (%v)", tt.at, st.State, st.Problem)
			}
			if got := w.title(); got != tt.want {
				t.Errorf("%s, power cut %t: opened %q, want %q", tt.at, powerCut, got, tt.want)
			}
			if fileExists(w.file("cache.kdbx.new")) {
				t.Errorf("%s: cache.kdbx.new is left", tt.at)
			}
			if tt.want == "new" {
				before.refuses(vault.Superseded, cache.Superseded)
			}
		}
	}
}

// TestCommitOfLevelADiesAtEveryStep goes on from what each death has left: the
// counter never goes back.
func TestCommitOfLevelADiesAtEveryStep(t *testing.T) {
	w := newWorldA(t)
	w.a.Opens = 0 // each run opens
	w.cacheA("one")
	was, title := map[bool]int{}, "one"
	for step := 0; ; step++ {
		d := &mortalDisk{left: step, powerCut: step%2 == 1}
		next := title + "'"
		if len(next) > 12 {
			next = "one"
		}
		before := w.read("cache.kdbx")
		err := w.mortal(d, func() error { return w.tryA(next) })
		got := title
		if step == 0 || !w.stillOpens(before) {
			got = w.title()
		}
		if got != title && got != next || err == nil && got != next {
			t.Fatalf("died at step %d (%v): opened %q, before %q", step, err, got, title)
		}
		was[got == next], title = was[got == next]+1, got
		if fileExists(w.file("cache.kdbx.new")) {
			t.Errorf("step %d: cache.kdbx.new is left", step)
		}
		if !d.dead {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if was[true] < 2 || was[false] < 2 {
		t.Errorf("the next %d times, the old %d times: not both sides of the commit point were seen", was[true], was[false])
	}
}

// TestCommitGoesOnWithoutTheOldFile dies between two steps, and what was in place
// is lost then, or an older one: where the counter was left tells the client state.
func TestCommitGoesOnWithoutTheOldFile(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("older")
	older := w.read("cache.kdbx")
	for name, lose := range map[string]func() error{
		"lost":         func() error { return os.Remove(w.file("cache.kdbx")) },
		"damaged":      func() error { return os.WriteFile(w.file("cache.kdbx"), []byte("nothing"), 0o600) },
		"an older one": func() error { return os.WriteFile(w.file("cache.kdbx"), older, 0o600) },
	} {
		w.cacheA("old")
		w.giveUp()
		if err := w.dying(withinCommit, false, func() error { return w.tryA("new") }); !errors.Is(err, errDead) {
			t.Fatalf("%s: Commit: %v", name, err)
		}
		w.must(lose())
		if got := w.title(); got != "new" {
			t.Errorf("%s: opened %q", name, got)
		}
		// Where the commit had not begun, nothing that is lost makes one of it.
		w.cacheA("old")
		w.giveUp()
		if err := w.dying(beforeCommit, false, func() error { return w.tryA("new") }); !errors.Is(err, errDead) {
			t.Fatalf("%s: Commit: %v", name, err)
		}
		w.must(lose())
		at := w.counter()
		if o, err := w.unlock(master); err == nil {
			o.Close()
			t.Errorf("%s: opens, and nothing was committed", name)
		}
		if w.counter() != at || fileExists(w.file("cache.kdbx.new")) {
			t.Errorf("%s: the counter is at %d, was at %d", name, w.counter(), at)
		}
	}
}

// TestCommitBesideLevelBHasNotBegun: a new counter starts above what any before it
// was at, and so above the generation of level B that is in place.
func TestCommitBesideLevelBHasNotBegun(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("of before")
	w.giveUp()
	w.must(w.store().Clear(t.Context(), cache.ByUser))
	w.must(w.store().GiveUpA(t.Context(), cache.GivingUp{Anyway: true}))
	w.dir = filepath.Join(t.TempDir(), "another")
	a := w.a
	w.a = nil
	w.cache(content("old"), nil)
	w.a = a
	if err := w.dying(beforeCommit, false, func() error { return w.tryA("new") }); !errors.Is(err, errDead) {
		t.Fatalf("Commit: %v", err)
	}
	if at, n := w.counter(), w.last.Generation; at <= 1 || at >= n {
		t.Fatalf("the counter starts at %d, generation %d is made", at, n)
	}
	if got := w.title(); got != "old" || fileExists(w.file("cache.kdbx.new")) {
		t.Errorf("opened %q", got)
	}
}

// TestFirstCommitOfLevelADies has nothing to fall back to.
func TestFirstCommitOfLevelADies(t *testing.T) {
	w := newWorldA(t)
	for _, at := range []fault{beforeCommit, withinCommit, afterCommit} {
		err := w.dying(at, false, func() error { return w.tryA("one") })
		if !errors.Is(err, errDead) {
			t.Fatalf("%s: %v", at, err)
		}
		o, err := w.unlock(master)
		if err == nil {
			o.Close()
		}
		if at == afterCommit && err != nil || at != afterCommit && !errors.Is(err, vault.NoCache) {
			t.Errorf("%s: Unlock: %v", at, err)
		}
	}
	w.opens("one")
}

// TestWipeOfLevelADies dies at every step of a wipe, in the chip and on disk:
// what was marked is finished by the next start, copies elsewhere included.
func TestWipeOfLevelADies(t *testing.T) {
	w := newWorldA(t)
	w.a.Opens = 0
	wipe := func() error { return w.store().Clear(context.Background(), cache.ByOrder) }
	after := func(name string, kept *worldA, lived bool) {
		t.Helper()
		if w.stillOpens(kept.read("cache.kdbx")) {
			if lived {
				t.Errorf("%s: opens after Clear has returned", name)
			}
			return
		}
		o, err := w.unlock(master)
		if err == nil {
			o.Close()
		}
		if !errors.Is(err, vault.Wiped) {
			t.Errorf("%s: Unlock: %v", name, err)
		}
		if fileExists(w.file("cache.kdbx")) {
			t.Errorf("%s: the file is left", name)
		}
		kept.refuses(vault.Superseded, cache.Superseded)
	}
	for _, at := range []fault{beforeWipe, withinWipe, afterWipe} {
		w.cacheA("one")
		kept := w.copied()
		if err := w.dying(at, at == withinWipe, wipe); err == nil {
			t.Fatalf("%s: Clear has not noticed", at)
		}
		after(string(at), kept, true)
	}
	w.cacheA("one")
	for step := 0; ; step++ {
		if !fileExists(w.file("cache.kdbx")) {
			w.cacheA("one")
		}
		kept := w.copied()
		d := &mortalDisk{left: step, powerCut: step%2 == 0}
		err := w.mortal(d, wipe)
		after("disk", kept, err == nil)
		if t.Failed() {
			t.Fatalf("died at step %d: %v", step, err)
		}
		if !d.dead {
			break
		}
	}
}

// TestStatusFinishesTheWipe dies between the mark and the chip. Whoever sees that
// there is no cache opens nothing afterwards, so to look must be enough.
func TestStatusFinishesTheWipe(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	kept := w.copied()
	if err := w.dying(beforeWipe, false, func() error { return w.store().Clear(t.Context(), cache.ByUser) }); err == nil {
		t.Fatal("Clear has not noticed")
	}
	if _, err := w.store().Status(t.Context()); !errors.Is(err, vault.NoCache) {
		t.Errorf("Status: %v", err)
	}
	if fileExists(w.file("cache.kdbx")) {
		t.Error("the file is left")
	}
	kept.refuses(vault.Superseded, cache.Superseded)
}

// TestWipeOfLevelAWithout wipes where something is missing.
func TestWipeOfLevelAWithout(t *testing.T) {
	w := newWorldA(t)
	ctx := t.Context()
	wipe := func() error { return w.store().Clear(ctx, cache.ByUser) }
	for _, tt := range []struct {
		name string
		prep func()
		want vault.Cause // empty: no error
	}{
		{"the file moved away", func() {
			if err := os.Rename(w.file("cache.kdbx"), w.file("elsewhere")); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"the file damaged", func() { w.write("cache.kdbx", []byte("nothing")) }, ""},
		{"a disk that takes nothing", func() { w.disk = fullDisk{} }, vault.ReadOnly},
		{"the client state damaged", func() { w.write("client.json", []byte("{")) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.cacheA("one")
			kept := w.copied()
			tt.prep()
			err := wipe()
			w.disk = nil
			if tt.want == "" && err != nil || tt.want != "" && !errors.Is(err, tt.want) {
				t.Errorf("Clear: %v", err)
			}
			kept.refuses(vault.Superseded, cache.Superseded)
			if tt.want == vault.ReadOnly {
				w.refuses(vault.Superseded, cache.Superseded)
				if err := wipe(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}

	t.Run("the chip away", func(t *testing.T) {
		w.cacheA("one")
		kept := w.copied()
		w.indices = nil
		if err := wipe(); !errors.Is(err, vault.ChipMissing) {
			t.Errorf("Clear: %v", err)
		}
		if fileExists(w.file("cache.kdbx")) {
			t.Error("the file is left")
		}
		if err := wipe(); !errors.Is(err, vault.ChipMissing) {
			t.Errorf("Clear again: %v", err)
		}
		w.indices = provisioner{w.chip}
		if _, err := w.unlock(master); !errors.Is(err, vault.NoCache) {
			t.Errorf("Unlock: %v", err)
		}
		kept.refuses(vault.Superseded, cache.Superseded)
	})
	t.Run("the counter gone", func(t *testing.T) {
		w.cacheA("one")
		kept := w.copied()
		if err := w.chip.Remove(ctx, []uint32{cache.Slots(w.dir).Indices.Counter}, nil); err != nil {
			t.Fatal(err)
		}
		if err := wipe(); !errors.Is(err, vault.OtherMachine) {
			t.Errorf("Clear: %v", err)
		}
		if owed, err := w.store().ReceiptOwed(); owed || err != nil {
			t.Errorf("receipt owed: %t, %v", owed, err)
		}
		kept.refuses(vault.OtherMachine, cache.Foreign)
		w.cacheA("anew")
		w.opens("anew")
	})
}
