package client

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// journalPart is how many events one upload carries, a third of what a server
// takes at most, with the longest details.
const journalPart = 5000

// Register makes this device known to a Tideover server; doing so again changes
// nothing.
func (c *Client) Register(ctx context.Context, r wire.DeviceRequest) (wire.Device, error) {
	var device wire.Device
	body, err := wire.Marshal(r)
	if err != nil {
		return device, err
	}
	err = c.askTideover(ctx, request{method: http.MethodPost, path: "/devices", body: body}, &device)
	return device, err
}

// Device returns what the server holds of a device of the user.
func (c *Client) Device(ctx context.Context, id vault.ID) (wire.Device, error) {
	var device wire.Device
	err := c.askTideover(ctx, request{method: http.MethodGet, path: "/devices/" + id.String()}, &device)
	return device, err
}

// DeviceState returns what the server holds of the device that signs. It needs
// no token. vault.NotSignedIn if the server does not know it.
func (c *Client) DeviceState(ctx context.Context, id vault.ID, signer wire.Signer) (wire.Device, error) {
	var device wire.Device
	r, err := c.sign(ctx, id, request{method: http.MethodGet, path: "/devices/" + id.String() + "/state", anonymous: true}, signer)
	if err != nil {
		return device, err
	}
	err = c.askTideover(ctx, r, &device)
	return device, err
}

// DryRun returns what a cache made now would hold, and why not the rest. It is
// judged for a device of the user, or for the best of them if device is zero.
func (c *Client) DryRun(ctx context.Context, device vault.ID) (wire.DryRun, error) {
	var dry wire.DryRun
	r := request{method: http.MethodGet, path: "/offline"}
	if !device.IsZero() {
		r.path += "?device=" + device.String()
	}
	err := c.askTideover(ctx, r, &dry)
	return dry, err
}

// Proof tells the server that a generation is in use. It needs no token.
func (c *Client) Proof(ctx context.Context, device vault.ID, generation uint64, signer wire.Signer) error {
	return c.report(ctx, device, "/proof", wire.GenerationReport{Generation: generation}, signer, nil)
}

// Cleared tells the server that a generation and all before it are gone. It
// needs no token.
func (c *Client) Cleared(ctx context.Context, device vault.ID, generation uint64, signer wire.Signer) error {
	return c.report(ctx, device, "/cleared", wire.GenerationReport{Generation: generation}, signer, nil)
}

// Journal uploads events, in parts where they are many, and returns the last
// sequence number that the server has. None says that there are none: the server
// compares what it has with what it knows. What an error leaves behind may be sent
// again. It needs no token.
func (c *Client) Journal(ctx context.Context, device vault.ID, events []wire.JournalEvent, signer wire.Signer) (through uint64, err error) {
	for first := true; first || len(events) > 0; first = false {
		part := events[:min(len(events), journalPart)]
		events = events[len(part):]
		if part == nil {
			part = []wire.JournalEvent{} // JSON tells it from null
		}
		var answer wire.JournalAnswer
		if err := c.report(ctx, device, "/journal", wire.JournalUpload{Events: part}, signer, &answer); err != nil {
			return through, err
		}
		through = answer.Through
	}
	return through, nil
}

// report posts a device-signed request without a token. One that carries an
// attestation gets it from the signer, if that has a chip that can.
func (c *Client) report(ctx context.Context, device vault.ID, below string, in any, signer wire.Signer, out any) error {
	r := request{method: http.MethodPost, path: "/devices/" + device.String() + below, anonymous: true}
	r, err := c.signBody(ctx, device, r, in, signer)
	if err != nil {
		return err
	}
	return c.askTideover(ctx, r, out)
}

// signBody makes in the body, with the statements of the signer's chip where it
// carries some, and signs.
func (c *Client) signBody(ctx context.Context, device vault.ID, r request, in any, signer wire.Signer) (request, error) {
	return c.signMade(ctx, device, r, func(nonce []byte) (any, error) {
		attested, carries := in.(wire.Attested)
		attester, can := signer.(wire.Attester)
		if !carries || !can {
			return in, nil
		}
		about, err := wire.Context(attested)
		if err != nil {
			return nil, err
		}
		a, err := attester.Attest(ctx, nonce, about)
		if err != nil {
			return nil, fmt.Errorf("attest the request: %w", err)
		}
		return attested.With(a), nil
	}, signer)
}

// signMade signs a request whose body is made for its nonce.
func (c *Client) signMade(ctx context.Context, device vault.ID, r request, body func(nonce []byte) (any, error), signer wire.Signer) (request, error) {
	nonce, err := c.nonce(ctx)
	if err != nil {
		return r, err
	}
	in, err := body(nonce)
	if err != nil {
		return r, err
	}
	if r.body, err = wire.Marshal(in); err != nil {
		return r, err
	}
	return c.signNonce(ctx, device, r, nonce, signer)
}

// nonce fetches one.
func (c *Client) nonce(ctx context.Context) ([]byte, error) {
	var nonce wire.Nonce
	if err := c.askTideover(ctx, request{method: http.MethodGet, path: "/nonce", anonymous: true}, &nonce); err != nil {
		return nil, err
	}
	if len(nonce.Nonce) == 0 {
		return nil, vault.Fail(vault.BadAnswer, "%s gives no nonce", c.base.Host)
	}
	return nonce.Nonce, nil
}

// sign fetches a nonce and signs the request with the device key. The path of
// the request is that below the API's root.
func (c *Client) sign(ctx context.Context, device vault.ID, r request, signer wire.Signer) (request, error) {
	nonce, err := c.nonce(ctx)
	if err != nil {
		return r, err
	}
	return c.signNonce(ctx, device, r, nonce, signer)
}

func (c *Client) signNonce(ctx context.Context, device vault.ID, r request, nonce []byte, signer wire.Signer) (request, error) {
	path := c.base.EscapedPath() + wire.APIRoot + r.path
	signature, err := signer.Sign(ctx, wire.RequestDigest(r.method, path, nonce, r.body))
	if err != nil {
		return r, err
	}
	r.header = http.Header{}
	r.header.Set(wire.HeaderDevice, device.String())
	r.header.Set(wire.HeaderNonce, base64.StdEncoding.EncodeToString(nonce))
	r.header.Set(wire.HeaderSignature, base64.StdEncoding.EncodeToString(signature))
	return r, nil
}
