package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/storetest"
)

// fullDisk is a database that runs out of space at the end of a transaction.
type fullDisk struct {
	store.Store
	full bool
}

func (f *fullDisk) Update(ctx context.Context, fn func(store.Tx) error) error {
	if !f.full {
		return f.Store.Update(ctx, fn)
	}
	err := f.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return store.ErrFull
	})
	return err
}

// second opens the same database as another process would.
func (s *server) second() *catalog.Catalog {
	s.t.Helper()
	kek, err := keyring.OpenFile(filepath.Join(s.dir, kekName))
	s.must(err)
	conf := s.config()
	conf.Store, conf.Keys = s.open(kek)
	c, err := catalog.Open(ctx, conf)
	s.must(err)
	return c
}

// What one process changes, another sees within a second; what it needs for
// deciding about a secret, at once.
func TestTwoProcesses(t *testing.T) { twoProcesses(t, newServer(t)) }

func twoProcesses(t *testing.T, s *server) {
	other := s.second()
	bob := s.user("bob")
	one := s.entry("/A/one")
	grant := s.grant("bob", "/A", "Full", time.Time{})
	s.wait(time.Second)

	if _, err := other.Password(ctx, bob, one, ""); err != nil {
		t.Errorf("after a second: %v", err)
	}
	if r, err := other.Search(ctx, bob, "ONE"); err != nil || len(r.Entries) != 1 {
		t.Errorf("search: %+v, %v", r, err)
	}
	// No time passes: a withdrawn right counts at once where secrets are.
	s.must(s.RemoveGrant(ctx, s.op, grant))
	if _, err := other.Password(ctx, bob, one, ""); cause(err) != vault.NotFound {
		t.Errorf("a password after the grant was removed: %v", err)
	}
	if _, err := other.Entry(ctx, bob, one); cause(err) != vault.NotFound {
		t.Errorf("an entry after the grant was removed: %v", err)
	}
	s.grant("bob", "/A", "Full", time.Time{})
	if err := other.EditEntry(ctx, bob, one, "", func(e *vault.Entry) error { e.Tags = []string{"x"}; return nil }); err != nil {
		t.Errorf("a right that was just given: %v", err)
	}
	two := s.entry("/A/two")
	s.must(s.RemoveEntry(ctx, s.op, one, catalog.Removal{}))
	s.wait(time.Second)
	r, err := other.Search(ctx, bob, "user of")
	if err != nil || len(r.Entries) != 1 || r.Entries[0].ID != two {
		t.Errorf("search after a deletion: %+v, %v", r, err)
	}
	// A data key that the other process made.
	s.must(s.keys.Rotate(ctx, keyring.PurposeEntries))
	three := s.entry("/A/three")
	if e, err := other.Entry(ctx, s.op, three); err != nil || e.Title() != "three" {
		t.Errorf("under a new data key: %v", err)
	}
	s.must(s.Set(ctx, s.op, "days", "2"))
	s.wait(time.Second)
	if g, err := other.Governance(ctx); err != nil || g.Days != 2 {
		t.Errorf("policy: %d days, %v", g.Days, err)
	}
}

// Readers and writers at once: no error, no half state, and the counts fit.
func TestManyAtOnce(t *testing.T) { manyAtOnce(t, newServer(t)) }

// Where writers do not wait for each other, the same must hold.
func TestOnPostgres(t *testing.T) {
	db := storetest.StartPostgres(t)
	t.Run("two processes", func(t *testing.T) { twoProcesses(t, newServerOn(t, db.Fresh(t))) })
	t.Run("many at once", func(t *testing.T) { manyAtOnce(t, newServerOn(t, db.Fresh(t))) })
	t.Run("import", func(t *testing.T) { losslessImport(t, newServerOn(t, db.Fresh(t))) })
	t.Run("lost sessions", func(t *testing.T) { missingSessions(t, newServerOn(t, db.Fresh(t))) })
	t.Run("journal begun anew", func(t *testing.T) { begunAnew(t, newServerOn(t, db.Fresh(t))) })
	t.Run("returned machine", func(t *testing.T) { returnedMachine(t, newServerOn(t, db.Fresh(t))) })
	t.Run("a release approved meanwhile", func(t *testing.T) { approvedMeanwhile(t, newServerOn(t, db.Fresh(t))) })
	t.Run("makers noted meanwhile", func(t *testing.T) { makersMeanwhile(t, newServerOn(t, db.Fresh(t))) })
	t.Run("generations", func(t *testing.T) { generations(t, newServerOn(t, db.Fresh(t))) })
}

