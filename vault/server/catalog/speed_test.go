package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

// bulk returns content with n entries in folders of 50, the fields of the
// length that people's have.
func bulk(n int) *vault.Content {
	root := &vault.Group{Name: "bulk"}
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		if i%50 == 0 {
			root.Groups = append(root.Groups, &vault.Group{ID: vault.NewID(), Name: fmt.Sprint("folder ", i/50)})
		}
		e := newEntry(fmt.Sprint("entry ", i))
		e.ID = vault.NewID()
		e.Set(vault.FieldNotes, vault.SecretText(strings.Repeat(fmt.Sprintf("line %d of the notes\n", i), 12)), false)
		e.Times = vault.Times{Created: at, Modified: at, Accessed: at, LocationChanged: at}
		e.Tags = []string{"prod", fmt.Sprint("tag", i%7)}
		g := root.Groups[len(root.Groups)-1]
		g.Entries = append(g.Entries, e)
	}
	return &vault.Content{Root: root}
}

func BenchmarkImport(b *testing.B) {
	content := bulk(10000)
	s := newServer(b)
	b.ResetTimer()
	for b.Loop() {
		done, err := s.Import(ctx, s.op, "/Bulk", content)
		s.must(err)
		if done.Entries != 10000 {
			b.Fatal(done)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/10000, "µs/entry")
}

// BenchmarkPackage is the server's part of Disconnect/Cache of 10,000 entries:
// decide, record, read and open; the audit insert is in "whole".
func BenchmarkPackage(b *testing.B) {
	s := newServer(b)
	_, err := s.Import(ctx, s.op, "/Bulk", bulk(10000))
	s.must(err)
	ann := s.user("ann")
	s.grant("ann", "/Bulk", "Read-Only + Offline", time.Time{})
	d := s.device(ann)
	cache := vault.NewID()
	_, err = s.Search(ctx, ann, "warm") // builds the index
	s.must(err)
	drain := func(p *catalog.Package) {
		n := 0
		for e, err := range p.Entries(ctx) {
			s.must(err)
			n += len(e.Entry.Fields)
		}
		if p.Count != 10000 || n < 10000 {
			b.Fatalf("%d entries, %d fields", p.Count, n)
		}
	}
	generation := uint64(0)
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			generation++
			p, err := s.Package(ctx, ann, request(d, cache, generation))
			s.must(err)
			drain(p)
			p.Close()
		}
	})
	generation++
	p, err := s.Package(ctx, ann, request(d, cache, generation))
	s.must(err)
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			drain(p)
		}
	})
	b.Run("dry run", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			run, err := s.DryRun(ctx, ann, vault.ID{})
			s.must(err)
			if run.Cached != 10000 {
				b.Fatal(run.Cached)
			}
		}
	})
	b.Run("tree", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := s.Tree(ctx, ann, catalog.TreeQuery{Depth: -1})
			s.must(err)
		}
	})
	b.Run("search", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, err := s.Search(ctx, ann, "line 4711 of")
			s.must(err)
			if len(r.Entries) != 1 {
				b.Fatal(len(r.Entries))
			}
		}
	})
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			c, err := catalog.Open(ctx, s.config())
			s.must(err)
			_, err = c.Search(ctx, ann, "entry 1")
			s.must(err)
		}
	})
}
