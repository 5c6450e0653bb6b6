package session

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// Permitter is what a Tideover server does for the NV indices of a cache of
// level A, for a device whose chip it knows.
type Permitter interface {
	// Indices tells where they stand. vault.Superseded if others were named for
	// the same cache.
	Indices(ctx context.Context, x binding.Indices, s Signer) error
	// Permit prepares the request for a permit, with all that the chip does for
	// it, and returns what sends it once. vault.NotSignedIn from that unless
	// somebody has just signed in.
	Permit(ctx context.Context, want binding.PermitRequest, s Signer) (func(context.Context, binding.PermitRequest) ([]byte, error), error)
	// Reading lets the server read an index: certify has the chip state it. It
	// needs no token.
	Reading(ctx context.Context, x binding.Indices, k binding.IndexKind, s Signer,
		certify func(ctx context.Context, qualifying [32]byte) (binding.Statement, error)) error
}

// permits is a server as a cache of level A wants it, for one device.
type permits struct {
	remote Permitter
	device vault.ID
	signer attester
	// spent is set where these indices can never be written any more: the server
	// has permitted it before, or knows others for the same cache.
	spent *bool
}

var _ cache.Permits = permits{}

// permits returns the server for the device of an account; ok is false where the
// server does not know its chip.
func (s *Session) permits(a *account, remote Remote) (p permits, ok bool) {
	signer, err := s.signer(a)
	if err != nil {
		return p, false
	}
	x, ok := signer.(attester)
	return permitsFor(remote, a.Device.ID, x), ok && x.demanded
}

func permitsFor(remote Permitter, device vault.ID, x attester) permits {
	return permits{remote, device, x, new(bool)}
}

// Indices implements cache.Permits.
func (p permits) Indices(ctx context.Context, x binding.Indices) error {
	err := p.remote.Indices(ctx, x, p.signer)
	if errors.Is(err, vault.Superseded) {
		*p.spent = true
	}
	return err
}

// Permit implements cache.Permits.
func (p permits) Permit(ctx context.Context, want binding.PermitRequest) (func(context.Context, binding.PermitRequest) ([]byte, error), error) {
	send, err := p.remote.Permit(ctx, want, p.signer)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r binding.PermitRequest) ([]byte, error) {
		signature, err := send(ctx, r)
		if want.Kind == binding.PermitFirstWrite && errors.Is(err, vault.NotPermitted) {
			*p.spent = true
		}
		return signature, err
	}, nil
}

// Reading implements cache.Permits. NotFound for indices of a device that this one
// is no more: its key is gone, and nobody signs for it.
func (p permits) Reading(ctx context.Context, x binding.Indices, k binding.IndexKind, certify cache.Certify) error {
	if vault.ID(x.Device) != p.device {
		return vault.Fail(vault.NotFound, "device %s", vault.ID(x.Device))
	}
	return p.remote.Reading(ctx, x, k, p.signer, func(ctx context.Context, qualifying [32]byte) (binding.Statement, error) {
		return certify(ctx, p.signer.key, qualifying)
	})
}
