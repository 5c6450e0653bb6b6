package storetest

import (
	"errors"
	"iter"
	"sync"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func testRevisions(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	role := store.Role{ID: vault.NewID(), Name: "staff", Created: at(0)}
	key := store.DataKey{ID: vault.NewID(), Purpose: 1, Wrapped: []byte{1}, Created: at(0)}
	sub := newFolder(b.root.ID)
	for _, c := range []struct {
		name string
		want store.Revision // the steps
		run  func(store.Tx) error
	}{
		{"nothing", store.Revision{}, func(store.Tx) error { return nil }},
		{"reading", store.Revision{}, func(tx store.Tx) error { _, err := tx.User(ctx, b.user.ID); return err }},
		{"entry", store.Revision{Rev: 1}, func(tx store.Tx) error {
			return tx.AddEntries(ctx, []store.Entry{newEntry(b.root.ID), newEntry(b.root.ID)})
		}},
		{"many entries", store.Revision{Rev: 1}, func(tx store.Tx) error {
			list := make([]store.Entry, 2000)
			for i := range list {
				list[i] = newEntry(b.root.ID)
			}
			return errors.Join(
				tx.AddEntries(ctx, []store.Entry{newEntry(b.root.ID)}),
				tx.AddEntries(ctx, list),
				tx.AddEntries(ctx, []store.Entry{newEntry(b.root.ID)}))
		}},
		{"folder", store.Revision{Rev: 1, Perm: 1}, func(tx store.Tx) error {
			return tx.AddFolders(ctx, []store.Folder{sub})
		}},
		{"delete folder", store.Revision{Rev: 1, Perm: 1}, func(tx store.Tx) error {
			return tx.DeleteFolder(ctx, sub.ID)
		}},
		{"role", store.Revision{Perm: 1}, func(tx store.Tx) error { return tx.AddRole(ctx, role) }},
		{"user", store.Revision{Perm: 1}, func(tx store.Tx) error { return tx.UpdateUser(ctx, b.user) }},
		{"sign-in", store.Revision{}, func(tx store.Tx) error {
			return tx.RecordSignIn(ctx, store.SignIn{User: b.user.ID})
		}},
		{"setting", store.Revision{Gov: 1}, func(tx store.Tx) error {
			return tx.PutSetting(ctx, store.Setting{Name: "x", At: at(0)})
		}},
		{"mark", store.Revision{}, func(tx store.Tx) error { return tx.PutMeta(ctx, "x", nil) }},
		{"device", store.Revision{Gov: 1}, func(tx store.Tx) error { return tx.UpdateDevice(ctx, b.device) }},
		{"lease", store.Revision{}, func(tx store.Tx) error {
			return tx.AddLease(ctx, store.Lease{ID: vault.NewID(), Device: b.device.ID, Seq: 1, Issued: at(0), Expires: at(1)})
		}},
		{"data key", store.Revision{Gov: 1}, func(tx store.Tx) error { return tx.AddDataKey(ctx, key) }},
		{"key uses", store.Revision{}, func(tx store.Tx) error { return tx.AddKeyUses(ctx, key.ID, 1) }},
		{"audit", store.Revision{Audit: 2}, func(tx store.Tx) error {
			_, err1 := tx.AppendAudit(ctx, store.AuditEvent{At: at(0)})
			_, err2 := tx.AppendAudit(ctx, store.AuditEvent{At: at(0)})
			return errors.Join(err1, err2)
		}},
		{"everything", store.Revision{Rev: 1, Perm: 1, Gov: 1, Audit: 1}, func(tx store.Tx) error {
			_, err := tx.AppendAudit(ctx, store.AuditEvent{At: at(0)})
			return errors.Join(err, tx.AddEntries(ctx, []store.Entry{newEntry(b.root.ID)}),
				tx.UpdateUser(ctx, b.user), tx.UpdateDevice(ctx, b.device))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := s.Revision(ctx)
			if err != nil {
				t.Fatal(err)
			}
			update(t, s, c.run)
			after, err := s.Revision(ctx)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "steps", store.Revision{
				Rev: after.Rev - before.Rev, Perm: after.Perm - before.Perm,
				Gov: after.Gov - before.Gov, Audit: after.Audit - before.Audit,
			}, c.want)
		})
	}
	// No row is left unmarked.
	for e, err := range allEntries(t, s) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Rev == 0 {
			t.Errorf("entry %s has no revision", e.ID)
		}
	}
	verifyChain(t, s)
}

// allEntries reads all entries first, so that the loop may use the store.
func allEntries(t *testing.T, s store.Store) iter.Seq2[store.Entry, error] {
	rows := collected(t, s, func(r store.Reader) iter.Seq2[store.Entry, error] {
		return r.Entries(t.Context(), store.EntryQuery{Archived: true, Bare: true})
	})
	return func(yield func(store.Entry, error) bool) {
		for _, e := range rows {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func testReopen(t *testing.T, g Target) {
	ctx := t.Context()
	target := g.Fresh(t)
	// Several processes start at once on an empty database.
	const n = 8
	stores := make([]store.Store, n)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() {
			var err error
			if stores[i], err = g.Open(ctx, target); err != nil {
				t.Errorf("open: %v", err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	b := newBase(t, stores[0])
	for _, s := range stores {
		same(t, "entries", read(t, s, func(r store.Reader) (store.Counts, error) { return r.Counts(ctx) }).Entries, 1)
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	// Opening again changes nothing.
	for range 2 {
		s := g.openAt(t, target)
		read(t, s, func(r store.Reader) (store.Entry, error) { return r.Entry(ctx, b.entry.ID) })
		rev, err := s.Revision(ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "revision", rev, store.Revision{Rev: 1, Perm: 1, Gov: 1})
	}
}

func testClose(t *testing.T, g Target) {
	ctx := t.Context()
	s, err := g.Open(ctx, g.Fresh(t))
	if err != nil {
		t.Fatal(err)
	}
	inside, release, closed := make(chan struct{}), make(chan struct{}), make(chan error)
	finished := make(chan error)
	go func() {
		finished <- s.Update(ctx, func(tx store.Tx) error {
			close(inside)
			<-release
			return tx.AddUser(ctx, newUser("alice"))
		})
	}()
	<-inside
	go func() { closed <- s.Close() }()
	close(release)
	if err := <-finished; err != nil {
		t.Errorf("update during close: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if err := s.View(ctx, func(store.Reader) error { return nil }); err == nil {
		t.Error("a closed store answered")
	}
	if _, err := s.Revision(ctx); err == nil {
		t.Error("a closed store answered")
	}
}
