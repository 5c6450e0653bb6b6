package catalog

import (
	"context"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// planned is one visible entry with the decision about caching it.
type planned struct {
	row      store.Entry
	have     policy.Effective
	flags    policy.Flags
	facts    facts
	decision policy.Decision
}

// plan decides about every entry that the caller sees. A dry run and a package
// call it, so they give the same answer. With sealed, the rows have their
// content.
func (c *Catalog) plan(ctx context.Context, r store.Reader, a *access, t policy.Taking, sealed bool) ([]planned, error) {
	list, err := c.candidates(ctx, r, a, sealed)
	if err != nil {
		return nil, err
	}
	if err := addHistoryFiles(ctx, r, list); err != nil {
		return nil, err
	}
	off, isOff := a.switchedOff()
	why := map[vault.ID]string{} // by folder
	for i := range list {
		p := &list[i]
		if isOff {
			p.decision = off
			continue
		}
		reason, known := why[p.row.Folder]
		if !known {
			reason = a.unsupportedAbove(p.row.Folder)
			why[p.row.Folder] = reason
		}
		f := p.facts
		if f.unsupported == "" {
			f.unsupported = reason
		}
		p.decision = policy.Offline(candidate(p.have, p.flags, f), t)
	}
	return list, nil
}

// candidates reads the entries that the caller sees.
func (c *Catalog) candidates(ctx context.Context, r store.Reader, a *access, sealed bool) ([]planned, error) {
	var folders []vault.ID
	for i := range a.tree.Len() {
		if a.at(i).Has(policy.ViewEntryNames) {
			folders = append(folders, a.tree.At(i))
		}
	}
	var list []planned
	var unknown []vault.ID
	seen := map[vault.ID]bool{}
	for _, id := range a.grantedEntries() {
		seen[id] = false
	}
	for _, q := range []store.EntryQuery{
		{Folders: orNone(folders), Bare: !sealed},
		{IDs: orNone(a.grantedEntries()), Bare: !sealed},
	} {
		for row, err := range r.Entries(ctx, q) {
			if err != nil {
				return nil, fmt.Errorf("read entries: %w", err)
			}
			have := a.onEntry(row.Folder, row.ID)
			done, special := seen[row.ID]
			if done || !have.Now.Has(policy.ViewEntryNames) {
				continue
			}
			if special { // it may come again in the second query
				seen[row.ID] = true
			}
			p := planned{row: row, have: have, flags: a.flagsOn(&row)}
			known, ok := c.knownFacts(&row)
			switch {
			case ok:
				p.facts = known
			case sealed:
				if p.facts, err = c.openFacts(&row); err != nil {
					return nil, err
				}
			default:
				unknown = append(unknown, row.ID)
			}
			list = append(list, p)
		}
	}
	return list, c.learn(ctx, r, list, unknown)
}

// learn opens the entries whose facts the index does not have.
func (c *Catalog) learn(ctx context.Context, r store.Reader, list []planned, unknown []vault.ID) error {
	if len(unknown) == 0 {
		return nil
	}
	byID := make(map[vault.ID]*planned, len(list))
	for i := range list {
		byID[list[i].row.ID] = &list[i]
	}
	for row, err := range r.Entries(ctx, store.EntryQuery{IDs: unknown}) {
		if err != nil {
			return fmt.Errorf("read entries: %w", err)
		}
		if byID[row.ID].facts, err = c.openFacts(&row); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) openFacts(row *store.Entry) (facts, error) {
	text, err := c.keys.Unseal(nil, entryRow(row.ID, row.Version), row.Content)
	if err != nil {
		return facts{}, fmt.Errorf("open entry: %w", err)
	}
	defer clear(text)
	inner, err := parseEntry(text, row.ID)
	if err != nil {
		return facts{}, err
	}
	return factsOf(inner, len(text)), nil
}

// addHistoryFiles adds the attachments of older versions to the sizes: each
// content once, as a cache holds it.
func addHistoryFiles(ctx context.Context, r store.Reader, list []planned) error {
	byID := map[vault.ID]*planned{}
	var ids []vault.ID
	for i := range list {
		if list[i].facts.files {
			ids = append(ids, list[i].row.ID)
			byID[list[i].row.ID] = &list[i]
		}
	}
	if len(ids) == 0 {
		return nil
	}
	current := map[vault.ID]bool{}
	var older []store.Attachment
	for at, err := range r.Attachments(ctx, ids) {
		if err != nil {
			return fmt.Errorf("read attachments: %w", err)
		}
		if at.Until == 0 {
			current[at.Blob] = true
		} else {
			older = append(older, at)
		}
	}
	for _, at := range older {
		if !current[at.Blob] {
			current[at.Blob] = true
			byID[at.Entry].facts.bytes += at.Size
		}
	}
	return nil
}
