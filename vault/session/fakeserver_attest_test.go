package session_test

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// Enrol is that of a server which knows nothing of chips.
func (s *fakeServer) Enrol(context.Context, vault.ID, wire.Enrolment, session.Signer) (wire.Challenge, error) {
	return wire.Challenge{}, vault.NotFound
}

func (s *fakeServer) Attest(context.Context, vault.ID, wire.Answer, session.Signer) (wire.Proven, error) {
	return wire.Proven{}, vault.NotFound
}
