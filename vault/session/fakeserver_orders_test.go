package session_test

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// The server in memory gives no orders: those are tried against the real one.

func (s *fakeServer) Orders(context.Context, vault.ID, lease.Mark, session.Signer) (wire.Orders, error) {
	return wire.Orders{State: s.device.State}, s.ask("orders")
}

func (s *fakeServer) Events(ctx context.Context, _ vault.ID, _ lease.Mark, _ session.Signer, _ func(string)) error {
	if err := s.ask("events"); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s *fakeServer) RenewLease(context.Context, vault.ID, wire.LeaseRequest, session.Signer) (string, error) {
	return "", vault.NotPermitted
}

func (s *fakeServer) RevocationList(context.Context) (string, error) {
	return "", vault.NotFound
}
