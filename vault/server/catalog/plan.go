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
	*item
	have     policy.Effective
	flags    policy.Flags // with those of its folders
	facts    facts        // with what only the plan knows
	decision policy.Decision
}

// plan decides about every entry that the caller sees. A dry run and a package
// call it, so they give the same answer.
func (c *Catalog) plan(ctx context.Context, r store.Reader, a *access, t policy.Taking) ([]planned, error) {
	list, err := c.candidates(ctx, r, a)
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
		reason, known := why[p.folder]
		if !known {
			reason = a.unsupportedAbove(p.folder)
			why[p.folder] = reason
		}
		f := p.facts
		if f.unsupported == "" {
			f.unsupported = reason
		}
		p.decision = policy.Offline(candidate(p.have, p.flags, f), t)
	}
	return list, nil
}

// candidates returns the entries that the caller sees, as of exactly the
// revision of r: from the index, which is brought there. errStale if it is beyond
// that already.
func (c *Catalog) candidates(ctx context.Context, r store.Reader, a *access) ([]planned, error) {
	rev, err := r.Revision(ctx)
	if err != nil {
		return nil, err
	}
	x := c.index
	if err := x.follow(ctx, r, c.keys, rev.Rev); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.rev != rev.Rev {
		return nil, errStale
	}
	most := 0
	for i := range a.tree.Len() {
		if a.at(i).Has(policy.ViewEntryNames) {
			most += len(x.byFolder[a.tree.At(i)])
		}
	}
	list := make([]planned, 0, most)
	add := func(it *item) {
		have := a.onEntry(it.folder, it.id)
		if !it.archived && have.Now.Has(policy.ViewEntryNames) {
			list = append(list, planned{item: it, have: have, flags: a.flagsIn(it.folder, it.flags), facts: it.facts})
		}
	}
	for i := range a.tree.Len() {
		if !a.at(i).Has(policy.ViewEntryNames) {
			continue
		}
		for _, it := range x.byFolder[a.tree.At(i)] {
			add(it)
		}
	}
	granted := map[vault.ID]bool{}
	for _, id := range a.grantedEntries() {
		it := x.byID[id]
		if it == nil || granted[id] {
			continue
		}
		granted[id] = true
		if i, ok := a.tree.Position(it.folder); ok && !a.at(i).Has(policy.ViewEntryNames) {
			add(it) // else it came with its folder
		}
	}
	return list, nil
}

// addHistoryFiles adds the attachments of older versions to the sizes: each
// content once, as a cache holds it.
func addHistoryFiles(ctx context.Context, r store.Reader, list []planned) error {
	byID := map[vault.ID]*planned{}
	var ids []vault.ID
	for i := range list {
		if list[i].facts.files {
			ids = append(ids, list[i].id)
			byID[list[i].id] = &list[i]
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
