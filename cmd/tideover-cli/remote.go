package main

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// remote is a client as a session wants it: the same calls, with the types of
// the session, which must not know the client's.
type remote struct{ *client.Client }

var _ session.Remote = remote{}

// dial returns the client of a server. It uses no network.
func dial(t session.Target) (session.Remote, error) {
	c, err := client.New(client.Config{URL: t.URL, Pin: t.Pin, CAFile: t.CAFile, Kind: client.Kind(t.Kind)})
	if err != nil {
		return nil, err
	}
	return remote{c}, nil
}

func (r remote) Probe(ctx context.Context) (session.Identity, error) {
	id, err := r.Client.Probe(ctx)
	return session.Identity{Kind: session.Kind(id.Kind), Server: id.Server, Pin: id.Pin}, err
}

func (r remote) SignIn(ctx context.Context, c session.Credentials) (session.Token, error) {
	t, err := r.Client.SignIn(ctx, client.Credentials(c))
	return session.Token(t), err
}

func (r remote) Cache(ctx context.Context, d vault.ID, q wire.CacheRequest, s session.Signer, progress func(done, total int)) (*vault.Content, string, error) {
	return r.Client.Cache(ctx, d, q, client.CacheOptions{Sign: s.Sign, Progress: progress})
}

func (r remote) Proof(ctx context.Context, d vault.ID, generation uint64, s session.Signer) error {
	return r.Client.Proof(ctx, d, generation, s.Sign)
}

func (r remote) Cleared(ctx context.Context, d vault.ID, generation uint64, s session.Signer) error {
	return r.Client.Cleared(ctx, d, generation, s.Sign)
}

func (r remote) Journal(ctx context.Context, d vault.ID, events []wire.JournalEvent, s session.Signer) (uint64, error) {
	return r.Client.Journal(ctx, d, events, s.Sign)
}
