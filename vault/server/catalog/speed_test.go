package catalog_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
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
// decide, record, read and open. "first" is a device's first cache, "renewed" a
// later one, "unrecorded" the same without what the audit and the list of
// holdings write, "open" only what happens while it is sent. What counts is
// cpu-ms/op, of the whole process with its garbage collector: others load the
// machine.
func BenchmarkPackage(b *testing.B) {
	for name, held := range map[string]int64{"": 0, "nothing held: ": -1} {
		s := newServer(b)
		_, err := s.Import(ctx, s.op, "/Bulk", bulk(10000))
		s.must(err)
		s.user("ann")
		s.grant("ann", "/Bulk", "Read-Only + Offline", time.Time{})
		conf := s.config()
		conf.Held = held
		s.Catalog, err = catalog.Open(ctx, conf)
		s.must(err)
		benchPackage(b, s, name)
	}
}

func benchPackage(b *testing.B, s *server, name string) {
	ann := s.signIn("ann")
	d := s.device(ann)
	cache := vault.NewID()
	drain := func(p *catalog.Package) {
		n := 0
		for e, err := range p.Entries(ctx) {
			if err != nil {
				b.Fatal(err)
			}
			n += len(e.Entry.Fields)
		}
		if p.Count != 10000 || n < 10000 {
			b.Fatalf("%d entries, %d fields", p.Count, n)
		}
	}
	generation := uint64(0)
	send := func(c *catalog.Catalog) *catalog.Package {
		generation++
		p, err := c.Package(ctx, ann, request(d, cache, generation))
		s.must(err)
		drain(p)
		return p
	}
	send(s.Catalog).Close() // builds the index
	b.Run(name+"first", func(b *testing.B) {
		cpu := measure(b)
		for b.Loop() {
			cpu.pause()
			s.must(s.Cleared(ctx, d.ID, generation))
			cpu.resume()
			send(s.Catalog).Close()
		}
	})
	b.Run(name+"renewed", func(b *testing.B) {
		measure(b)
		for b.Loop() {
			send(s.Catalog).Close()
		}
	})
	b.Run(name+"unrecorded", func(b *testing.B) {
		conf := s.config()
		conf.Store = unrecorded{s.db}
		if name != "" {
			conf.Held = -1
		}
		c, err := catalog.Open(ctx, conf)
		s.must(err)
		send(c).Close()
		measure(b)
		for b.Loop() {
			send(c).Close()
		}
	})
	p := send(s.Catalog)
	b.Run(name+"open", func(b *testing.B) {
		measure(b)
		for b.Loop() {
			drain(p)
		}
	})
}

// meter reports the CPU time of a benchmark.
type meter struct {
	b            *testing.B
	since, spent time.Duration
}

func measure(b *testing.B) *meter {
	b.ReportAllocs()
	m := &meter{b: b, since: cpuTime()}
	b.Cleanup(func() {
		m.spent += cpuTime() - m.since
		b.ReportMetric(float64(m.spent.Microseconds())/1000/float64(b.N), "cpu-ms/op")
	})
	return m
}

func (m *meter) pause() {
	m.b.StopTimer()
	m.spent += cpuTime() - m.since
}

func (m *meter) resume() {
	m.since = cpuTime()
	m.b.StartTimer()
}

// unrecorded leaves out what grows with the number of entries: the objects of
// audit events, and holdings.
type unrecorded struct{ store.Store }

func (u unrecorded) Update(ctx context.Context, fn func(store.Tx) error) error {
	return u.Store.Update(ctx, func(tx store.Tx) error { return fn(unrecordedTx{tx}) })
}

type unrecordedTx struct{ store.Tx }

func (t unrecordedTx) AppendAudit(ctx context.Context, e store.AuditEvent) (vault.ID, error) {
	e.Objects = nil
	return t.Tx.AppendAudit(ctx, e)
}

func (t unrecordedTx) Holdings(context.Context, store.HoldingQuery) iter.Seq2[store.Holding, error] {
	return func(func(store.Holding, error) bool) {}
}

func (t unrecordedTx) PutHoldings(context.Context, []store.Holding) error { return nil }

// BenchmarkRead is what clients ask for between packages, of 10,000 entries.
func BenchmarkRead(b *testing.B) {
	s := newServer(b)
	_, err := s.Import(ctx, s.op, "/Bulk", bulk(10000))
	s.must(err)
	ann := s.user("ann")
	s.grant("ann", "/Bulk", "Read-Only + Offline", time.Time{})
	_, err = s.Search(ctx, ann, "warm") // builds the index
	s.must(err)
	b.Run("me", func(b *testing.B) {
		measure(b)
		for b.Loop() {
			me, err := s.Me(ctx, ann)
			s.must(err)
			if me.OfflineEntries != 10000 {
				b.Fatal(me.OfflineEntries)
			}
		}
	})
	b.Run("dry run", func(b *testing.B) {
		measure(b)
		for b.Loop() {
			run, err := s.DryRun(ctx, ann, vault.ID{})
			s.must(err)
			if run.Cached != 10000 {
				b.Fatal(run.Cached)
			}
		}
	})
	b.Run("tree", func(b *testing.B) {
		measure(b)
		for b.Loop() {
			_, err := s.Tree(ctx, ann, catalog.TreeQuery{Depth: -1})
			s.must(err)
		}
	})
	b.Run("search", func(b *testing.B) {
		measure(b)
		for b.Loop() {
			r, err := s.Search(ctx, ann, "line 4711 of")
			s.must(err)
			if len(r.Entries) != 1 {
				b.Fatal(len(r.Entries))
			}
		}
	})
	b.Run("index", func(b *testing.B) {
		measure(b)
		for b.Loop() {
			c, err := catalog.Open(ctx, s.config())
			s.must(err)
			_, err = c.Search(ctx, ann, "entry 1")
			s.must(err)
		}
	})
}
