package session

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
)

// Duplicate is Changes.Duplicate without a reason.
func (s *Session) Duplicate(ctx context.Context, item *Item, title string) (vault.ID, error) {
	return s.Because("").Duplicate(ctx, item, title)
}

// Duplicate adds an entry like another one to its group, with its secret values
// and its attachments, without its history. An empty title stays as it is. What
// is copied was read: the server has audited it, or the journal has it on disk,
// value by value and file by file. Errors: those of Reveal, Attachment and Add.
func (c Changes) Duplicate(ctx context.Context, item *Item, title string) (vault.ID, error) {
	s := c.session
	st, err := s.home.load()
	if err != nil {
		return vault.ID{}, err
	}
	var e *vault.Entry
	if st.Mode == Offline {
		e, err = s.copyOffline(ctx, item.Entry.ID)
	} else {
		e, err = c.copyOnline(ctx, item)
	}
	if err != nil {
		return vault.ID{}, err
	}
	e.ID, e.History, e.PreviousParent = vault.ID{}, nil, vault.ID{}
	e.Times = vault.Times{Expires: e.Times.Expires, Expiry: e.Times.Expiry}
	if st.Mode == Offline {
		now := s.now().UTC().Truncate(time.Second)
		e.Times.Created, e.Times.Modified, e.Times.Accessed, e.Times.LocationChanged = now, now, now, now
	}
	for i := range e.Attachments {
		e.Attachments[i].ID = vault.ID{}
	}
	if title != "" {
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
	}
	return c.Add(ctx, item.Group, e)
}

func (c Changes) copyOnline(ctx context.Context, item *Item) (*vault.Entry, error) {
	s := c.session
	_, _, remote, err := s.online(ctx)
	if err != nil {
		return nil, err
	}
	e, err := remote.Reveal(ctx, item.Entry.ID, c.comment)
	if err != nil {
		return nil, s.lost(ctx, err)
	}
	for _, old := range e.History {
		old.Wipe()
	}
	e.History = nil
	for i := range e.Attachments {
		a := &e.Attachments[i]
		data, err := remote.Attachment(ctx, item.Entry.ID, a.ID, c.comment)
		if err != nil {
			e.Wipe()
			return nil, s.lost(ctx, err)
		}
		a.Binary = &vault.Binary{Data: data}
	}
	return e, nil
}

func (s *Session) copyOffline(ctx context.Context, id vault.ID) (*vault.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, e, err := s.offlineEntry(ctx, id)
	if err != nil {
		return nil, err
	}
	// Nothing is shown by it, so the policy for showing does not matter yet.
	events := []audit.Event{{Type: audit.Reveal, Entry: id, Detail: "duplicate"}}
	for i, a := range e.Attachments {
		if a.Binary != nil {
			events = append(events, audit.Event{Type: audit.Attachment, Entry: id, Detail: strconv.Itoa(i + 1)})
		}
	}
	for _, event := range events {
		if err := u.cache.Append(ctx, event); err != nil {
			return nil, fmt.Errorf("write the journal: %w", err)
		}
	}
	return cloneWhole(e), nil
}
