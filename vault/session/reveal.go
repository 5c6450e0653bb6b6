package session

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/otp"
)

// Purpose says why a secret is taken; it is what the journal says.
type Purpose string

// The purposes.
const (
	ToShow Purpose = "show"
	ToCopy Purpose = "copy"
)

// Reveal returns an entry with its secret values, which the caller wipes. While
// Online the server has audited it; while Offline the journal has it on disk.
// comment is the reason, where the server wants one.
//
// Errors: NotFound, NotPermitted, CommentRequired, ReadOnly (the journal cannot
// be written, so nothing is shown), Locked, and those of List.
func (s *Session) Reveal(ctx context.Context, id vault.ID, why Purpose, comment string) (*vault.Entry, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	if st.Mode != Offline {
		_, _, remote, err := s.online(ctx)
		if err != nil {
			return nil, err
		}
		e, err := remote.Reveal(ctx, id, comment)
		return e, s.lost(ctx, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, e, err := s.offlineEntry(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := u.mayReveal(why); err != nil {
		return nil, err
	}
	if err := u.cache.Append(ctx, revealed(id, why)); err != nil {
		return nil, fmt.Errorf("write the journal: %w", err)
	}
	return cloneEntry(e), nil
}

// mayReveal reports whether the policy lets secrets of the open cache be taken
// for that purpose.
func (u *unlocked) mayReveal(why Purpose) error {
	policy := u.cache.Policy()
	if why == ToCopy && !policy.Copy || why != ToCopy && !policy.Reveal {
		return vault.Fail(vault.NotPermitted, "the policy for working offline forbids it")
	}
	return nil
}

// revealed is what the journal says of a secret that is taken.
func revealed(id vault.ID, why Purpose) audit.Event {
	if why == ToCopy {
		return audit.Event{Type: audit.Copy, Entry: id}
	}
	return audit.Event{Type: audit.Reveal, Entry: id}
}

// offlineEntry returns an entry of the open cache as it is with the edits. The
// caller holds s.mu and must not keep the entry.
func (s *Session) offlineEntry(ctx context.Context, id vault.ID) (*unlocked, *vault.Entry, error) {
	u, err := s.opened(ctx)
	if err != nil {
		return nil, nil, err
	}
	if e, _ := u.entry(id); e != nil {
		return u, e, nil
	}
	return nil, nil, vault.Fail(vault.NotFound, "%s", id)
}

// entry returns an entry with the edits applied, or nil, and what the edits
// did to it. A removed entry is still the cached one.
func (u *unlocked) entry(id vault.ID) (*vault.Entry, cache.Op) {
	var op cache.Op
	for _, e := range u.edits {
		if e.ID == id {
			if e.Entry != nil {
				return e.Entry, e.Op
			}
			op = e.Op
		}
	}
	return u.cache.Entry(id), op
}

// cloneEntry returns an entry whose values are its own, without history, and
// without the bytes of attachments, which are read by themselves.
func cloneEntry(e *vault.Entry) *vault.Entry {
	c := *e
	c.Fields = make([]vault.Field, len(e.Fields))
	for i, f := range e.Fields {
		f.Value = f.Value.Clone()
		c.Fields[i] = f
	}
	c.Attachments = make([]vault.Attachment, len(e.Attachments))
	for i, a := range e.Attachments {
		a.Binary = nil
		c.Attachments[i] = a
	}
	c.Tags, c.AutoType.Associations = slices.Clone(e.Tags), slices.Clone(e.AutoType.Associations)
	c.History = nil
	return &c
}

// Code is a one-time code.
type Code struct {
	Text           string
	Digits         int
	Period, Remain time.Duration
}

// Code computes the one-time code of an entry; the server or the journal has
// recorded it before. NotFound if the entry has none.
func (s *Session) Code(ctx context.Context, id vault.ID, comment string) (Code, error) {
	setting, err := s.codeSetting(ctx, id, comment)
	if err != nil {
		return Code{}, err
	}
	defer setting.Wipe()
	config, err := otp.Parse(setting.Bytes())
	if err != nil {
		return Code{}, err
	}
	defer config.Secret.Wipe()
	now := s.now()
	text, err := config.Code(now)
	if err != nil {
		return Code{}, err
	}
	return Code{Text: text, Digits: config.Digits, Period: config.Period, Remain: config.Remaining(now)}, nil
}

func (s *Session) codeSetting(ctx context.Context, id vault.ID, comment string) (vault.Secret, error) {
	st, err := s.home.load()
	if err != nil {
		return vault.Secret{}, err
	}
	none := vault.Fail(vault.NotFound, "a one-time code in %s", id)
	if st.Mode != Offline {
		e, err := s.Reveal(ctx, id, ToShow, comment)
		if err != nil {
			return vault.Secret{}, err
		}
		defer e.Wipe()
		if value := e.Value(vault.FieldOTP); !value.IsEmpty() {
			return value.Clone(), nil
		}
		return vault.Secret{}, none
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, e, err := s.offlineEntry(ctx, id)
	if err != nil {
		return vault.Secret{}, err
	}
	value := e.Value(vault.FieldOTP)
	if value.IsEmpty() {
		return vault.Secret{}, none
	}
	if err := u.cache.Append(ctx, audit.Event{Type: audit.TOTP, Entry: id}); err != nil {
		return vault.Secret{}, fmt.Errorf("write the journal: %w", err)
	}
	return value.Clone(), nil
}

// Attachment returns the bytes of a named attachment, which the caller wipes;
// the server or the journal has recorded it before. NotFound if there is none.
func (s *Session) Attachment(ctx context.Context, item *Item, name, comment string) ([]byte, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	id := item.Entry.ID
	none := vault.Fail(vault.NotFound, "the attachment %s of %s", name, vault.JoinPath(item.Path...))
	if st.Mode != Offline {
		_, _, remote, err := s.online(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range item.Entry.Attachments {
			if a.Name == name {
				data, err := remote.Attachment(ctx, id, a.ID, comment)
				return data, s.lost(ctx, err)
			}
		}
		return nil, none
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, e, err := s.offlineEntry(ctx, id)
	if err != nil {
		return nil, err
	}
	for i, a := range e.Attachments {
		if a.Name != name || a.Binary == nil {
			continue
		}
		// A cache keeps no identifiers of attachments, and a name would lie in
		// the journal in plain: the place in the entry says which one it was.
		event := audit.Event{Type: audit.Attachment, Entry: id, Detail: strconv.Itoa(i + 1)}
		if err := u.cache.Append(ctx, event); err != nil {
			return nil, fmt.Errorf("write the journal: %w", err)
		}
		return append([]byte(nil), a.Binary.Data...), nil
	}
	return nil, none
}
