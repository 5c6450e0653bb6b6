package cache_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// TestWipeWithoutTheState: where the client state cannot be read nobody knows how
// many numbers were sealed and given up since the file in place. Two steps of the
// counter ended at the second of them, so that the wipe made a copy of it open.
func TestWipeWithoutTheState(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	w.giveUp()
	kept := w.keepNew("given up")
	there := w.copied()
	there.write("cache.kdbx.new", kept)
	w.write("client.json", []byte("{"))
	if err := w.store().Clear(t.Context(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	if o, err := there.unlock(master); err == nil {
		t.Errorf("%q opens after the wipe", o.Content().Root.Entries[0].Title())
		o.Close()
	} else if !errors.Is(err, vault.Superseded) {
		t.Errorf("Unlock: %v", err)
	}
}

// TestWipeOfASealedNumber: nothing was ever put in place, but a number was sealed,
// and whoever has a copy of what was being written could step the counter to it.
func TestWipeOfASealedNumber(t *testing.T) {
	w := newWorldA(t)
	p, err := w.store().Prepare(t.Context(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	n := p.Declaration().Generation
	p.Discard()
	if err := w.store().Clear(t.Context(), cache.ByOrder); err != nil {
		t.Errorf("Clear: %v", err)
	}
	if at := w.counter(); at <= n {
		t.Errorf("the counter is at %d, generation %d was sealed", at, n)
	}
	if err := w.store().Receipt(t.Context(), w.authority); err != nil || len(w.authority.receipts) != 1 {
		t.Errorf("Receipt: %v, %v", err, w.authority.receipts)
	}
	if err := w.store().Clear(t.Context(), cache.ByOrder); !errors.Is(err, vault.Wiped) { // and nothing since
		t.Errorf("Clear again: %v", err)
	}
	w.cacheA("one")
	w.opens("one")
}

// hookedProvisioner gives indices whose calls a test answers.
type hookedProvisioner struct {
	provisioner
	wipe    func(x *tpm.Indexed, highest uint64) (uint64, error)
	counter func(x *tpm.Indexed) (uint64, error)
}

func (p hookedProvisioner) With(s binding.Slots) (cache.Indexed, error) {
	x, err := p.WithIndices(s)
	return hookedIndexed{x, p}, err
}

type hookedIndexed struct {
	*tpm.Indexed
	p hookedProvisioner
}

func (x hookedIndexed) Wipe(ctx context.Context, highest uint64) (uint64, error) {
	if x.p.wipe == nil {
		return x.Indexed.Wipe(ctx, highest)
	}
	return x.p.wipe(x.Indexed, highest)
}

func (x hookedIndexed) Counter(ctx context.Context) (uint64, error) {
	if x.p.counter == nil {
		return x.Indexed.Counter(ctx)
	}
	return x.p.counter(x.Indexed)
}

// TestTwoWipesAtOnce are two that clear at the same time: what one has ended,
// slots included, the other finds gone.
func TestTwoWipesAtOnce(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	first, second, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var calls sync.Mutex
	arrived := 0
	w.indices = hookedProvisioner{provisioner: provisioner{w.chip}, wipe: func(x *tpm.Indexed, highest uint64) (uint64, error) {
		calls.Lock()
		arrived++
		n := arrived
		calls.Unlock()
		if n == 1 {
			close(first)
			<-second
			return 0, binding.ErrNoIndices // as the chip says whose owner has deleted them
		}
		close(second)
		<-ended
		return x.Wipe(context.Background(), highest)
	}}
	s := w.store()
	go func() {
		defer close(ended)
		if err := s.Clear(context.Background(), cache.ByUser); !errors.Is(err, vault.OtherMachine) {
			t.Errorf("the first: %v", err)
		}
	}()
	<-first
	if err := s.Clear(t.Context(), cache.ByUser); err != nil && !errors.Is(err, vault.NoCache) {
		t.Errorf("the second: %v", err)
	}
	w.indices = provisioner{w.chip}
	if _, err := w.unlock(master); !errors.Is(err, vault.NoCache) {
		t.Errorf("Unlock: %v", err)
	}
}

// TestClearedWhileRecovering clears between the look at the counter and the
// renaming of a commit that is being finished.
func TestClearedWhileRecovering(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	if err := w.dying(afterCommit, false, func() error { return w.tryA("two") }); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	disk := &keptDisk{}
	w.disk = disk
	asked := 0
	var s *cache.Store
	w.indices = hookedProvisioner{provisioner: provisioner{w.chip}, counter: func(x *tpm.Indexed) (uint64, error) {
		asked++
		if asked == 1 { // when the lock is taken: it is the next look that meets the clearing
			return 0, binding.ErrBusy
		}
		n, err := x.Counter(context.Background())
		if asked == 2 {
			disk.keeps = true
			if err := s.Clear(context.Background(), cache.ByUser); !errors.Is(err, vault.ReadOnly) {
				t.Errorf("Clear: %v", err)
			}
			disk.keeps = false
		}
		return n, err
	}}
	s = w.store()
	if p, err := s.Prepare(t.Context(), w.request()); err == nil {
		p.Discard()
	}
	if asked < 2 {
		t.Fatalf("the counter was asked for %d times", asked)
	}
	w.disk, w.indices = nil, provisioner{w.chip}
	if _, err := w.unlock(master); !errors.Is(err, vault.NoCache) {
		t.Errorf("Unlock: %v", err)
	}
	if fileExists(w.file("cache.kdbx")) {
		t.Error("what was wiped is in place")
	}
}

// keptDisk does not delete `.new` while it keeps.
type keptDisk struct {
	cache.SystemDisk
	keeps bool
}

func (d *keptDisk) Remove(path string) error {
	if d.keeps && filepath.Base(path) == "cache.kdbx.new" {
		return errors.New("not now")
	}
	return d.SystemDisk.Remove(path)
}
