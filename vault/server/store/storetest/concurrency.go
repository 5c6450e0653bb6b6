package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// writers is how many write at once in the races.
const writers = 16

// testFeed has many writers and one reader that follows the change feed: it must
// see every change, although transactions end in another order than they begin.
// With a sequence number in place of the counter it misses rows.
func testFeed(t *testing.T, g Target) {
	ctx := t.Context()
	target := g.Fresh(t)
	reading := g.openAt(t, target)
	b := newBase(t, reading)
	const each = 25
	var wg sync.WaitGroup
	var written sync.Map
	for w := range writers {
		s := reading
		if w%4 == 0 {
			s = g.openAt(t, target) // as if another process
		}
		wg.Go(func() {
			for i := range each {
				rows := make([]store.Entry, 1+(w+i)%5)
				if (w+i)%20 == 0 {
					rows = make([]store.Entry, 300) // takes the counter early
				}
				for j := range rows {
					rows[j] = newEntry(b.root.ID)
				}
				err := s.Update(ctx, func(tx store.Tx) error {
					if err := tx.AddEntries(ctx, rows); err != nil {
						return err
					}
					if i%3 == 0 {
						_, err := tx.AppendAudit(ctx, store.AuditEvent{At: at(i), Action: "add"})
						return err
					}
					return nil
				})
				if err != nil {
					t.Errorf("write: %v", err)
					return
				}
				for j := range rows {
					written.Store(rows[j].ID, true)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()

	seen := map[vault.ID]int64{}
	position := int64(1)
	follow := func() {
		err := reading.View(ctx, func(r store.Reader) error {
			rev, err := r.Revision(ctx)
			if err != nil {
				return err
			}
			for e, err := range r.Entries(ctx, store.EntryQuery{After: position, Bare: true}) {
				if err != nil {
					return err
				}
				if e.Rev <= position || e.Rev > rev.Rev {
					t.Errorf("got revision %d between %d and %d", e.Rev, position, rev.Rev)
				}
				if _, twice := seen[e.ID]; twice {
					t.Errorf("entry %s came twice", e.ID)
				}
				seen[e.ID] = e.Rev
			}
			position = rev.Rev
			return nil
		})
		if err != nil {
			t.Errorf("follow: %v", err)
		}
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		follow()
	}
	total, missed := 0, 0
	written.Range(func(id, _ any) bool {
		total++
		if seen[id.(vault.ID)] == 0 {
			missed++
		}
		return true
	})
	if missed > 0 || len(seen) != total {
		t.Errorf("missed %d of %d rows, saw %d", missed, total, len(seen))
	}
	rev, err := reading.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "revision", rev.Rev, writers*each+1)
	verifyChain(t, reading)
}

// race runs fn in many goroutines at once and counts those that succeed; any
// error that is not tolerated fails the test.
func race(t *testing.T, tolerated error, fn func(i int) error) int64 {
	t.Helper()
	var wg sync.WaitGroup
	var succeeded atomic.Int64
	start := make(chan struct{})
	for i := range writers {
		wg.Go(func() {
			<-start
			switch err := fn(i); {
			case err == nil:
				succeeded.Add(1)
			case tolerated == nil || !errors.Is(err, tolerated):
				t.Errorf("racer %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
	return succeeded.Load()
}

// testSpendOnce lets many use the same one-time code, nonce and version.
func testSpendOnce(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	f := store.Factor{ID: vault.NewID(), User: b.user.ID, Kind: store.FactorTOTP, Created: at(0)}
	update(t, s, func(tx store.Tx) error { return tx.AddFactor(ctx, f) })
	nonce := digest()
	for name, spend := range map[string]func(store.Tx) error{
		"code":  func(tx store.Tx) error { return tx.SpendFactor(ctx, f.ID, 7) },
		"nonce": func(tx store.Tx) error { return tx.Spend(ctx, nonce, at(1)) },
		"entry": func(tx store.Tx) error {
			e := b.entry
			e.Version = 2
			return tx.UpdateEntry(ctx, store.EntryUpdate{Entry: e, Base: 1, Keep: true})
		},
		"setting": func(tx store.Tx) error { return tx.PutSetting(ctx, store.Setting{Name: "epoch", At: at(0)}) },
	} {
		t.Run(name, func(t *testing.T) {
			won := race(t, store.ErrConflict, func(int) error { return s.Update(ctx, spend) })
			same(t, "winners", won, 1)
		})
	}
}

// testLeaseRace reads, decides and writes in many transactions at once: what was
// read must still hold when it is written.
func testLeaseRace(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	won := race(t, nil, func(int) error {
		return s.Update(ctx, func(tx store.Tx) error {
			d, err := tx.Device(ctx, b.device.ID)
			if err != nil {
				return err
			}
			_, err = tx.AppendAudit(ctx, store.AuditEvent{At: at(0), Action: "lease"})
			if err != nil {
				return err
			}
			return tx.AddLease(ctx, store.Lease{
				ID: vault.NewID(), Device: d.ID, Seq: d.LeaseSeq + 1, Issued: at(0), Expires: at(1),
			})
		})
	})
	same(t, "leases", won, writers)
	d := read(t, s, func(r store.Reader) (store.Device, error) { return r.Device(ctx, b.device.ID) })
	same(t, "last number", d.LeaseSeq, writers)
	verifyChain(t, s)

	// A setting that a transaction has read does not change until its end.
	update(t, s, func(tx store.Tx) error {
		return tx.PutSetting(ctx, store.Setting{Name: "offline", Value: []byte("on"), At: at(0)})
	})
	read, written := make(chan struct{}), make(chan error)
	update(t, s, func(tx store.Tx) error {
		if _, err := tx.Setting(ctx, "offline"); err != nil {
			return err
		}
		go func() {
			close(read)
			written <- s.Update(ctx, func(tx store.Tx) error {
				return tx.PutSetting(ctx, store.Setting{Name: "offline", Version: 1, Value: []byte("off"), At: at(1)})
			})
		}()
		<-read
		again, err := tx.Setting(ctx, "offline")
		same(t, "setting", string(again.Value), "on")
		return err
	})
	if err := <-written; err != nil {
		t.Errorf("write after the reader: %v", err)
	}
}

// importEntries is how many entries are imported in one transaction: many times
// more than any statement takes parameters (32,766 in SQLite, 65,535 in
// PostgreSQL). strangers makes the names of one deletion as many.
const importEntries, strangers = 8_000, 65_536

// testImport writes very many entries in one transaction and reads them back.
func testImport(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	const n, folders = importEntries, importEntries / 100
	tree := make([]store.Folder, folders)
	for i := range tree {
		tree[i] = newFolder(b.root.ID)
	}
	rows := make([]store.Entry, n)
	for i := range rows {
		rows[i] = newEntry(tree[i%folders].ID)
	}
	history := make([]store.HistoryEntry, n/10)
	for i := range history {
		history[i] = store.HistoryEntry{Entry: rows[i].ID, Version: 1, Content: sealed(), Modified: at(0)}
		rows[i].Version = 2
	}
	start := time.Now()
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddFolders(ctx, tree); err != nil {
			return err
		}
		if err := tx.AddEntries(ctx, rows); err != nil {
			return err
		}
		return tx.AddHistory(ctx, history)
	})
	t.Logf("imported %d entries in %v", n, time.Since(start))
	start = time.Now()
	got := 0
	view(t, s, func(r store.Reader) error {
		for e, err := range r.Entries(ctx, store.EntryQuery{}) {
			if err != nil {
				return err
			}
			if e.Content.Data == nil || e.Rev == 0 {
				t.Fatalf("entry %s has no content or revision", e.ID)
			}
			got++
		}
		return nil
	})
	t.Logf("read %d entries in %v", got, time.Since(start))
	same(t, "entries", got, n+1)
	ids := make([]vault.ID, 0, n+strangers)
	for i := range rows {
		ids = append(ids, rows[i].ID)
	}
	for range strangers {
		ids = append(ids, vault.NewID())
	}
	var deleted int64
	start = time.Now()
	update(t, s, func(tx store.Tx) (err error) {
		deleted, err = tx.DeleteEntries(ctx, ids)
		return err
	})
	t.Logf("deleted %d entries in %v", deleted, time.Since(start))
	same(t, "deleted", deleted, n)
}
