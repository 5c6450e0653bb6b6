package session_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// A cache that locks itself takes nothing away under whoever reads a listing:
// the race detector sees whether it would.
func TestListingOutlivesLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.must(w.s.Edit(w.ctx(), w.find("/a\\/b"), func(e *vault.Entry) error {
		e.Set(vault.FieldNotes, secret("changed here"), false)
		return nil
	}))
	list := w.list()
	versions, err := w.s.Versions(w.ctx(), list.Item(webID))
	w.must(err)
	read := func() string {
		var b strings.Builder
		_, items := list.Search("")
		for _, i := range items {
			for _, f := range i.Entry.Fields {
				b.WriteString(f.Name + "=" + f.Value.Text() + "\n")
			}
		}
		for _, v := range versions {
			b.WriteString(v.Entry.Title() + "\n")
		}
		return b.String()
	}
	before := read()
	if !strings.Contains(before, "Title=web\n") || !strings.Contains(before, "changed here") || strings.Contains(before, "pass") {
		t.Fatalf("listed: %s", before)
	}
	stop, done := make(chan struct{}), make(chan string)
	started := make(chan struct{})
	go func() {
		close(started)
		for {
			got := read()
			select {
			case <-stop:
				done <- got
				return
			default:
			}
			if got != before {
				<-stop
				done <- got
				return
			}
		}
	}()
	<-started
	w.clock.now = w.clock.now.Add(time.Duration(w.server.policy.Idle) * time.Second)
	w.refused(w.s.Keep(w.ctx()), vault.Locked)
	close(stop)
	if after := <-done; after != before {
		t.Errorf("after the lock: %s", after)
	}
	if after := read(); after != before {
		t.Errorf("after the lock: %s", after)
	}
	if w.s.Unlocked() {
		t.Error("it is not locked")
	}
}

func TestWipeRoom(t *testing.T) {
	room := &[64]byte{0: 1, 31: 2, 63: 3}
	session.WipeRoom(room)
	if *room != [64]byte{} {
		t.Error("something is left")
	}
}

// Values of every size are copied whole, and into memory of their own.
func TestListingOwnsItsValues(t *testing.T) {
	g := &vault.Group{ID: vault.NewID()}
	lengths := []int{0, 1, 1023, 1024, 1025, 16383, 16384, 65536, 65537, 1 << 20, 3}
	for _, n := range lengths {
		e := &vault.Entry{ID: vault.NewID()}
		e.Set(vault.FieldTitle, secret(fmt.Sprint(n)), false)
		e.Set(vault.FieldNotes, secret(strings.Repeat("n", n)), false)
		g.Entries = append(g.Entries, e)
	}
	list := session.Listed(g)
	g.Wipe()
	for i, item := range list.Root.Items() {
		n := lengths[i]
		if item.Entry.Title() != fmt.Sprint(n) || item.Entry.Notes() != strings.Repeat("n", n) {
			t.Errorf("%d bytes: %q", n, item.Entry.Title())
		}
	}
}

// BenchmarkListing shows what a listing of a cache keeps in memory.
func BenchmarkListing(b *testing.B) {
	const entries = 100_000
	g := &vault.Group{ID: vault.NewID()}
	for n := range entries {
		e := &vault.Entry{ID: vault.NewID()}
		e.Set(vault.FieldTitle, secret(fmt.Sprintf("server %d", n)), false)
		e.Set(vault.FieldUsername, secret("administrator"), false)
		e.Set(vault.FieldPassword, secret("a password of twenty"), true)
		e.Set(vault.FieldURL, secret(fmt.Sprintf("https://server-%d.example.com/login", n)), false)
		e.Set(vault.FieldNotes, secret(strings.Repeat("a line of notes\n", 8)), false)
		g.Entries = append(g.Entries, e)
	}
	b.ReportAllocs()
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.GC() // what finalizers have let go
		runtime.ReadMemStats(&before)
		list := session.Listed(g)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(list)
	}
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/entries, "kept-B/entry")
}
