package client

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"reflect"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// Enrol tells the server what the chip of the device is, and returns what only
// that chip can solve. It needs no token.
func (c *Client) Enrol(ctx context.Context, device vault.ID, e wire.Enrolment, signer wire.Signer) (wire.Challenge, error) {
	var challenge wire.Challenge
	err := c.report(ctx, device, "/attestation", e, signer, &challenge)
	return challenge, err
}

// Attest sends the answer to the challenge, and returns what the server believes
// of the chip. From then on requests of this device need a signer that is a
// wire.Attester. It needs no token.
func (c *Client) Attest(ctx context.Context, device vault.ID, a wire.Answer, signer wire.Signer) (wire.Proven, error) {
	var proven wire.Proven
	r := request{method: http.MethodPut, path: "/devices/" + device.String() + "/attestation", anonymous: true}
	r, err := c.signBody(ctx, device, r, a, signer)
	if err != nil {
		return proven, err
	}
	err = c.askTideover(ctx, r, &proven)
	return proven, err
}

// Indices tells the server where the NV indices of a cache stand, and returns
// their Names as it computed them. vault.BadAnswer if they are not those of x,
// which has the server's key as the client knows it. It needs the token.
func (c *Client) Indices(ctx context.Context, x binding.Indices, signer wire.Signer) error {
	var answer wire.Indices
	in := wire.IndicesRequest{Counter: x.Counter, PinFail: x.PinFail, PinPass: x.PinPass}
	if err := c.onCache(ctx, x, "indices", in, signer, &answer); err != nil {
		return err
	}
	same := answer.Key == x.Key && string(answer.Counter) == string(x.Name(binding.Counter, true)) &&
		string(answer.PinFail) == string(x.Name(binding.PinFail, true)) &&
		string(answer.PinPass) == string(x.Name(binding.PinPass, true))
	if !same {
		return vault.Fail(vault.BadAnswer, "the server computes other Names of the indices")
	}
	return nil
}

// Permit prepares the request for a permit, with everything that the chip does
// for it, and returns what sends it once, within minutes: as package tpm wants
// it, while the chip waits in the session whose nonce comes with it. want has all
// but that nonce. The token must be of a sign-in of the last minutes:
// vault.NotSignedIn.
func (c *Client) Permit(ctx context.Context, want binding.PermitRequest, signer wire.Signer) (func(context.Context, binding.PermitRequest) ([]byte, error), error) {
	in := wire.PermitRequest{Index: want.Index, Kind: want.Kind, Count: want.Count, Limit: want.Limit}
	r := request{method: http.MethodPost, path: cachePath(want.Indices) + "permit"}
	r, err := c.signBody(ctx, vault.ID(want.Indices.Device), r, in, signer)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, got binding.PermitRequest) ([]byte, error) {
		nonce := got.Nonce
		if got.Nonce = want.Nonce; !reflect.DeepEqual(got, want) {
			return nil, fmt.Errorf("permit: the chip asks for %s of %s, prepared was %s of %s", got.Kind, got.Index, want.Kind, want.Index)
		}
		var permit wire.Permit
		once := r
		once.path += "?" + url.Values{wire.SessionParam: {base64.RawURLEncoding.EncodeToString(nonce)}}.Encode()
		err := c.askTideover(ctx, once, &permit)
		return permit.Signature, err
	}, nil
}

// onCache posts a request about a cache's indices, with the token.
func (c *Client) onCache(ctx context.Context, x binding.Indices, what string, in any, signer wire.Signer, out any) error {
	r := request{method: http.MethodPost, path: cachePath(x) + what}
	r, err := c.signBody(ctx, vault.ID(x.Device), r, in, signer)
	if err != nil {
		return err
	}
	return c.askTideover(ctx, r, out)
}

func cachePath(x binding.Indices) string {
	return "/devices/" + vault.ID(x.Device).String() + "/caches/" + vault.ID(x.Cache).String() + "/"
}

// Reading has the chip certify an index and tells the server: after every
// permitted write, and of the counter as the receipt of a wipe. certify gets the
// qualifying data. It needs no token.
func (c *Client) Reading(ctx context.Context, x binding.Indices, index binding.IndexKind, signer wire.Signer,
	certify func(ctx context.Context, qualifying [32]byte) (binding.Statement, error),
) error {
	device := vault.ID(x.Device)
	r := request{method: http.MethodPost, path: cachePath(x) + "reading", anonymous: true}
	r, err := c.signMade(ctx, device, r, func(nonce []byte) (any, error) {
		said, err := certify(ctx, binding.Qualify(binding.SubjectCounter, nonce, x.Terms(0).LeaseRef()))
		return wire.ReadingRequest{Index: index, Statement: said}, err
	}, signer)
	if err != nil {
		return err
	}
	return c.askTideover(ctx, r, nil)
}
