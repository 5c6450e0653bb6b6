package client

import (
	"context"
	"net/http"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// Tree returns everything that the user may list. Protected values are left
// out: their fields are there and empty.
func (c *Client) Tree(ctx context.Context) (*wire.Stream, error) {
	m, err := c.meet(ctx)
	if err != nil {
		return nil, err
	}
	if m.Kind == wire.KindPleasant {
		return c.pleasantTree(ctx)
	}
	resp, err := c.do(ctx, request{method: http.MethodGet, path: wire.APIRoot + "/tree", accept: wire.MediaStream, bulk: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // everything that matters was read
	if err := c.check(resp); err != nil {
		return nil, err
	}
	return wire.DecodeContent(resp.Body, wire.DecodeOptions{Limits: c.cfg.Limits, Mode: wire.Metadata})
}

func (c *Client) pleasantTree(ctx context.Context) (*wire.Stream, error) {
	version, err := c.reach(ctx)
	if err != nil {
		return nil, err
	}
	body, err := c.fetch(ctx, request{method: http.MethodGet, path: rest(version, foldersOf(version)), long: true}, c.cfg.Limits.Bytes)
	if err != nil {
		return nil, err
	}
	defer clear(body)
	content, facts, err := wire.DecodeTree(body, c.cfg.Limits)
	if err != nil {
		return nil, err
	}
	_ = content.Root.Walk(func(_ []string, g *vault.Group) error { // visit never fails
		for _, e := range g.Entries {
			withhold(e)
		}
		return nil
	})
	return &wire.Stream{
		Mode: wire.Metadata, Content: content, Facts: facts, Entries: content.Root.Count(),
	}, nil
}

// withhold takes the protected values out of an entry, and the bytes of its
// attachments. Version 4 sends them with the tree, asked for or not.
func withhold(e *vault.Entry) {
	for i := range e.Fields {
		if e.Fields[i].Protected {
			e.Fields[i].Value.Wipe()
		}
	}
	for i := range e.Attachments {
		if b := e.Attachments[i].Binary; b != nil {
			clear(b.Data)
			e.Attachments[i].Binary = nil
		}
	}
}

// Hit is an entry that a search found, and the path of its group.
type Hit struct {
	Group []string
	Entry *vault.Entry
}

// Search returns the entries whose title, user name, address, notes or tags
// hold text, in any case. It looks through the tree: the search of a real
// Pleasant server hangs on text like "a - b".
func (c *Client) Search(ctx context.Context, text string) ([]Hit, error) {
	tree, err := c.Tree(ctx)
	if err != nil {
		return nil, err
	}
	var hits []Hit
	text = strings.ToLower(text)
	_ = tree.Content.Root.Walk(func(path []string, g *vault.Group) error { // visit never fails
		for _, e := range g.Entries {
			if holds(e, text) {
				hits = append(hits, Hit{Group: path, Entry: e})
			}
		}
		return nil
	})
	return hits, nil
}

func holds(e *vault.Entry, lower string) bool {
	for _, text := range append([]string{e.Title(), e.Username(), e.URL(), e.Notes()}, e.Tags...) {
		if strings.Contains(strings.ToLower(text), lower) {
			return true
		}
	}
	return false
}
