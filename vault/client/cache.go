package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// Cache returns the content of one generation, and its lease as the server
// signed it. The stream is compared with the lease, and the lease with the
// request, before anything is returned; what does not fit is wiped. It needs
// the token as well as the device key. Progress, if not nil, is called after every
// entry. The caller wipes the content.
func (c *Client) Cache(ctx context.Context, device vault.ID, r wire.CacheRequest, signer wire.Signer, progress func(done, total int)) (*vault.Content, string, error) {
	m, err := c.probe(ctx) // anew: the lease may be signed by a key of today
	if err != nil {
		return nil, "", err
	}
	signed, err := c.signBody(ctx, device, request{
		method: http.MethodPost, path: "/devices/" + device.String() + "/cache",
		accept: wire.MediaStream, long: true, secret: true,
	}, r, signer)
	if err != nil {
		return nil, "", err
	}
	signed.path = wire.APIRoot + signed.path
	resp, err := c.do(ctx, signed)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }() // everything that matters was read
	if err := c.check(resp); err != nil {
		return nil, "", err
	}
	stream, err := wire.DecodeContent(resp.Body, wire.DecodeOptions{Limits: c.cfg.Limits, Mode: wire.Complete, Progress: progress})
	if err != nil {
		return nil, "", err
	}
	if err := checkLease(stream, m, device, r); err != nil {
		stream.Content.Wipe()
		return nil, "", &vault.Problem{Cause: vault.BadAnswer, Detail: "the server's lease is not for what was asked", Err: err}
	}
	return stream.Content, stream.Lease, nil
}

// checkLease verifies the lease, and that it is about this stream, this device
// and this request.
func checkLease(s *wire.Stream, m *met, device vault.ID, r wire.CacheRequest) error {
	l, err := lease.Verify(s.Lease, m.keys)
	switch {
	case err != nil:
		return err
	case wire.Digest(l.Digest) != s.Digest || l.Entries != s.Entries:
		return errors.New("the content is not the one that was signed")
	case l.Issuer != m.Server.Incarnation || l.Epoch != m.Server.Epoch:
		return errors.New("the lease is of another life of the server")
	case l.Device != device || l.Cache != r.Cache || l.Generation != r.Generation || l.Username != r.UserName:
		return errors.New("the lease is for another cache")
	case wire.Digest(l.Record) != r.RecordSHA256 || !bytes.Equal(l.Root, r.RootName) || l.Level != r.Level:
		return errors.New("the lease is for another chip")
	}
	return nil
}
