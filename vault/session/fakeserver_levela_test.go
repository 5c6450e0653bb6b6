package session_test

import (
	"context"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// The server in memory knows no level A: that is tried against the real one.

func (s *fakeServer) Indices(context.Context, binding.Indices, session.Signer) error {
	return vault.NotFound
}

func (s *fakeServer) Permit(context.Context, binding.PermitRequest, session.Signer) (func(context.Context, binding.PermitRequest) ([]byte, error), error) {
	return nil, vault.NotFound
}

func (s *fakeServer) Reading(context.Context, binding.Indices, binding.IndexKind, session.Signer, func(context.Context, [32]byte) (binding.Statement, error)) error {
	return vault.NotFound
}
