package client

import (
	"context"
	"errors"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// Probe finds out who the server is. It sends nothing secret. Every other
// method does it first if nobody has.
func (c *Client) Probe(ctx context.Context) (wire.Identity, error) {
	m, err := c.probe(ctx)
	if err != nil {
		return wire.Identity{}, err
	}
	return m.Identity, nil
}

// meet returns the server's identity, asking if need be.
func (c *Client) meet(ctx context.Context) (*met, error) {
	c.mu.Lock()
	m := c.known
	c.mu.Unlock()
	if m != nil {
		return m, nil
	}
	return c.probe(ctx)
}

func (c *Client) probe(ctx context.Context) (*met, error) {
	m, err := c.probeTideover(ctx)
	if errors.Is(err, errNotTideover) {
		if c.cfg.Kind == wire.KindTideover {
			return nil, vault.Fail(vault.IdentityChanged, "%s is no Tideover server any more", c.base.Host)
		}
		m, err = c.probePleasant(ctx)
	}
	if err != nil {
		return nil, err
	}
	if c.cfg.Kind != "" && c.cfg.Kind != m.Kind {
		return nil, vault.Fail(vault.IdentityChanged, "%s was a %s server", c.base.Host, c.cfg.Kind)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = m
	return m, nil
}

var errNotTideover = errors.New("not a Tideover server")

func (c *Client) probeTideover(ctx context.Context) (*met, error) {
	resp, err := c.do(ctx, request{method: http.MethodGet, path: wire.APIRoot + "/server", anonymous: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // everything that matters was read
	switch err := c.check(resp); {
	case errors.Is(err, vault.Unreachable), errors.Is(err, vault.TooManyAttempts):
		return nil, err
	case err != nil && resp.StatusCode >= 500: // it fails just now, whatever it is
		return nil, err
	case err != nil: // a page, an unknown route, "sign in first": some other program
		return nil, errNotTideover
	}
	body, err := readAll(resp, smallAnswer)
	if err != nil {
		return nil, err
	}
	var s wire.Server
	if decode(body, &s) != nil || s.Kind != wire.KindTideover {
		return nil, errNotTideover
	}
	return c.identify(&s, resp)
}

// identify proves that the description is of the identity that was named.
func (c *Client) identify(s *wire.Server, resp *http.Response) (*met, error) {
	var keys []lease.SubKey
	for _, k := range s.Keys {
		keys = append(keys, lease.SubKey{KID: k.KID, Use: lease.Use(k.Use), Public: k.Public, Signature: k.Signature})
	}
	set, err := lease.VerifySubKeys(s.Identity, keys)
	if err != nil {
		return nil, err
	}
	identity := lease.Pin(s.Identity)
	if c.trust.pin != "" && c.trust.pin != identity {
		return nil, &vault.Problem{
			Cause: vault.IdentityChanged, Detail: identity,
			Err: errors.New("the server names another identity than the pinned one"),
		}
	}
	m := &met{Identity: wire.Identity{Kind: wire.KindTideover, Server: s}, keys: set}
	if resp.TLS != nil {
		for _, cert := range resp.TLS.PeerCertificates {
			if lease.Pin(cert.RawSubjectPublicKeyInfo) == identity {
				m.Pin = identity
			}
		}
	}
	return m, nil
}

// probePleasant asks for the root folder without a token: a password server
// says "sign in first" in one of the versions that it has.
func (c *Client) probePleasant(ctx context.Context) (*met, error) {
	for version := newest; version >= oldest; version-- {
		resp, err := c.do(ctx, request{method: http.MethodGet, path: rest(version, foldersOf(version)+"/root"), anonymous: true})
		if err != nil {
			return nil, err
		}
		err = c.check(resp)
		proved := resp.TLS != nil && c.trust.pinned(resp.TLS.PeerCertificates) != nil
		_ = resp.Body.Close() // the status was the answer
		switch {
		case errors.Is(err, vault.Unreachable):
			return nil, err
		case !errors.Is(err, vault.NotSignedIn):
			continue
		case c.trust.pin != "" && !proved && resp.TLS != nil:
			return nil, vault.Fail(vault.IdentityChanged, "%s does not have the pinned key", c.base.Host)
		}
		m := &met{Identity: wire.Identity{Kind: wire.KindPleasant}}
		if proved {
			m.Pin = c.trust.pin
		}
		return m, nil
	}
	return nil, vault.Fail(vault.BadAnswer, "%s is no password server", c.base.Host)
}
