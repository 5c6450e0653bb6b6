package client

import (
	"context"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// attachmentUpdate is how the attachments of an entry are to change.
type attachmentUpdate struct {
	version int
	now, e  *vault.Entry // as the server has it, and as it is to be
	comment string       // for reading one that gets another name
}

// updateAttachments makes the server's attachments those of u.e. What gives its
// name to another one goes before that comes; the rest goes last, so that
// nothing is lost where it stops half way.
func (c *Client) updateAttachments(ctx context.Context, u attachmentUpdate) error {
	there := map[vault.ID]string{}
	for _, a := range u.now.Attachments {
		there[a.ID] = a.Name
	}
	kept, free := map[vault.ID]bool{}, map[string]bool{}
	var missing []vault.Attachment
	for _, a := range u.e.Attachments {
		name, known := there[a.ID]
		if known && !a.ID.IsZero() && name == a.Name && a.Binary == nil {
			kept[a.ID] = true
			continue
		}
		missing = append(missing, a)
		free[a.Name] = true
	}
	for i := range missing {
		if missing[i].Binary != nil || missing[i].ID.IsZero() {
			continue
		}
		// The server has it under another name.
		data, err := c.Attachment(ctx, u.e.ID, missing[i].ID, u.comment)
		if err != nil {
			return err
		}
		defer clear(data)
		missing[i].Binary = &vault.Binary{Data: data}
	}
	var rest []vault.ID
	for _, a := range u.now.Attachments {
		switch {
		case kept[a.ID]:
		case free[a.Name]:
			if err := c.detach(ctx, u, a.ID); err != nil {
				return err
			}
		default:
			rest = append(rest, a.ID)
		}
	}
	for i := range missing {
		if err := c.upload(ctx, u.version, u.e.ID, &missing[i]); err != nil {
			return err
		}
	}
	for _, id := range rest {
		if err := c.detach(ctx, u, id); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) detach(ctx context.Context, u attachmentUpdate, id vault.ID) error {
	path := entryPath(u.version, u.e.ID, "/attachments/"+id.String())
	return c.ask(ctx, request{method: http.MethodDelete, path: path}, nil)
}

func (c *Client) upload(ctx context.Context, version int, entry vault.ID, a *vault.Attachment) error {
	if a.Binary == nil {
		return vault.Fail(vault.Usage, "the attachment %q has no bytes", a.Name)
	}
	_, err := c.create(ctx, entryPath(version, entry, "/attachments"), wire.AttachmentInput{FileName: a.Name, FileData: a.Binary.Data})
	return err
}
