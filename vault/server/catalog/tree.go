package catalog

import (
	"context"
	"fmt"
	"sort"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Root returns the identifier of the root folder.
func (c *Catalog) Root() vault.ID {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.world.root
}

// Tree returns a folder and what is in it, as far as the caller may see it:
// folders with ViewFolders or with something visible below, entries with
// ViewEntryNames. NotFound: there is no such folder, or the caller sees nothing
// of it; the root is always there.
func (c *Catalog) Tree(ctx context.Context, by *Caller, q TreeQuery) (*Folder, error) {
	var top *Folder
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		t, err := c.plantView(ctx, r, a, q)
		if err != nil {
			return err
		}
		top = t.top
		return c.fillEntries(ctx, r, a, t)
	})
	if err != nil {
		return nil, err
	}
	return top, nil
}

// growing is a tree that Tree builds.
type growing struct {
	top     *Folder
	byID    map[vault.ID]*Folder
	granted map[vault.ID]bool // entries with a grant of their own
}

// plantView makes the folders of the answer.
func (c *Catalog) plantView(ctx context.Context, r store.Reader, a *access, q TreeQuery) (*growing, error) {
	if q.Folder.IsZero() {
		q.Folder = a.root
	}
	start, ok := a.tree.Position(q.Folder)
	if !ok {
		return nil, vault.Fail(vault.NotFound, "folder %s", q.Folder)
	}
	g := &growing{byID: map[vault.ID]*Folder{}, granted: map[vault.ID]bool{}}
	var also []vault.ID
	for row, err := range r.Entries(ctx, store.EntryQuery{IDs: orNone(a.grantedEntries()), Bare: true}) {
		if err != nil {
			return nil, fmt.Errorf("read tree: %w", err)
		}
		if a.onEntry(row.Folder, row.ID).Now.Has(policy.ViewEntryNames) {
			g.granted[row.ID] = true
			also = append(also, row.Folder)
		}
	}
	shown := a.shown(also)
	if !shown[start] && q.Folder != a.root {
		return nil, vault.Fail(vault.NotFound, "folder %s", q.Folder)
	}
	depth := map[int]int{start: 0}
	for i := start; i < a.tree.End(start); i++ {
		p := a.tree.Parent(i)
		if i != start {
			above, in := depth[p]
			if !in || !shown[i] || (q.Depth >= 0 && above >= q.Depth) {
				continue
			}
			depth[i] = above + 1
		}
		f := a.folderView(a.tree.At(i))
		g.byID[f.Group.ID] = f
		if i == start {
			g.top = f
		} else {
			parent := g.byID[a.tree.At(p)]
			parent.Folders = append(parent.Folders, f)
		}
	}
	return g, nil
}

// orNone makes a query for no identifiers name no rows: an empty set would be
// the zero query, which names all.
func orNone(ids []vault.ID) []vault.ID {
	if len(ids) == 0 {
		return []vault.ID{{}}
	}
	return ids
}

// folderView returns a folder as the caller sees it.
func (a *access) folderView(id vault.ID) *Folder {
	f := a.folders[id]
	have := a.onFolder(id).Now
	out := &Folder{Parent: f.row.Parent, Rights: have, Path: f.path}
	if i, ok := a.tree.Position(id); ok {
		out.Flags = a.flags[i]
	}
	if !have.Has(policy.ViewFolders) {
		out.Passage = true
		out.Group = &vault.Group{ID: id, Name: f.group.Name}
		return out
	}
	group := *f.group
	out.Group, out.Block = &group, f.row.BlockInheritance
	return out
}

// fillEntries reads the entries of the folders that were made.
func (c *Catalog) fillEntries(ctx context.Context, r store.Reader, a *access, g *growing) error {
	var folders []vault.ID
	for id := range g.byID {
		if a.onFolder(id).Now.Has(policy.ViewEntryNames) {
			folders = append(folders, id)
		}
	}
	var single []vault.ID
	for id := range g.granted {
		single = append(single, id)
	}
	seen := map[vault.ID]bool{}
	for _, q := range []store.EntryQuery{{Folders: orNone(folders)}, {IDs: orNone(single)}} {
		for row, err := range r.Entries(ctx, q) {
			if err != nil {
				return fmt.Errorf("read tree: %w", err)
			}
			f := g.byID[row.Folder]
			have := a.onEntry(row.Folder, row.ID)
			if f == nil || seen[row.ID] || !have.Now.Has(policy.ViewEntryNames) {
				continue
			}
			seen[row.ID] = true
			_, e, err := c.openOutline(a, &row, have)
			if err != nil {
				return err
			}
			f.Entries = append(f.Entries, e)
		}
	}
	for _, f := range g.byID {
		sort.SliceStable(f.Entries, func(i, j int) bool { return before(f.Entries[i], f.Entries[j]) })
	}
	return nil
}

// before orders entries by title, then by identifier, so that an answer does
// not depend on the database's order.
func before(a, b *Entry) bool {
	if x, y := a.Title(), b.Title(); x != y {
		return x < y
	}
	return string(a.ID[:]) < string(b.ID[:])
}

// openOutline opens an entry and returns it as the caller sees it, without
// passwords, and with the decision about caching it.
func (c *Catalog) openOutline(a *access, row *store.Entry, have policy.Effective) (content, *Entry, error) {
	text, err := c.keys.Unseal(nil, entryRow(row.ID, row.Version), row.Content)
	if err != nil {
		return content{}, nil, fmt.Errorf("open entry: %w", err)
	}
	inner, err := parseEntry(text, row.ID)
	if err != nil {
		return content{}, nil, err
	}
	e := outline(a, row, inner, have, false)
	known, ok := c.knownFacts(row)
	if !ok {
		known = factsOf(inner, len(text))
	}
	e.Offline = a.offline(have, e.Flags, known)
	wipeHidden(inner, e.Entry)
	return inner, e, nil
}

// offline decides about caching an entry, device and request being unknown.
func (a *access) offline(have policy.Effective, flags policy.Flags, f facts) policy.Decision {
	if d, off := a.switchedOff(); off {
		return d
	}
	return policy.Offline(candidate(have, flags, f), a.taking())
}

// switchedOff returns the decision about every entry while nobody may cache.
func (a *access) switchedOff() (policy.Decision, bool) {
	switch {
	case !a.rules.instance.OfflineEnabled:
		return policy.Decision{Reason: policy.NotPermitted, Detail: "offline use is switched off"}, true
	case a.rules.governance.Forbidden():
		return policy.Decision{Reason: policy.NotPermitted, Detail: "the policy allows no days offline"}, true
	}
	return policy.Decision{}, false
}

// wipeHidden clears the values of an opened entry that its outline withholds.
func wipeHidden(c content, shown *vault.Entry) {
	for i := range c.Fields {
		f := shown.Field(c.Fields[i].Name)
		if f == nil || f.Value.IsEmpty() {
			c.Fields[i].Value.Wipe()
		}
	}
}
