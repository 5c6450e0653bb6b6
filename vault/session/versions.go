package session

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// Version is an earlier form of an entry.
type Version struct {
	Number int          // 1 is the oldest
	Entry  *vault.Entry // without protected values; nobody may change it
}

// History returns how many earlier forms of an entry the user may see. A cache
// has told already; a server does not with its tree, and is asked for this
// entry. It shows no secret. Errors: NotFound, and those of List.
func (s *Session) History(ctx context.Context, item *Item) (int, error) {
	st, err := s.home.load()
	if err != nil {
		return 0, err
	}
	if st.Mode == Offline {
		return item.History, nil
	}
	_, _, remote, err := s.online(ctx)
	if err != nil {
		return 0, err
	}
	answer, err := remote.Entry(ctx, item.Entry.ID)
	if err != nil {
		return 0, s.lost(ctx, err)
	}
	defer answer.Entry.Wipe()
	return len(answer.Entry.History), nil
}

// Versions returns the earlier forms of an entry that the user may see, the
// oldest first. It shows no secret: that does RevealVersion. Of an entry that
// was edited offline the last of them is the one in the cache. A Pleasant server
// has none to give. Errors: NotFound, and those of List.
func (s *Session) Versions(ctx context.Context, item *Item) ([]Version, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	var forms []*vault.Entry
	var own *values // what a server sends is nobody else's
	if st.Mode == Offline {
		s.mu.Lock()
		defer s.mu.Unlock()
		u, _, err := s.offlineEntry(ctx, item.Entry.ID)
		if err != nil {
			return nil, err
		}
		forms, own = u.history(item.Entry.ID), &values{}
	} else {
		_, _, remote, err := s.online(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := remote.Entry(ctx, item.Entry.ID)
		if err != nil {
			return nil, s.lost(ctx, err)
		}
		forms = answer.Entry.History
	}
	versions := make([]Version, len(forms))
	for i, e := range forms {
		versions[i] = Version{i + 1, withhold(e, own)}
	}
	return versions, nil
}

// RevealVersion returns an earlier form with its secret values, which the caller
// wipes. Audit, journal and errors are those of Reveal; NotFound also where the
// version is not kept any more.
func (s *Session) RevealVersion(ctx context.Context, v Version, why Purpose, comment string) (*vault.Entry, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	if st.Mode != Offline {
		_, _, remote, err := s.online(ctx)
		if err != nil {
			return nil, err
		}
		e, err := remote.Reveal(ctx, v.Entry.ID, comment)
		if err != nil {
			return nil, s.lost(ctx, err)
		}
		defer e.Wipe()
		if old := v.among(e.History); old != nil {
			return cloneEntry(old), nil
		}
		return nil, v.gone()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, _, err := s.offlineEntry(ctx, v.Entry.ID)
	if err != nil {
		return nil, err
	}
	old := v.among(u.history(v.Entry.ID))
	if old == nil {
		return nil, v.gone()
	}
	if err := u.mayReveal(why); err != nil {
		return nil, err
	}
	event := revealed(v.Entry.ID, why)
	event.Detail = "version " + strconv.Itoa(v.Number)
	if err := u.cache.Append(ctx, event); err != nil {
		return nil, fmt.Errorf("write the journal: %w", err)
	}
	return cloneEntry(old), nil
}

// among returns the version itself: the list may have grown, or lost its oldest,
// since it was looked at.
func (v Version) among(history []*vault.Entry) *vault.Entry {
	same := func(e *vault.Entry) bool { return e.Times.Modified.Equal(v.Entry.Times.Modified) }
	if i := v.Number - 1; i >= 0 && i < len(history) && same(history[i]) {
		return history[i]
	}
	if i := slices.IndexFunc(history, same); i >= 0 && !v.Entry.Times.Modified.IsZero() {
		return history[i]
	}
	return nil
}

func (v Version) gone() error {
	return vault.Fail(vault.NotFound, "version %d of %s", v.Number, v.Entry.ID)
}

// history returns the earlier forms of an entry of the open cache, the oldest
// first. They are the cache's.
func (u *unlocked) history(id vault.ID) []*vault.Entry {
	base := u.base(id)
	if base == nil {
		return nil
	}
	if _, op := u.entry(id); op == cache.Edited {
		return append(base.History[:len(base.History):len(base.History)], base)
	}
	return base.History
}

// Restore is Changes.Restore without a reason.
func (s *Session) Restore(ctx context.Context, item *Item, v Version) error {
	return s.Because("").Restore(ctx, item, v)
}

// Restore makes an entry again what an earlier form of it was, which is an edit
// as every other and needs RevealVersion. The attachments stay what they are
// now, and so does a one-time code that the version has not.
func (c Changes) Restore(ctx context.Context, item *Item, v Version) error {
	old, err := c.session.RevealVersion(ctx, v, ToShow, c.comment)
	if err != nil {
		return err
	}
	defer old.Wipe()
	return c.edit(ctx, item, editing{unguarded: true, change: func(e *vault.Entry) error {
		restore(e, old)
		return nil
	}})
}

// restore gives e what old is, but for its identity, its files and its times. A
// secret field without a value would be taken for one that was not shown.
func restore(e, old *vault.Entry) {
	code := slices.IndexFunc(e.Fields, func(f vault.Field) bool { return f.Name == vault.FieldOTP })
	var fields []vault.Field
	for _, f := range old.Fields {
		if secretField(&f) && f.Value.IsEmpty() {
			continue
		}
		f.Value = f.Value.Clone()
		fields = append(fields, f)
	}
	for i := range e.Fields {
		if i == code && !slices.ContainsFunc(fields, func(f vault.Field) bool { return f.Name == vault.FieldOTP }) {
			fields = append(fields, e.Fields[i])
			continue
		}
		e.Fields[i].Value.Wipe()
	}
	e.Fields = fields
	e.Tags, e.Icon = slices.Clone(old.Tags), old.Icon
	e.Foreground, e.Background, e.OverrideURL = old.Foreground, old.Background, old.OverrideURL
	e.NoQualityCheck, e.AutoType = old.NoQualityCheck, old.AutoType
	e.AutoType.Associations = slices.Clone(old.AutoType.Associations)
	e.Times.Expires, e.Times.Expiry = old.Times.Expires, old.Times.Expiry
}
