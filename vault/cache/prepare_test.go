package cache_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// TestGenerationsAreNotReused wants a new number for every Prepare, whatever
// became of the one before.
func TestGenerationsAreNotReused(t *testing.T) {
	w := newWorld(t)
	var seen []uint64
	for range 3 {
		p, err := w.store().Prepare(context.Background(), w.request())
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, p.Declaration().Generation)
		p.Discard()
		p.Discard()
		if _, err := p.Commit(context.Background(), content("x"), ""); err == nil {
			t.Fatal("Commit after Discard")
		}
	}
	w.cache(content("one"), nil)
	seen = append(seen, w.last.Generation)
	for i, n := range seen {
		if n != uint64(i+1) {
			t.Fatalf("generations %v", seen)
		}
	}
	if err := w.store().Clear(context.Background(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	w.cache(content("two"), nil)
	if w.last.Generation != 5 {
		t.Errorf("generation %d after a wipe, want 5", w.last.Generation)
	}
}

// TestOneGenerationAtATime must not let two write into one file.
func TestOneGenerationAtATime(t *testing.T) {
	w := newWorld(t)
	s := w.store()
	p, err := s.Prepare(context.Background(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prepare(context.Background(), w.request()); !errors.Is(err, vault.Busy) {
		t.Errorf("a second Prepare: %v", err)
	}
	p.Discard()
	if p, err = s.Prepare(context.Background(), w.request()); err != nil {
		t.Fatal(err)
	}
	p.Discard()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestFromAnOpenCache(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	s := w.store()
	o, err := s.Unlock(context.Background(), cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		t.Fatal(err)
	}
	r := w.request()
	r.Password, r.From = vault.Secret{}, o
	p, err := s.Prepare(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(context.Background(), content("two"), w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil)); err != nil {
		t.Fatal(err)
	}
	if got := o.Content().Root.Entries[0].Title(); got != "one" {
		t.Errorf("the open cache shows %q", got)
	}
	o.Close()
	w.opens("two")
}
