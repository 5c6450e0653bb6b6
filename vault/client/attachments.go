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
	now     *vault.Entry       // as the server has it
	to      []vault.Attachment // as they are to be
	comment string
}

// attachmentSteps are what has to be done for it, in this order: nothing goes
// before what takes its place is there, unless that needs its name.
type attachmentSteps struct {
	room   []vault.ID         // go first, because their names are needed
	rename []vault.Attachment // have another name on the server
	upload []vault.Attachment // are not there
	gone   []vault.ID
}

func (u attachmentUpdate) steps() attachmentSteps {
	var s attachmentSteps
	there := map[vault.ID]string{}
	for _, a := range u.now.Attachments {
		there[a.ID] = a.Name
	}
	stays, needed := map[vault.ID]bool{}, map[string]bool{}
	for _, a := range u.to {
		name, known := there[a.ID]
		switch {
		case !known || a.Binary != nil:
			s.upload = append(s.upload, a)
		case name != a.Name:
			s.rename = append(s.rename, a)
			stays[a.ID] = true
		default:
			stays[a.ID] = true
			continue
		}
		needed[a.Name] = true
	}
	for _, a := range u.now.Attachments {
		switch {
		case stays[a.ID]:
		case needed[a.Name]:
			s.room = append(s.room, a.ID)
		default:
			s.gone = append(s.gone, a.ID)
		}
	}
	return s
}

// updateAttachments makes the server's attachments those of u.to.
func (c *Client) updateAttachments(ctx context.Context, u attachmentUpdate) error {
	s := u.steps()
	if len(s.rename) > 0 {
		m, err := c.meet(ctx)
		if err != nil {
			return err
		}
		if m.Kind != wire.KindTideover { // which has no way but to store it once more
			for i := range s.rename {
				a := &s.rename[i]
				data, err := c.Attachment(ctx, u.now.ID, a.ID, u.comment)
				if err != nil {
					return err
				}
				defer clear(data)
				s.gone = append(s.gone, a.ID)
				a.Binary = &vault.Binary{Data: data}
			}
			s.upload, s.rename = append(s.upload, s.rename...), nil
		}
	}
	for _, id := range s.room {
		if err := c.detach(ctx, u, id); err != nil {
			return err
		}
	}
	for i := range s.rename {
		if err := c.rename(ctx, u, &s.rename[i]); err != nil {
			return err
		}
	}
	for i := range s.upload {
		if err := c.upload(ctx, u, &s.upload[i]); err != nil {
			return err
		}
	}
	for _, id := range s.gone {
		if err := c.detach(ctx, u, id); err != nil {
			return err
		}
	}
	return nil
}

// rename gives an attachment of a Tideover server another name.
func (c *Client) rename(ctx context.Context, u attachmentUpdate, a *vault.Attachment) error {
	body, err := wire.Marshal(wire.AttachmentInput{FileName: a.Name, Comment: u.comment})
	if err != nil {
		return err
	}
	path := entryPath(u.version, u.now.ID, "/attachments/"+a.ID.String())
	return c.ask(ctx, request{method: http.MethodPut, path: path, body: body}, nil)
}

func (c *Client) detach(ctx context.Context, u attachmentUpdate, id vault.ID) error {
	return c.remove(ctx, entryPath(u.version, u.now.ID, "/attachments/"+id.String()), u.comment)
}

// upload stores an attachment. That it counts as a password only a Tideover
// server knows what to do with.
func (c *Client) upload(ctx context.Context, u attachmentUpdate, a *vault.Attachment) error {
	if a.Binary == nil {
		return vault.Fail(vault.Usage, "the attachment %q has no bytes", a.Name)
	}
	_, err := c.create(ctx, entryPath(u.version, u.now.ID, "/attachments"), wire.AttachmentInput{
		FileName: a.Name, FileData: a.Binary.Data, Comment: u.comment, Protected: a.Binary.Protected,
	})
	return err
}
