package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// CreateEntry makes an entry in a group, with its attachments, and returns its
// id. With both an id and an error the entry is there, and some attachment is
// not. What the server cannot store is Unsupported, and nothing is made. Where
// attachments take a comment and there is none, the entry is removed again: the
// caller comes back with one.
func (c *Client) CreateEntry(ctx context.Context, group vault.ID, e *vault.Entry, comment string) (vault.ID, error) {
	version, err := c.writable(ctx)
	if err != nil {
		return vault.ID{}, err
	}
	in := wire.NewInput(e, group)
	in.UsageComment = reason(comment)
	if err := c.fit(ctx, in); err != nil {
		return vault.ID{}, err
	}
	id, err := c.create(ctx, rest(version, entriesOf(version)), in)
	if err != nil {
		return vault.ID{}, err
	}
	err = c.updateAttachments(ctx, attachmentUpdate{version, &vault.Entry{ID: id}, e.Attachments, comment})
	err = c.wantsComment(ctx, err, commented{id, comment, modifies})
	if errors.Is(err, vault.CommentRequired) && c.remove(ctx, entryPath(version, id, ""), "undone: its attachments need a comment") == nil {
		return vault.ID{}, err
	}
	return id, err
}

// UpdateEntry makes the server's entry what e is, and moves it to group if it
// is elsewhere. Only what differs is sent. A protected field that e holds
// without a value was never shown, and stays; one that e does not hold goes. Of
// attachments, those that e lists by a known id stay, others with bytes are
// added, and those that e does not list go. One that has another name than
// before is read from a Pleasant server, which audits it, and stored again: there
// is no other way. The comment is sent where there is one.
func (c *Client) UpdateEntry(ctx context.Context, group vault.ID, e *vault.Entry, comment string) error {
	version, err := c.writable(ctx)
	if err != nil {
		return err
	}
	now, err := c.entry(ctx, e.ID)
	if err != nil {
		return err
	}
	defer now.Entry.Wipe()
	in := wire.Changes(now.Entry, e)
	if e.Field(vault.FieldPassword) == nil && now.Entry.Field(vault.FieldPassword) != nil {
		in.Password = &wire.Secret{}
	}
	if group != now.Group {
		id := wire.GUID(group)
		in.GroupID = &id
	}
	if err := c.fit(ctx, in); err != nil {
		return err
	}
	if !in.IsEmpty() {
		in.UsageComment = reason(comment)
		body, err := wire.Marshal(in)
		if err != nil {
			return err
		}
		err = c.ask(ctx, request{method: http.MethodPatch, path: entryPath(version, e.ID, ""), body: body, secret: true}, nil)
		if err != nil {
			return c.wantsComment(ctx, err, commented{e.ID, comment, func(f *wire.Facts) bool {
				return f.CommentModify || group != now.Group && f.CommentMove
			}})
		}
	}
	err = c.updateAttachments(ctx, attachmentUpdate{version, now.Entry, e.Attachments, comment})
	return c.wantsComment(ctx, err, commented{e.ID, comment, modifies})
}

// commented is a change of an entry for which a comment may be wanted.
type commented struct {
	entry   vault.ID
	comment string
	wanted  func(*wire.Facts) bool
}

func modifies(f *wire.Facts) bool { return f.CommentModify }

func moves(f *wire.Facts) bool { return f.CommentMove }

// wantsComment makes of a refusal what it is: a Pleasant server does not say that
// it wanted a comment, but its entries do.
func (c *Client) wantsComment(ctx context.Context, err error, ch commented) error {
	if ch.comment != "" || !errors.Is(err, vault.NotPermitted) {
		return err
	}
	if m, unmet := c.meet(ctx); unmet != nil || m.Kind == wire.KindTideover {
		return err
	}
	answer, unread := c.entry(ctx, ch.entry)
	if unread != nil {
		return err
	}
	defer answer.Entry.Wipe()
	if ch.wanted(&answer.Facts) {
		return &vault.Problem{Cause: vault.CommentRequired, Err: err}
	}
	return err
}

// fit leaves to a Pleasant server only what it can store.
func (c *Client) fit(ctx context.Context, in *wire.CredentialInput) error {
	m, err := c.meet(ctx)
	if err != nil || m.Kind == wire.KindTideover {
		return err
	}
	return in.Plain()
}

// DeleteEntry removes an entry in the way that the server is set up for: into
// its archive, or for good.
func (c *Client) DeleteEntry(ctx context.Context, id vault.ID, comment string) error {
	version, err := c.writable(ctx)
	if err != nil {
		return err
	}
	return c.wantsComment(ctx, c.remove(ctx, entryPath(version, id, ""), comment), commented{id, comment, modifies})
}

// create posts an object and returns the id that the server gave it.
func (c *Client) create(ctx context.Context, path string, in any) (vault.ID, error) {
	body, err := wire.Marshal(in)
	if err != nil {
		return vault.ID{}, err
	}
	answer, err := c.fetch(ctx, request{method: http.MethodPost, path: path, body: body, bulk: true, secret: true}, smallAnswer)
	if err != nil {
		return vault.ID{}, err
	}
	text, err := wire.Bare(answer)
	if err == nil {
		var id vault.ID
		if id, err = wire.ParseGUID(string(text)); err == nil && !id.IsZero() {
			return id, nil
		}
	}
	return vault.ID{}, &vault.Problem{Cause: vault.BadAnswer, Detail: c.base.Host + " gives no id for what it made", Err: err}
}
