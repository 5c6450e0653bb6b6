package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

// maze is a server with random folders, entries, blocks, flags and grants, and
// what was put into it, for computing the rights anew by the slow way.
type maze struct {
	*server
	parent  map[vault.ID]vault.ID
	blocked map[vault.ID]bool
	folders []vault.ID
	entries map[vault.ID]vault.ID // entry → folder
	flagged map[vault.ID]bool     // asks for a comment before it is cached
	grants  []mazeGrant
	members map[string][]string // user → roles
}

type mazeGrant struct {
	node, subject string
	rights        policy.Rights
	timed         bool
}

func newMaze(t testing.TB, seed uint64) *maze {
	r := rand.New(rand.NewPCG(seed, 7))
	s := newServer(t)
	m := &maze{
		server: s, parent: map[vault.ID]vault.ID{}, blocked: map[vault.ID]bool{}, entries: map[vault.ID]vault.ID{},
		flagged: map[vault.ID]bool{}, members: map[string][]string{},
	}
	m.folders = []vault.ID{s.Root()}
	groups := map[vault.ID]*vault.Group{s.Root(): {ID: vault.NewID(), Name: "maze"}}
	for i := range 12 {
		up := m.folders[r.IntN(len(m.folders))]
		g := &vault.Group{ID: vault.NewID(), Name: fmt.Sprint("f", i)}
		groups[g.ID], groups[up].Groups = g, append(groups[up].Groups, g)
		m.folders, m.parent[g.ID] = append(m.folders, g.ID), up
		m.blocked[g.ID] = r.IntN(5) == 0
	}
	for i := range 25 {
		folder := m.folders[r.IntN(len(m.folders))]
		e := newEntry(fmt.Sprint("e", i))
		e.ID = vault.NewID()
		groups[folder].Entries = append(groups[folder].Entries, e)
		m.entries[e.ID] = folder
		m.flagged[e.ID] = r.IntN(6) == 0
	}
	// All at once: in transactions of their own they would take longer than the tests.
	done, err := s.Import(ctx, s.op, "/", &vault.Content{Root: groups[s.Root()]})
	s.must(err)
	if done.Folders != 12 || done.Entries != 25 || done.Renumbered != 0 {
		t.Fatalf("the maze is not what was made: %+v", done)
	}
	for id, blocked := range m.blocked {
		if blocked {
			s.must(s.SetBlock(ctx, s.op, id, true))
		}
	}
	for id, flagged := range m.flagged {
		if flagged {
			s.must(s.SetFlags(ctx, s.op, catalog.Node{Kind: catalog.EntryNode, ID: id}, policy.CommentOnViewOffline))
		}
	}
	m.people(r)
	m.give(r)
	return m
}

func (m *maze) people(r *rand.Rand) {
	for _, role := range []string{"red", "blue"} {
		_, err := m.AddRole(ctx, m.op, role, 0)
		m.must(err)
	}
	for _, name := range []string{"ann", "ben"} {
		for _, role := range []string{"red", "blue"} {
			if r.IntN(2) == 0 {
				m.members[name] = append(m.members[name], role)
			}
		}
		_, err := m.AddUser(ctx, m.op, catalog.NewUser{Name: name, Password: vault.SecretText(password), Roles: m.members[name]})
		m.must(err)
	}
}

func (m *maze) give(r *rand.Rand) {
	levels := []policy.Level{}
	for i := range 5 {
		l := policy.Level{Name: fmt.Sprint("level", i), Rights: policy.Rights(r.Uint64()) & 0x3f}
		if i < 2 {
			l.Rights |= policy.ReadSecrets | policy.ViewOffline
		}
		m.level(l.Name, l.Rights)
		levels = append(levels, l)
	}
	var entries []vault.ID
	for id := range m.entries {
		entries = append(entries, id)
	}
	for range 10 {
		g := catalog.NewGrant{Node: catalog.Node{Kind: catalog.FolderNode, ID: m.folders[r.IntN(len(m.folders))]}}
		if r.IntN(3) == 0 {
			g.Node = catalog.Node{Kind: catalog.EntryNode, ID: entries[r.IntN(len(entries))]}
		}
		l := levels[r.IntN(len(levels))]
		g.Level = l.Name
		who := []string{"ann", "ben", "red", "blue"}[r.IntN(4)]
		if who == "ann" || who == "ben" {
			g.User = who
		} else {
			g.Role = who
		}
		if r.IntN(3) == 0 {
			g.Until = m.now.Add(time.Hour)
		}
		_, err := m.AddGrant(ctx, m.op, g)
		m.must(err)
		m.grants = append(m.grants, mazeGrant{g.Node.ID.String(), who, l.Rights, !g.Until.IsZero()})
	}
}

// rights is the specification: the grants on the entry, and those on folders
// from its own upwards, the one that blocks being the last.
func (m *maze) rights(user string, entry vault.ID) (now, permanent policy.Rights) {
	nodes := []string{entry.String()}
	for f := m.entries[entry]; !f.IsZero(); f = m.parent[f] {
		nodes = append(nodes, f.String())
		if m.blocked[f] {
			break
		}
	}
	for _, g := range m.grants {
		if slices.Contains(nodes, g.node) && (g.subject == user || slices.Contains(m.members[user], g.subject)) {
			now |= g.rights
			if !g.timed {
				permanent |= g.rights
			}
		}
	}
	return now, permanent
}

