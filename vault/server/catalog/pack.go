package catalog

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// pack lays the entries out in the folders that lead to them, and in those that
// the caller may see offline.
func (p *Package) pack(ctx context.Context, r store.Reader, a *access, list []planned) error {
	used := make([]bool, a.tree.Len())
	use := func(i int) {
		for ; i >= 0 && !used[i]; i = a.tree.Parent(i) {
			used[i] = true
		}
	}
	use(0) // the root
	// An empty folder is part of what a person sees online, too.
	for i := range used {
		if a.onFolder(a.tree.At(i)).Permanent.Has(policy.ViewFolders | policy.ViewOffline) {
			use(i)
		}
	}
	icons := map[vault.ID]bool{}
	for i := range list {
		e := &list[i]
		at, _ := a.tree.Position(e.folder)
		use(at)
		if !e.facts.icon.IsZero() {
			icons[e.facts.icon] = true
		}
	}
	place := map[vault.ID]int{}
	for i, u := range used {
		if !u {
			continue
		}
		f := a.folderView(a.tree.At(i))
		parent := -1
		if up := a.tree.Parent(i); up >= 0 {
			parent = place[a.tree.At(up)]
		}
		place[f.Group.ID] = len(p.Folders)
		p.Folders = append(p.Folders, PackedFolder{Parent: parent, Group: f.Group})
		if !f.Group.Icon.Custom.IsZero() {
			icons[f.Group.Icon.Custom] = true
		}
	}
	var err error
	if p.Icons, err = p.c.readIcons(ctx, r, icons); err != nil {
		return err
	}
	p.packEntries(list, place)
	if err := p.packContents(ctx, r, a); err != nil {
		return err
	}
	return p.packHistory(ctx, r)
}

// packEntries orders the entries by folder, and in it by identifier.
func (p *Package) packEntries(list []planned, place map[vault.ID]int) {
	in := make([][]*planned, len(p.Folders))
	for i := range list {
		at := place[list[i].folder]
		in[at] = append(in[at], &list[i])
	}
	p.Count = len(list)
	p.entries = make([]packedRow, 0, len(list))
	for at, entries := range in {
		slices.SortFunc(entries, func(x, y *planned) int { return bytes.Compare(x.id[:], y.id[:]) })
		for _, e := range entries {
			p.entries = append(p.entries, packedRow{
				folder: at, id: e.id, version: e.version, content: e.content, flags: e.flags, rights: e.have.Now,
			})
		}
	}
}

// packContents reads the ciphertexts that the index had no room for: of a folder
// all at once, because most of what is in a visible folder is sent.
func (p *Package) packContents(ctx context.Context, r store.Reader, a *access) error {
	byID := map[vault.ID]*packedRow{}
	var folders, single []vault.ID
	before := -1
	for i := range p.entries {
		e := &p.entries[i]
		if e.content.Data != nil {
			continue
		}
		byID[e.id] = e
		folder := p.Folders[e.folder].Group.ID
		switch at, _ := a.tree.Position(folder); {
		case !a.at(at).Has(policy.ViewEntryNames):
			single = append(single, e.id)
		case e.folder != before: // they are in order of folders
			before = e.folder
			folders = append(folders, folder)
		}
	}
	if len(byID) == 0 {
		return nil
	}
	for _, q := range []store.EntryQuery{{Folders: orNone(folders)}, {IDs: orNone(single)}} {
		for row, err := range r.Entries(ctx, q) {
			if err != nil {
				return fmt.Errorf("read entries: %w", err)
			}
			if e := byID[row.ID]; e != nil && row.Version == e.version {
				e.content = row.Content
				delete(byID, row.ID)
			}
		}
	}
	if len(byID) > 0 { // changed since the index was brought up to date
		return errStale
	}
	return nil
}

// packHistory reads the older versions of entries that have some, and that the
// caller may see.
func (p *Package) packHistory(ctx context.Context, r store.Reader) error {
	byID := map[vault.ID]*packedRow{}
	var ids []vault.ID
	for i := range p.entries {
		e := &p.entries[i]
		if e.version > 1 && e.rights.Has(policy.ViewEntryHistory) {
			ids = append(ids, e.id)
			byID[e.id] = e
		}
	}
	if len(ids) == 0 {
		return nil
	}
	for h, err := range r.History(ctx, ids) {
		if err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		e := byID[h.Entry]
		e.history = append(e.history, h)
	}
	return nil
}
