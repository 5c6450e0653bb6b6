package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Search finds the visible folders and entries in which text occurs, whatever
// the case: in the name, and for entries with ViewEntryContents in user name,
// URL, notes and tags. Text without characters finds nothing.
func (c *Catalog) Search(ctx context.Context, by *Caller, text string) (*SearchResult, error) {
	out := &SearchResult{}
	folded := store.Fold(strings.TrimSpace(text))
	if folded == "" {
		return out, nil
	}
	var hits []vault.ID
	err := c.scan(ctx, by, func(a *access, x *index) error {
		for _, it := range x.byID {
			inName := strings.Contains(it.name, folded)
			if it.archived || (!inName && !strings.Contains(it.open, folded)) {
				continue
			}
			have := a.onEntry(it.folder, it.id).Now
			if have.Has(policy.ViewEntryNames) && (inName || have.Has(policy.ViewEntryContents)) {
				hits = append(hits, it.id)
			}
		}
		for i := range a.tree.Len() {
			id := a.tree.At(i)
			if id != a.root && a.at(i).Has(policy.ViewFolders) && strings.Contains(a.folders[id].words, folded) {
				out.Folders = append(out.Folders, a.folderView(id))
			}
		}
		return nil
	})
	if err != nil || len(hits) == 0 {
		return out, err
	}
	out.Entries, err = c.entries(ctx, by, hits)
	return out, err
}

// entries returns the visible ones of some entries, by path.
func (c *Catalog) entries(ctx context.Context, by *Caller, ids []vault.ID) ([]*Entry, error) {
	var list []*Entry
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		list = nil
		for row, err := range r.Entries(ctx, store.EntryQuery{IDs: orNone(ids)}) {
			if err != nil {
				return fmt.Errorf("read entries: %w", err)
			}
			have := a.onEntry(row.Folder, row.ID)
			if !have.Now.Has(policy.ViewEntryNames) {
				continue
			}
			_, e, err := c.openOutline(a, &row, have)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b *Entry) int {
		return cmp.Or(slices.Compare(a.Path, b.Path), slices.Compare(a.ID[:], b.ID[:]))
	})
	return list, err
}

// Resolve finds what a path names, as vault.JoinPath writes it; kind 0: a folder
// or an entry. NotFound; Ambiguous with the identifiers of all that match.
func (c *Catalog) Resolve(ctx context.Context, by *Caller, path string, kind NodeKind) (Node, error) {
	names, err := vault.SplitPath(path)
	if err != nil {
		return Node{}, err
	}
	var found []Node
	err = c.scan(ctx, by, func(a *access, x *index) error {
		found = a.resolve(x, names, kind)
		return nil
	})
	switch {
	case err != nil:
		return Node{}, err
	case len(found) == 0:
		return Node{}, vault.Fail(vault.NotFound, "%s", path)
	case len(found) > 1:
		p := vault.Fail(vault.Ambiguous, "%s", path)
		for _, n := range found {
			p.IDs = append(p.IDs, n.ID)
		}
		return Node{}, p
	}
	return found[0], nil
}

// resolve returns every visible node with that path, by identifier.
func (a *access) resolve(x *index, names []string, kind NodeKind) []Node {
	if len(names) == 0 {
		if kind == EntryNode {
			return nil
		}
		return []Node{{FolderNode, a.root}}
	}
	var also []vault.ID
	for _, id := range a.grantedEntries() {
		if it := x.byID[id]; it != nil && !it.archived {
			also = append(also, it.folder)
		}
	}
	shown := a.shown(also)
	in := []vault.ID{a.root}
	for _, name := range names[:len(names)-1] {
		in = a.foldersNamed(in, name, shown)
	}
	last := names[len(names)-1]
	var found []Node
	if kind != EntryNode {
		for _, id := range a.foldersNamed(in, last, shown) {
			found = append(found, Node{FolderNode, id})
		}
	}
	if kind != FolderNode {
		for _, folder := range in {
			for _, it := range x.byFolder[folder] {
				if it.title == last && !it.archived && a.onEntry(folder, it.id).Now.Has(policy.ViewEntryNames) {
					found = append(found, Node{EntryNode, it.id})
				}
			}
		}
	}
	sort.Slice(found, func(i, j int) bool { return string(found[i].ID[:]) < string(found[j].ID[:]) })
	return found
}

func (a *access) foldersNamed(in []vault.ID, name string, shown []bool) []vault.ID {
	var out []vault.ID
	for _, parent := range in {
		for _, id := range a.below[parent] {
			if i, ok := a.tree.Position(id); ok && shown[i] && a.folders[id].group.Name == name {
				out = append(out, id)
			}
		}
	}
	return out
}

// Icons returns the custom icons that visible folders and entries refer to, by
// identifier.
func (c *Catalog) Icons(ctx context.Context, by *Caller) ([]vault.CustomIcon, error) {
	wanted := map[vault.ID]bool{}
	err := c.scan(ctx, by, func(a *access, x *index) error {
		for _, it := range x.byID {
			if !it.facts.icon.IsZero() && !it.archived && a.onEntry(it.folder, it.id).Now.Has(policy.ViewEntryNames) {
				wanted[it.facts.icon] = true
			}
		}
		for i := range a.tree.Len() {
			if f := a.folders[a.tree.At(i)]; a.at(i).Has(policy.ViewFolders) && !f.group.Icon.Custom.IsZero() {
				wanted[f.group.Icon.Custom] = true
			}
		}
		return nil
	})
	if err != nil || len(wanted) == 0 {
		return nil, err
	}
	var icons []vault.CustomIcon
	err = c.store.View(ctx, func(r store.Reader) error {
		icons, err = c.readIcons(ctx, r, wanted)
		return err
	})
	return icons, err
}

// readIcons opens the wanted icons.
func (c *Catalog) readIcons(ctx context.Context, r store.Reader, wanted map[vault.ID]bool) ([]vault.CustomIcon, error) {
	var icons []vault.CustomIcon
	if len(wanted) == 0 {
		return nil, nil
	}
	for row, err := range r.Icons(ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("read icons: %w", err)
		}
		if !wanted[row.ID] {
			continue
		}
		text, err := c.keys.Unseal(nil, iconRow(row.ID, row.Version), row.Content)
		if err != nil {
			return nil, fmt.Errorf("open icon: %w", err)
		}
		icon, err := parseIcon(text, row.ID)
		if err != nil {
			return nil, err
		}
		icons = append(icons, icon)
	}
	sort.Slice(icons, func(i, j int) bool { return string(icons[i].ID[:]) < string(icons[j].ID[:]) })
	return icons, nil
}
