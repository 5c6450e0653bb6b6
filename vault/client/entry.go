package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// Entry returns one entry as a tree has it, protected values left out.
func (c *Client) Entry(ctx context.Context, id vault.ID) (*wire.EntryAnswer, error) {
	answer, err := c.entry(ctx, id)
	if err != nil {
		return nil, err
	}
	withhold(answer.Entry)
	return answer, nil
}

// entry returns what the server gives without a comment.
func (c *Client) entry(ctx context.Context, id vault.ID) (*wire.EntryAnswer, error) {
	m, err := c.meet(ctx)
	if err != nil {
		return nil, err
	}
	if m.Kind == wire.KindTideover {
		return c.ownEntry(ctx, request{method: http.MethodGet, path: wire.APIRoot + "/entries/" + id.String()})
	}
	version, err := c.pleasant(ctx)
	if err != nil {
		return nil, err
	}
	limit := int64(smallAnswer)
	if version <= oldest { // attachments come along
		limit = c.cfg.Limits.Bytes
	}
	body, err := c.fetch(ctx, request{method: http.MethodGet, path: entryPath(version, id, "")}, limit)
	if err != nil {
		return nil, err
	}
	defer clear(body)
	var credential wire.Credential
	if err := decode(body, &credential); err != nil {
		return nil, err
	}
	if vault.ID(credential.ID) != id {
		return nil, vault.Fail(vault.BadAnswer, "%s answers with another entry", c.base.Host)
	}
	e, facts := credential.Entry()
	return &wire.EntryAnswer{Entry: e, Group: vault.ID(credential.GroupID), Facts: *facts}, nil
}

// ownEntry asks a Tideover server for an entry.
func (c *Client) ownEntry(ctx context.Context, r request) (*wire.EntryAnswer, error) {
	body, err := c.fetch(ctx, r, int64(c.cfg.Limits.LineBytes))
	if err != nil {
		return nil, err
	}
	defer clear(body)
	return wire.DecodeEntry(body, c.cfg.Limits)
}

// Reveal returns one entry with its protected values; the server has written
// that to its audit log. CommentRequired if it wants a reason and comment is
// empty. The caller wipes the entry.
func (c *Client) Reveal(ctx context.Context, id vault.ID, comment string) (*vault.Entry, error) {
	m, err := c.meet(ctx)
	if err != nil {
		return nil, err
	}
	if m.Kind == wire.KindTideover {
		body, err := wire.Marshal(wire.RevealRequest{Comment: comment})
		if err != nil {
			return nil, err
		}
		answer, err := c.ownEntry(ctx, request{method: http.MethodPost, path: wire.APIRoot + "/entries/" + id.String() + "/reveal", body: body, secret: true})
		if err != nil {
			return nil, err
		}
		if answer.Entry.ID != id {
			answer.Entry.Wipe()
			return nil, vault.Fail(vault.BadAnswer, "%s answers with another entry", c.base.Host)
		}
		return answer.Entry, nil
	}
	answer, err := c.entry(ctx, id)
	if err != nil {
		return nil, err
	}
	if answer.Facts.CommentViewPassword && comment == "" {
		answer.Entry.Wipe()
		return nil, vault.CommentRequired
	}
	password, err := c.pleasantPassword(ctx, id, comment)
	if err != nil {
		answer.Entry.Wipe()
		return nil, err
	}
	answer.Entry.Set(vault.FieldPassword, password, true)
	return answer.Entry, nil
}

// Password returns the password of an entry, as Reveal does.
func (c *Client) Password(ctx context.Context, id vault.ID, comment string) (vault.Secret, error) {
	e, err := c.Reveal(ctx, id, comment)
	if err != nil {
		return vault.Secret{}, err
	}
	password := e.Password().Clone()
	e.Wipe()
	return password, nil
}

// pleasantPassword asks for the password alone. A comment can only be posted;
// without one older versions take only GET, and some routes only POST.
func (c *Client) pleasantPassword(ctx context.Context, id vault.ID, comment string) (vault.Secret, error) {
	version, err := c.pleasant(ctx)
	if err != nil {
		return vault.Secret{}, err
	}
	path := entryPath(version, id, "/password")
	if comment == "" {
		body, err := c.fetch(ctx, request{method: http.MethodGet, path: path, secret: true}, smallAnswer)
		if !errors.Is(err, vault.Unsupported) && !errors.Is(err, vault.NotFound) {
			return c.bareSecret(body, err)
		}
	}
	comments, err := wire.Marshal(wire.CommentRequest{Comment: comment})
	if err != nil {
		return vault.Secret{}, err
	}
	return c.bareSecret(c.fetch(ctx, request{method: http.MethodPost, path: path, body: comments, secret: true}, smallAnswer))
}

// bareSecret reads an answer that is one string, and wipes it.
func (c *Client) bareSecret(body []byte, err error) (vault.Secret, error) {
	if err != nil {
		return vault.Secret{}, err
	}
	defer clear(body)
	value, err := wire.Bare(body)
	if err != nil {
		return vault.Secret{}, &vault.Problem{Cause: vault.BadAnswer, Detail: c.base.Host + " answers with something that is no password", Err: err}
	}
	return vault.NewSecret(value), nil
}

// Attachment returns the bytes of an attachment; the server has written that to
// its audit log. The caller wipes them. A server of version 4 has no attachments
// that could be named: Unsupported.
func (c *Client) Attachment(ctx context.Context, entry, attachment vault.ID, comment string) ([]byte, error) {
	m, err := c.meet(ctx)
	if err != nil {
		return nil, err
	}
	if m.Kind == wire.KindTideover {
		r := request{
			method: http.MethodGet, accept: wire.MediaBytes, bulk: true, secret: true,
			path: wire.APIRoot + "/entries/" + entry.String() + "/attachments/" + attachment.String(),
		}
		if comment != "" {
			r.path += "?comment=" + string(appendForm(nil, []byte(comment)))
		}
		return c.fetch(ctx, r, c.cfg.Limits.AttachmentBytes)
	}
	version, err := c.writable(ctx)
	if err != nil {
		return nil, err
	}
	path := entryPath(version, entry, "/attachments/"+attachment.String())
	body, err := c.fetch(ctx, request{method: http.MethodGet, path: path, bulk: true, secret: true}, c.cfg.Limits.AttachmentBytes/3*4+smallAnswer)
	if err != nil {
		return nil, err
	}
	defer clear(body)
	var file wire.Attachment
	if err := decode(body, &file); err != nil {
		return nil, err
	}
	if vault.ID(file.AttachmentID) != attachment || file.FileData == nil {
		clear(file.FileData)
		return nil, vault.Fail(vault.BadAnswer, "%s answers with another attachment, or with none", c.base.Host)
	}
	if err := file.CheckSize(); err != nil {
		clear(file.FileData)
		return nil, err
	}
	return file.FileData, nil
}
