package catalog_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

// Package, dry run and GET /me are of this moment, and the same whatever part of
// the entries is kept in memory: between them another process adds, changes,
// moves, archives and deletes, and changes flags and rights.
func TestPackageIsOfThisMoment(t *testing.T) {
	s := newServer(t)
	ann := s.user("ann")
	team := &vault.Group{ID: vault.NewID(), Name: "Team"}
	for i := range 3 {
		team.Groups = append(team.Groups, &vault.Group{ID: vault.NewID(), Name: fmt.Sprint("part ", i)})
	}
	for i := range 30 {
		e := newEntry(fmt.Sprint("entry ", i))
		e.ID = vault.NewID()
		team.Groups[i%3].Entries = append(team.Groups[i%3].Entries, e)
	}
	_, err := s.Import(ctx, s.op, "/", &vault.Content{Root: &vault.Group{ID: vault.NewID(), Name: "r", Groups: []*vault.Group{team}}})
	s.must(err)
	s.entry("/Private/one of them")
	s.entry("/Private/not hers")
	s.grant("ann", "/Team", "Read-Only + Offline", time.Time{})
	single := s.grant("ann", "/Private/one of them", "Read-Only + Offline", time.Time{})
	d := s.device(ann)

	var kept []*catalog.Catalog
	for _, held := range []int64{0, -1, 2000} {
		conf := s.config()
		conf.Held = held
		c, err := catalog.Open(ctx, conf)
		s.must(err)
		kept = append(kept, c)
	}
	cache, generation := vault.NewID(), uint64(0)
	check := func(what string, count int) {
		t.Helper()
		s.wait(2 * time.Second) // they look once a second
		var first *vault.Content
		for i, c := range kept {
			me, err := c.Me(ctx, ann)
			s.must(err)
			dry, err := c.DryRun(ctx, ann, vault.ID{})
			s.must(err)
			generation++
			p, err := c.Package(ctx, ann, request(d, cache, generation))
			s.must(err)
			got := unpack(t, p)
			p.Close()
			if p.Count != count || me.OfflineEntries != count || dry.Cached != count {
				t.Errorf("%s, catalog %d: package %d, me %d, dry run %d; want %d", what, i, p.Count, me.OfflineEntries, dry.Cached, count)
			}
			if first == nil {
				first = got
			} else if !reflect.DeepEqual(first, got) { // cmp takes long to find nothing
				if diff := cmp.Diff(first, got, sameSecrets, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s, catalog %d:\n%s", what, i, diff)
				}
			}
			if records := s.records(catalog.AuditQuery{Action: catalog.ActionCached, Newest: true, Limit: 1}); len(records) != count {
				t.Errorf("%s, catalog %d: %d audit records, want %d", what, i, len(records), count)
			}
		}
	}
	id := func(path string) vault.ID {
		t.Helper()
		n, err := s.Resolve(ctx, s.op, path, catalog.EntryNode)
		s.must(err)
		return n.ID
	}
	check("at first", 31)
	s.entry("/Team/part 0/another")
	check("added", 32)
	s.must(s.EditEntry(ctx, s.op, id("/Team/part 1/entry 1"), "", func(e *vault.Entry) error {
		e.Set(vault.FieldPassword, vault.SecretText("a new one"), true)
		return nil
	}))
	check("changed", 32)
	s.must(s.RemoveEntry(ctx, s.op, id("/Team/part 2/entry 2"), catalog.Removal{}))
	check("deleted", 31)
	s.must(s.RemoveEntry(ctx, s.op, id("/Team/part 2/entry 5"), catalog.Removal{Archive: true}))
	check("archived", 30)
	s.must(s.MoveEntry(ctx, s.op, id("/Team/part 2/entry 8"), s.folder("/Private"), ""))
	check("moved out", 29)
	s.must(s.MoveEntry(ctx, s.op, id("/Private/not hers"), s.folder("/Team"), ""))
	check("moved in", 30)
	s.must(s.SetFlags(ctx, s.op, catalog.Node{Kind: catalog.EntryNode, ID: id("/Team/not hers")}, policy.NeedsCheckOut))
	check("flag on an entry", 29)
	s.must(s.SetFlags(ctx, s.op, catalog.Node{Kind: catalog.FolderNode, ID: s.folder("/Team/part 1")}, policy.NeedsDualControl))
	check("flag on a folder", 19)
	s.must(s.RemoveGrant(ctx, s.op, single))
	check("grant on an entry taken", 18)
	s.grant("ann", "/Private", "Read-Only + Offline", time.Time{})
	check("granted", 20)
	s.must(s.SetBlock(ctx, s.op, s.folder("/Team/part 0"), true))
	check("blocked", 9)
	s.must(s.RemoveFolder(ctx, s.op, s.folder("/Private"), catalog.Removal{Archive: true}))
	check("folder archived", 7)
}
