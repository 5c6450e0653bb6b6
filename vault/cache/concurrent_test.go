package cache_test

import (
	"context"
	"sync"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/cache"
)

// TestConcurrentUse does at once what a running program may do at once: the
// screen reads and journals, the governance channel renews, uploads and
// learns, and a new generation is made from the open one.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.cache(content("one"), nil)
	s := w.store()
	o, err := s.Unlock(ctx, cache.UnlockRequest{Password: secret(master)})
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for range 3 {
		tokens = append(tokens, w.server.issue(t, w.device, w.last, 1, w.now, nil))
	}
	trust := w.server.trust(t)
	request := w.request()
	request.Password, request.From = vault.Secret{}, o
	p, err := s.Prepare(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	next := w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil)

	var all sync.WaitGroup
	try := func(what string, f func(i int) error) {
		all.Go(func() {
			for i := range 3 {
				if err := f(i); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	try("append", func(int) error { return o.Append(ctx, audit.Event{Type: audit.Reveal}) })
	try("judge", func(int) error { _, err := o.Judge(ctx); return err })
	try("status", func(int) error { _, err := s.Status(ctx); return err })
	try("unsent", func(int) error { _, err := s.Unsent(ctx, 10); return err })
	try("learn", func(i int) error {
		trust := trust
		trust.Time = w.now.AddDate(0, 0, i)
		return s.Learn(ctx, trust)
	})
	try("overlay", func(int) error {
		return o.SaveOverlay(ctx, []cache.Edit{{Op: cache.Removed, ID: vault.NewID(), At: w.now}})
	})
	try("renew", func(i int) error { _, err := s.Renew(ctx, tokens[i]); return err })
	all.Wait()
	try("append", func(int) error { return o.Append(ctx, audit.Event{Type: audit.Copy}) })
	try("status", func(int) error { _, err := s.Status(ctx); return err })
	all.Go(func() {
		if _, err := p.Commit(ctx, content("two"), next); err != nil {
			t.Errorf("commit: %v", err)
		}
	})
	all.Wait()
	o.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	w.opens("two")
	if st := w.status(); st.JournalEvents != 8 || st.OverlayEdits != 0 {
		t.Errorf("%d events, %d edits", st.JournalEvents, st.OverlayEdits)
	}
}
