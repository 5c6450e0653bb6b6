package session

import (
	"bytes"
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// Changes is what a session can change, for one reason. The methods of Session
// of the same names are those without a reason.
type Changes struct {
	session *Session
	comment string
}

// Because returns the changes that are made with a comment, for servers that
// want to know why (vault.CommentRequired). Offline it is dropped: the drafts
// are never sent.
func (s *Session) Because(comment string) Changes { return Changes{s, comment} }

// Add is Changes.Add without a reason.
func (s *Session) Add(ctx context.Context, group vault.ID, e *vault.Entry) (vault.ID, error) {
	return s.Because("").Add(ctx, group, e)
}

// Add creates an entry in a group: on the server while Online, as a draft
// beside the cache while Offline. It takes ownership of e.
//
// Errors of all changes of entries while Offline: ReadOnly where the policy
// allows no edits or the disk takes none, Unsupported for a value that a cache
// cannot carry, Locked.
func (c Changes) Add(ctx context.Context, group vault.ID, e *vault.Entry) (vault.ID, error) {
	s := c.session
	st, err := s.home.load()
	if err != nil {
		return vault.ID{}, err
	}
	if st.Mode != Offline {
		defer e.Wipe()
		_, _, remote, err := s.online(ctx)
		if err != nil {
			return vault.ID{}, err
		}
		id, err := remote.CreateEntry(ctx, group, e, c.comment)
		return id, s.lost(ctx, err)
	}
	if e.ID.IsZero() {
		e.ID = vault.NewID()
	}
	return e.ID, s.edit(ctx, cache.Edit{Op: cache.Added, ID: e.ID, Group: group, Entry: e})
}

// Edit is Changes.Edit without a reason.
func (s *Session) Edit(ctx context.Context, item *Item, change func(*vault.Entry) error) error {
	return s.Because("").Edit(ctx, item, change)
}

// Edit changes an entry: change gets it and sets what is to be different; its
// error is returned and nothing happens. While Offline the entry is whole. While
// Online its secret values are empty, and stay what they are on the server
// unless change sets them: nothing has to be revealed for an edit. Attachments
// have no bytes; those that stay are left as they are, with another name where
// that is wanted, and new ones have no ID.
//
// What change gets while Online is the entry as it was listed. Only what it sets
// is stored: whatever else somebody has changed since then stays. What both have
// changed is Conflict, and nothing is stored: the person lists it again and sees
// the other's. A secret that is set is in conflict with every other change, as
// nobody can tell without a reveal whether it was one of that secret.
//
// A secret field that gets another name, or is not to be secret any more, needs
// its value: EditWhole. Edit refuses both while Online (Usage), where the value
// would be lost.
func (c Changes) Edit(ctx context.Context, item *Item, change func(*vault.Entry) error) error {
	return c.edit(ctx, item, editing{change: change})
}

// EditWhole is Edit of the entry with its secret values, which are revealed for
// it: that is in the server's audit, or in the journal. It takes what Reveal
// takes, and a policy that allows it.
func (c Changes) EditWhole(ctx context.Context, item *Item, change func(*vault.Entry) error) error {
	return c.edit(ctx, item, editing{change: change, whole: true, unguarded: true})
}

// EditWhole is Changes.EditWhole without a reason.
func (s *Session) EditWhole(ctx context.Context, item *Item, change func(*vault.Entry) error) error {
	return s.Because("").EditWhole(ctx, item, change)
}

// editing is one edit of an entry.
type editing struct {
	change    func(*vault.Entry) error
	whole     bool // with its secret values
	unguarded bool // change knows what it does to values that are not shown
}

func (c Changes) edit(ctx context.Context, item *Item, edit editing) error {
	s := c.session
	st, err := s.home.load()
	if err != nil {
		return err
	}
	if st.Mode != Offline {
		return c.editOnline(ctx, item, edit)
	}
	if item.Edit == cache.Removed {
		return removedHere(item)
	}
	if edit.whole {
		e, err := s.Reveal(ctx, item.Entry.ID, ToShow, c.comment)
		if err != nil {
			return err
		}
		e.Wipe() // editable returns it once more, with the attachments
	}
	e, err := s.editable(ctx, item.Entry.ID)
	if err != nil {
		return err
	}
	if err := edit.change(e); err != nil {
		e.Wipe()
		return err
	}
	op := cache.Edited
	if item.Edit == cache.Added {
		op = cache.Added
	}
	return s.edit(ctx, cache.Edit{Op: op, ID: e.ID, Group: item.Group, Entry: e})
}

func (c Changes) editOnline(ctx context.Context, item *Item, edit editing) error {
	s := c.session
	_, _, remote, err := s.online(ctx)
	if err != nil {
		return err
	}
	now, err := remote.Entry(ctx, item.Entry.ID)
	if err != nil {
		return s.lost(ctx, err)
	}
	defer now.Entry.Wipe()
	seen := cloneEntry(item.Entry)
	defer seen.Wipe()
	if edit.whole {
		if err := c.addSecrets(ctx, remote, seen); err != nil {
			return s.lost(ctx, err)
		}
	}
	after := cloneEntry(seen)
	defer after.Wipe()
	if err := edit.change(after); err != nil {
		return err
	}
	if !edit.unguarded {
		if err := keepsSecrets(item.Entry, after); err != nil {
			return err
		}
	}
	m := merging{base: item.Entry, seen: seen, after: after, current: now.Entry}
	e, err := m.merge()
	if err != nil {
		return err
	}
	group := now.Group // somebody may have moved it
	if group.IsZero() {
		group = item.Group
	}
	return s.lost(ctx, remote.UpdateEntry(ctx, group, e, c.comment))
}

// addSecrets reveals an entry for its secret values.
func (c Changes) addSecrets(ctx context.Context, remote Remote, e *vault.Entry) error {
	whole, err := remote.Reveal(ctx, e.ID, c.comment)
	if err != nil {
		return err
	}
	defer whole.Wipe()
	for i := range e.Fields {
		if f := &e.Fields[i]; secretField(f) {
			f.Value = whole.Value(f.Name).Clone()
		}
	}
	return nil
}

// keepsSecrets refuses a change that would lose a value which was not shown: a
// field that lost its protection, or that is there under another name, without
// a value.
func keepsSecrets(before, after *vault.Entry) error {
	gone := false
	for i := range before.Fields {
		f := &before.Fields[i]
		now := after.Field(f.Name)
		switch {
		case !secretField(f):
		case now == nil:
			gone = true
		case now.Value.IsEmpty() && !secretField(now):
			return vault.Fail(vault.Usage, "the value of %q was not shown and would be lost", f.Name)
		}
	}
	for i := range after.Fields {
		f := &after.Fields[i]
		if gone && secretField(f) && f.Value.IsEmpty() && before.Field(f.Name) == nil {
			return vault.Fail(vault.Usage, "the value of %q was not shown and would be lost", f.Name)
		}
	}
	return nil
}

func removedHere(item *Item) error {
	return vault.Fail(vault.NotFound, "%s (removed here)", vault.JoinPath(item.Path...))
}

// editable returns a whole copy of an entry of the open cache, attachments
// included, without history.
func (s *Session) editable(ctx context.Context, id vault.ID) (*vault.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, e, err := s.offlineEntry(ctx, id)
	if err != nil {
		return nil, err
	}
	return cloneWhole(e), nil
}

// cloneWhole is cloneEntry with the bytes of attachments.
func cloneWhole(e *vault.Entry) *vault.Entry {
	c := cloneEntry(e)
	for i, a := range e.Attachments {
		if a.Binary != nil {
			c.Attachments[i].Binary = &vault.Binary{Data: bytes.Clone(a.Binary.Data), Protected: a.Binary.Protected}
		}
	}
	return c
}

// Remove is Changes.Remove without a reason.
func (s *Session) Remove(ctx context.Context, item *Item) error {
	return s.Because("").Remove(ctx, item)
}

// Remove deletes an entry: on the server while Online; while Offline it is
// marked as removed, and an entry that was added offline is gone.
func (c Changes) Remove(ctx context.Context, item *Item) error {
	s := c.session
	st, err := s.home.load()
	if err != nil {
		return err
	}
	if st.Mode != Offline {
		_, _, remote, err := s.online(ctx)
		if err != nil {
			return err
		}
		return s.lost(ctx, remote.DeleteEntry(ctx, item.Entry.ID, c.comment))
	}
	if item.Edit == cache.Removed {
		return removedHere(item)
	}
	return s.edit(ctx, cache.Edit{Op: cache.Removed, ID: item.Entry.ID, Group: item.Group})
}
