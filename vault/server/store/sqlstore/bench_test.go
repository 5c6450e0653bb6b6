package sqlstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

const benchEntries = 10_000

// bench runs fn on both databases, with 10,000 entries of 400 bytes.
func bench(b *testing.B, fn func(*testing.B, *sqlstore.Store, []store.Entry)) {
	ctx := context.Background()
	for _, c := range []struct{ name, target string }{
		{"sqlite", freshFile(b)},
		{"postgres", postgres.Fresh(b)},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, err := sqlstore.Open(ctx, c.target)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }() // the measurement is over
			root := store.Folder{ID: vault.NewID(), Version: 1, Created: time.UnixMilli(1)}
			entries := make([]store.Entry, benchEntries)
			for i := range entries {
				entries[i] = store.Entry{
					ID: vault.NewID(), Folder: root.ID, Version: 1, Created: time.UnixMilli(1),
					Content: store.Sealed{Key: root.ID, Data: make([]byte, 400)},
				}
			}
			err = s.Update(ctx, func(tx store.Tx) error {
				if old, err := tx.RootFolder(ctx); err == nil { // b.Run calls this more than once
					for i := range entries {
						entries[i].Folder = old.ID
					}
					return nil
				}
				if err := tx.AddFolders(ctx, []store.Folder{root}); err != nil {
					return err
				}
				return tx.AddEntries(ctx, entries)
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			fn(b, s, entries)
		})
	}
}

// BenchmarkEntries streams the entries of a package.
func BenchmarkEntries(b *testing.B) {
	ctx := context.Background()
	bench(b, func(b *testing.B, s *sqlstore.Store, entries []store.Entry) {
		q := store.EntryQuery{Folders: []vault.ID{entries[0].Folder}}
		for b.Loop() {
			n := 0
			err := s.View(ctx, func(r store.Reader) error {
				for _, err := range r.Entries(ctx, q) {
					if err != nil {
						return err
					}
					n++
				}
				return nil
			})
			if err != nil || n != benchEntries {
				b.Fatalf("got %d entries, %v", n, err)
			}
		}
	})
}

// BenchmarkRevision is what every server asks once a second.
func BenchmarkRevision(b *testing.B) {
	bench(b, func(b *testing.B, s *sqlstore.Store, _ []store.Entry) {
		for b.Loop() {
			if _, err := s.Revision(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkAudit writes the audit of a package of 10,000 passwords.
func BenchmarkAudit(b *testing.B) {
	ctx := context.Background()
	bench(b, func(b *testing.B, s *sqlstore.Store, entries []store.Entry) {
		objects := make([]store.AuditObject, len(entries))
		for i := range objects {
			objects[i] = store.AuditObject{Entry: entries[i].ID, Version: 1}
		}
		for b.Loop() {
			err := s.Update(ctx, func(tx store.Tx) error {
				_, err := tx.AppendAudit(ctx, store.AuditEvent{At: time.UnixMilli(1), Objects: objects})
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
