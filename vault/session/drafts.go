package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// Draft is one edit made offline as Connect lists it: what was done to which
// entry, never a value.
type Draft struct {
	Op     cache.Op `json:"op"`
	ID     vault.ID `json:"id"`
	Path   string   `json:"path"`
	Fields []string `json:"fields"` // names of what was set or changed; never nil
}

// Drafts returns the edits that Connect would drop. They are listed without the
// master password: the list is kept sealed beside the overlay, so that nobody
// has to remember a password to hear what will be lost.
func (s *Session) Drafts(ctx context.Context) ([]Draft, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	a := st.current()
	if !s.hasDrafts(st, a) {
		return nil, nil
	}
	keeper, err := s.needKeeper()
	if err != nil {
		return nil, err
	}
	raw, err := keeper.Unprotect(ctx, a.Drafts)
	if err != nil {
		return nil, fmt.Errorf("open the list of local edits: %w", err)
	}
	defer clear(raw)
	var drafts []Draft
	if err := json.Unmarshal(raw, &drafts); err != nil {
		return nil, vault.Fail(vault.Damaged, "the list of local edits: %w", err)
	}
	return drafts, nil
}

// hasDrafts reports whether there are edits that Connect would drop. Their list
// may outlive them: a process that was killed while it cleared the cache had
// deleted the edits, and not the list yet.
func (s *Session) hasDrafts(st *state, a *account) bool {
	if a == nil || len(a.Drafts) == 0 {
		return false
	}
	store, err := s.store(st, a)
	if err != nil {
		return true
	}
	defer func() { _ = store.Close() }() // nothing was opened
	gone, err := store.Gone()
	return err != nil || !gone
}

// edit puts one edit into the overlay, in place of an earlier one of the same
// entry: first the journal, then the overlay, then the sealed list.
func (s *Session) edit(ctx context.Context, edit cache.Edit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.opened(ctx)
	if err != nil {
		return err
	}
	if u.cache.Policy().OfflineEdits != lease.EditsOverlay {
		return vault.Fail(vault.ReadOnly, "the policy allows no changes while working offline")
	}
	if u.editsProblem != nil {
		return fmt.Errorf("the local edits cannot be read: %w", u.editsProblem)
	}
	edit.At = s.now()
	edits := slices.Clone(u.edits)
	at := slices.IndexFunc(edits, func(e cache.Edit) bool { return e.ID == edit.ID })
	switch {
	case at < 0:
		edits = append(edits, edit)
	case edits[at].Op == cache.Added && edit.Op == cache.Removed:
		edits = slices.Delete(edits, at, at+1)
	default:
		edits[at] = edit
	}
	if err := u.cache.Append(ctx, audit.Event{Type: audit.OverlayEdit, Entry: edit.ID, Detail: string(edit.Op)}); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	before := u.edits
	u.edits = edits
	// The list first, and last where it becomes empty: an overlay without a
	// list counts as dropped.
	if len(edits) > 0 {
		err = s.sealDrafts(ctx, u)
	}
	if err == nil {
		err = u.cache.SaveOverlay(ctx, edits)
	}
	if err != nil {
		u.edits = before
		return fmt.Errorf("keep the local edit: %w", err)
	}
	if len(edits) == 0 {
		return s.sealDrafts(ctx, u)
	}
	return nil
}

// sealDrafts writes the list of edits for Connect. The caller holds s.mu.
func (s *Session) sealDrafts(ctx context.Context, u *unlocked) error {
	keeper, err := s.needKeeper()
	if err != nil {
		return err
	}
	var blob []byte
	if len(u.edits) > 0 {
		raw, err := json.Marshal(u.drafts())
		if err != nil {
			return fmt.Errorf("list the local edits: %w", err)
		}
		defer clear(raw)
		if blob, err = keeper.Protect(ctx, raw); err != nil {
			return fmt.Errorf("list the local edits: %w", err)
		}
	}
	_, err = s.home.update(ctx, func(st *state) error {
		a := st.account(u.account)
		if a == nil {
			return errors.New("list the local edits: the account is gone")
		}
		a.Drafts = blob
		return nil
	})
	return err
}

// drafts describes the edits of an open cache.
func (u *unlocked) drafts() []Draft {
	listing := u.listing() // only its paths are kept
	drafts := make([]Draft, 0, len(u.edits))
	for _, e := range u.edits {
		d := Draft{Op: e.Op, ID: e.ID, Fields: []string{}}
		if item := listing.Item(e.ID); item != nil {
			d.Path = vault.JoinPath(item.Path...)
		}
		if e.Entry != nil {
			d.Fields = changed(u.base(e.ID), e.Entry)
		}
		drafts = append(drafts, d)
	}
	return drafts
}

// base returns the cached entry without edits, or nil.
func (u *unlocked) base(id vault.ID) *vault.Entry {
	plain := unlocked{cache: u.cache}
	e, _ := plain.entry(id)
	return e
}

// changed names what differs between two forms of an entry; before may be nil.
func changed(before, after *vault.Entry) []string {
	if before == nil {
		before = &vault.Entry{}
	}
	names := []string{}
	for _, f := range after.Fields {
		if !before.Value(f.Name).Equal(f.Value) {
			names = append(names, f.Name)
		}
	}
	for _, f := range before.Fields {
		if after.Field(f.Name) == nil {
			names = append(names, f.Name)
		}
	}
	if !slices.Equal(before.Tags, after.Tags) {
		names = append(names, "tags")
	}
	if !slices.EqualFunc(before.Attachments, after.Attachments, sameAttachment) {
		names = append(names, "attachments")
	}
	return names
}

func sameAttachment(a, b vault.Attachment) bool {
	if a.Name != b.Name || (a.Binary == nil) != (b.Binary == nil) {
		return false
	}
	return a.Binary == nil || bytes.Equal(a.Binary.Data, b.Binary.Data)
}
