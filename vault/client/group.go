package client

import (
	"context"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// CreateGroup makes a group in another one and returns its id.
func (c *Client) CreateGroup(ctx context.Context, parent vault.ID, name, comment string) (vault.ID, error) {
	version, err := c.writable(ctx)
	if err != nil {
		return vault.ID{}, err
	}
	id := wire.GUID(parent)
	return c.create(ctx, rest(version, foldersOf(version)), wire.GroupInput{ParentID: &id, Name: &name, UsageComment: reason(comment)})
}

// RenameGroup gives a group another name.
func (c *Client) RenameGroup(ctx context.Context, group vault.ID, name, comment string) error {
	version, err := c.writable(ctx)
	if err != nil {
		return err
	}
	body, err := wire.Marshal(wire.GroupInput{Name: &name, UsageComment: reason(comment)})
	if err != nil {
		return err
	}
	return c.ask(ctx, request{method: http.MethodPatch, path: groupPath(version, group), body: body}, nil)
}

// DeleteGroup removes a group with everything below, in the way that the server
// is set up for. Without whole it removes one that the user sees nothing in,
// and is Unconfirmed for others. A server takes what it is told to: what somebody
// puts there between the look and the removal goes too.
func (c *Client) DeleteGroup(ctx context.Context, group vault.ID, whole bool, comment string) error {
	version, err := c.writable(ctx)
	if err != nil {
		return err
	}
	if !whole {
		if err := c.isEmpty(ctx, version, group); err != nil {
			return err
		}
	}
	return c.remove(ctx, groupPath(version, group), comment)
}

// isEmpty is Unconfirmed for a group that has something in it.
func (c *Client) isEmpty(ctx context.Context, version int, group vault.ID) error {
	body, err := c.fetch(ctx, request{method: http.MethodGet, path: groupPath(version, group) + "?recurseLevel=1"}, c.cfg.Limits.Bytes)
	if err != nil {
		return err
	}
	defer clear(body)
	content, _, err := wire.DecodeTree(body, c.cfg.Limits)
	if err != nil {
		return err
	}
	defer content.Wipe()
	if entries, groups := len(content.Root.Entries), len(content.Root.Groups); entries+groups > 0 {
		return vault.Fail(vault.Unconfirmed, "it holds %d entries and %d groups", entries, groups)
	}
	return nil
}

// MoveEntry puts an entry into another group, and changes nothing else.
func (c *Client) MoveEntry(ctx context.Context, entry, group vault.ID, comment string) error {
	version, err := c.writable(ctx)
	if err != nil {
		return err
	}
	id := wire.GUID(group)
	body, err := wire.Marshal(wire.CredentialInput{GroupID: &id, UsageComment: reason(comment)})
	if err != nil {
		return err
	}
	err = c.ask(ctx, request{method: http.MethodPatch, path: entryPath(version, entry, ""), body: body}, nil)
	return c.wantsComment(ctx, err, commented{entry, comment, moves})
}

// remove deletes an object. With a comment it has to say how as well: into the
// archive, from where it can be taken back.
func (c *Client) remove(ctx context.Context, path, comment string) error {
	r := request{method: http.MethodDelete, path: path}
	if comment != "" {
		body, err := wire.Marshal(wire.DeleteRequest{Action: wire.ActionArchive, Comment: comment})
		if err != nil {
			return err
		}
		r.body = body
	}
	return c.ask(ctx, r, nil)
}

// reason is a comment as objects carry it; none is not sent.
func reason(comment string) *string {
	if comment == "" {
		return nil
	}
	return &comment
}

func groupPath(version int, id vault.ID) string {
	return rest(version, foldersOf(version)+"/"+id.String())
}