func manyAtOnce(t *testing.T, s *server) {
	bob := s.user("bob")
	s.folder("/A")
	s.grant("bob", "/A", "Full + Offline", time.Time{})
	id := s.entry("/A/counter")
	const writers, rounds = 4, 8
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range rounds {
				if _, err := s.AddEntry(ctx, bob, catalog.NewEntry{Folder: s.folder("/A"), Entry: newEntry(fmt.Sprint("e", w, i))}); err != nil {
					t.Error(err)
				}
				err := s.EditEntry(ctx, bob, id, "", func(e *vault.Entry) error { e.Tags = append(e.Tags, fmt.Sprint(w, i)); return nil })
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range rounds {
				if _, err := s.Tree(ctx, bob, catalog.TreeQuery{Depth: -1}); err != nil {
					t.Error(err)
				}
				if _, err := s.Search(ctx, bob, "e"); err != nil && !errors.Is(err, vault.Busy) {
					t.Error(err)
				}
				if _, err := s.Password(ctx, bob, id, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	e, err := s.Entry(ctx, bob, id)
	s.must(err)
	if len(e.Tags) != writers*rounds || e.Version != 1+writers*rounds {
		t.Errorf("%d tags in version %d: an edit was lost", len(e.Tags), e.Version)
	}
	r, err := s.Search(ctx, bob, "user of e")
	if err != nil || len(r.Entries) != writers*rounds {
		t.Errorf("search finds %d, %v", len(r.Entries), err)
	}
	if me, err := s.Me(ctx, bob); err != nil || me.OfflineEntries != 1+writers*rounds {
		t.Errorf("%d entries for offline use, %v", me.OfflineEntries, err)
	}
	if _, err := s.VerifyAudit(ctx, s.op); err != nil {
		t.Error(err)
	}
}

func TestSearch(t *testing.T) {
	s := newServer(t)
	e := newEntry("Größe Mail")
	e.Set(vault.FieldNotes, vault.SecretText("Backup of STRASSE\nsecond line"), false)
	e.Set("Hint", vault.SecretText("needle in a field"), false)
	e.Tags = []string{"Produktion"}
	id, err := s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: s.folder("/Größenwahn"), Entry: e})
	s.must(err)
	s.level("Names", 0x3) // ViewFolders, ViewEntryNames
	namer := s.user("namer")
	s.grant("namer", "/Größenwahn", "Names", time.Time{})
	for _, c := range []struct {
		text             string
		entries, folders int
		names            int // with names only
	}{
		{"größe", 1, 1, 1},
		{"GRÖSSE", 1, 1, 1},
		{"mail", 1, 0, 1},
		{"straße", 1, 0, 0},
		{"PRODUKTION", 1, 0, 0},
		{"user of größe", 1, 0, 0},
		{"https://", 1, 0, 0},
		{"pw:", 0, 0, 0},
		{"needle", 0, 0, 0},
		{"", 0, 0, 0},
		{"  ", 0, 0, 0},
		{"second line", 1, 0, 0},
	} {
		r, err := s.Search(ctx, s.op, c.text)
		if err != nil || len(r.Entries) != c.entries || len(r.Folders) != c.folders {
			t.Errorf("%q: %d entries, %d folders, %v", c.text, len(r.Entries), len(r.Folders), err)
		}
		r, err = s.Search(ctx, namer, c.text)
		if err != nil || len(r.Entries) != c.names {
			t.Errorf("%q with names only: %d entries, %v", c.text, len(r.Entries), err)
		}
	}
	s.must(s.EditEntry(ctx, s.op, id, "", func(e *vault.Entry) error {
		e.Set(vault.FieldTitle, vault.SecretText("renamed"), false)
		return nil
	}))
	if r, err := s.Search(ctx, s.op, "renamed"); err != nil || len(r.Entries) != 1 {
		t.Errorf("after an edit: %v, %v", r, err)
	}
}

func TestResolve(t *testing.T) {
	s := newServer(t)
	x := s.entry("/A/B/x")
	bob := s.user("bob")
	s.grant("bob", "/A/B", "Read-Only", time.Time{})
	_, err := s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: s.folder("/A"), Entry: newEntry("B")})
	s.must(err)
	for _, c := range []struct {
		path string
		kind catalog.NodeKind
		want vault.Cause
		bob  vault.Cause
	}{
		{"/", 0, "", ""},
		{"/", catalog.EntryNode, vault.NotFound, vault.NotFound},
		{"/A", 0, "", ""},
		{"/A/B", 0, vault.Ambiguous, ""}, // a folder and an entry; bob sees the folder
		{"/A/B", catalog.FolderNode, "", ""},
		{"/A/B", catalog.EntryNode, "", vault.NotFound},
		{"/A/B/x", 0, "", ""},
		{"A/B/x", catalog.EntryNode, "", ""},
		{"/A/B/x/y", 0, vault.NotFound, vault.NotFound},
		{"/a/b/x", 0, vault.NotFound, vault.NotFound},
		{`/A\B`, 0, vault.Usage, vault.Usage},
	} {
		n, err := s.Resolve(ctx, s.op, c.path, c.kind)
		if cause(err) != c.want {
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
		if c.path == "/A/B/x" && (n.ID != x || n.Kind != catalog.EntryNode) {
			t.Errorf("%s is %+v", c.path, n)
		}
		if p, ok := errors.AsType[*vault.Problem](err); ok && p.Cause == vault.Ambiguous && len(p.IDs) != 2 {
			t.Errorf("%s: candidates %v", c.path, p.IDs)
		}
		if _, err := s.Resolve(ctx, bob, c.path, c.kind); cause(err) != c.bob {
			t.Errorf("%s by bob: %v, want %q", c.path, err, c.bob)
		}
	}
}