// TestPackageHoldsExactlyWhatIsPermitted: no entry outside of the visible set is
// ever in a package, the audit has exactly the entries that were sent, and the
// dry run says the same.
func TestPackageHoldsExactlyWhatIsPermitted(t *testing.T) {
	const needed = policy.ReadSecrets | policy.ViewOffline
	total := 0
	for seed := range uint64(12) {
		m := newMaze(t, seed)
		m.must(m.Set(ctx, m.op, "offline_package", "on"))
		for _, user := range []string{"ann", "ben"} {
			by := m.signIn(user)
			for _, comment := range []string{"", "travelling"} {
				want := map[vault.ID]bool{}
				visible := 0
				for id := range m.entries {
					now, permanent := m.rights(user, id)
					if permanent.Has(needed) && (comment != "" || !m.flagged[id]) {
						want[id] = true
					}
					if now.Has(policy.ViewEntryNames) {
						visible++
					}
				}
				p, err := m.Package(ctx, by, catalog.PackageRequest{Comment: comment})
				m.must(err)
				sent := map[vault.ID]bool{}
				for e, err := range p.Entries(ctx) {
					m.must(err)
					if !want[e.Entry.ID] || e.Entry.Password().IsEmpty() {
						t.Errorf("seed %d, %s: %v must not be in the package, or lacks its password", seed, user, e.Entry.ID)
					}
					sent[e.Entry.ID] = true
				}
				if len(sent) != len(want) || p.Count != len(want) {
					t.Errorf("seed %d, %s: %d entries, announced %d, want %d", seed, user, len(sent), p.Count, len(want))
				}
				total += len(sent)
				m.checkAudit(by, sent)
				if comment == "" {
					m.checkDryRun(by, want, visible)
				}
				m.wait(time.Second)
			}
		}
	}
	if total < 50 {
		t.Errorf("only %d entries were sent: the mazes are too poor to prove anything", total)
	}
}

// checkAudit compares the newest package event with what was sent.
func (m *maze) checkAudit(by *catalog.Caller, sent map[vault.ID]bool) {
	m.t.Helper()
	got := m.records(catalog.AuditQuery{Actor: by.User(), Action: catalog.ActionCached, Newest: true, Limit: 1})
	if len(sent) == 0 {
		if len(got) != 1 || got[0].Version != 0 {
			m.t.Errorf("audit of an empty package: %+v", got)
		}
		return
	}
	if len(got) != len(sent) {
		m.t.Errorf("%d audit records for %d entries", len(got), len(sent))
	}
	for _, r := range got {
		if !sent[r.Target] || r.Version != 1 {
			m.t.Errorf("audit names %v version %d", r.Target, r.Version)
		}
	}
}

func (m *maze) checkDryRun(by *catalog.Caller, want map[vault.ID]bool, visible int) {
	m.t.Helper()
	d, err := m.DryRun(ctx, by, vault.ID{})
	m.must(err)
	if d.Total != visible || d.Cached != len(want) || d.Excluded != visible-len(want) || len(d.Entries) != visible {
		m.t.Errorf("dry run: total %d of %d, cached %d of %d", d.Total, visible, d.Cached, len(want))
	}
	n := 0
	for _, e := range d.Entries {
		if e.Decision.Cached() != want[e.ID] {
			m.t.Errorf("dry run of %v: %v", e.ID, e.Decision)
		}
	}
	for _, count := range d.ByReason {
		n += count
	}
	if n != d.Excluded {
		m.t.Errorf("reasons for %d of %d", n, d.Excluded)
	}
}

// The tree and the search show exactly the visible entries, and no values that
// the rights do not give.
func TestTreeShowsExactlyWhatIsVisible(t *testing.T) {
	for seed := range uint64(8) {
		m := newMaze(t, seed)
		for _, user := range []string{"ann", "ben"} {
			by := m.signIn(user)
			tree, err := m.Tree(ctx, by, catalog.TreeQuery{Depth: -1})
			m.must(err)
			seen := map[vault.ID]*catalog.Entry{}
			collect(tree, seen)
			found, err := m.Search(ctx, by, "E")
			m.must(err)
			for id := range m.entries {
				now, _ := m.rights(user, id)
				e := seen[id]
				if (e != nil) != now.Has(policy.ViewEntryNames) {
					t.Errorf("seed %d, %s: %v shown %v, rights %v", seed, user, id, e != nil, now)
				}
				if e == nil {
					continue
				}
				if e.Rights&0x3f != now&0x3f {
					t.Errorf("rights %v, want %v", e.Rights, now)
				}
				if !e.Password().IsEmpty() || !e.Value("PIN").IsEmpty() {
					t.Errorf("seed %d: a tree holds a password", seed)
				}
				if e.Value("Owner").IsEmpty() == now.Has(policy.ViewEntryContents) {
					t.Errorf("seed %d: contents shown %v, rights %v", seed, !e.Value("Owner").IsEmpty(), now)
				}
				if !slices.ContainsFunc(found.Entries, func(f *catalog.Entry) bool { return f.ID == id }) {
					t.Errorf("seed %d: search does not find %v", seed, id)
				}
			}
			if len(found.Entries) != len(seen) {
				t.Errorf("seed %d: search finds %d, the tree has %d", seed, len(found.Entries), len(seen))
			}
		}
	}
}

func collect(f *catalog.Folder, into map[vault.ID]*catalog.Entry) {
	for _, e := range f.Entries {
		into[e.ID] = e
	}
	for _, sub := range f.Folders {
		collect(sub, into)
	}
}
