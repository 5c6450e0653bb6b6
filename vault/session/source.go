package session

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/wire"
)

// source is where the content of a cache comes from.
type source struct {
	session  *Session
	account  *account
	remote   Remote
	comment  string
	progress Progress
	escrow   *escrowing
}

// plan is what is known before a generation is prepared, and how to go on.
type plan struct {
	trust    *cache.Trust
	local    *cache.Local
	rules    policy.MasterRules
	policy   lease.Policy
	minLevel binding.Level
	run      *wire.DryRun   // the server's; nil: unknown
	content  *vault.Content // what was fetched already; nil: fetch does it
	fetch    func(ctx context.Context, store *cache.Store, p *cache.Pending) (*vault.Content, string, error)
}

// governed asks a Tideover server whether this user and device may cache now,
// and under which rules.
func (src source) governed(ctx context.Context) (plan, error) {
	s, a := src.session, src.account
	id, err := src.remote.Probe(ctx)
	if err != nil {
		return plan{}, err
	}
	if id.Server == nil {
		return plan{}, vault.Fail(vault.IdentityChanged, "it no longer says that it is a Tideover server")
	}
	me, pol, err := governance(ctx, src.remote)
	if err != nil {
		return plan{}, err
	}
	if !me.OfflineEnabled || me.OfflineEntries == 0 {
		run, _ := dryRun(ctx, a, src.remote) // without it the reason is the usual one
		return plan{}, nothingFor(run)
	}
	dev, err := s.enrolForCache(ctx, a, src.remote)
	if err != nil {
		return plan{}, err
	}
	if _, err := s.home.update(ctx, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.Device.takeOver(dev)
		}
		return nil
	}); err != nil {
		return plan{}, err
	}
	if err := s.attest(ctx, a.Key, src.remote, proving{epoch: id.Server.Epoch}); err != nil {
		return plan{}, err
	}
	if _, now, err := s.accountNow(a.Key); err != nil || now == nil {
		return plan{}, errors.Join(err, vault.NotSignedIn)
	} else {
		dev = now.Device
	}
	a.Device = dev
	if err := dev.problem(); err != nil {
		return plan{}, err
	}
	signer, err := s.signer(a)
	if err != nil {
		return plan{}, err
	}
	// How much is left out is told to the person and decides nothing.
	var judged *wire.DryRun
	if run, err := src.remote.DryRun(ctx, dev.ID); err == nil {
		judged = &run
	}
	src.escrow.take(s.serverOf(a), id.Server, a.UserID)
	t := trust(id.Server)
	return plan{
		run:   judged,
		trust: &t, rules: policy.MasterRulesOf(pol), policy: pol, minLevel: pol.MinLevel,
		fetch: func(ctx context.Context, store *cache.Store, p *cache.Pending) (*vault.Content, string, error) {
			d := p.Declaration()
			if err := src.progress.enter(ctx, PhaseLoading); err != nil {
				return nil, "", err
			}
			wrapped, err := src.escrow.wrap(p)
			if err != nil {
				return nil, "", err
			}
			return src.remote.Cache(ctx, dev.ID, wire.CacheRequest{
				Cache: d.Cache, Generation: d.Generation, RecordSHA256: d.Record, RootName: d.RootName,
				Level: d.Level, VirtualTPM: d.Virtual, ClockMS: d.Clock.MS, Resets: d.Clock.Resets,
				UserName: d.User, Comment: src.comment, Escrow: wrapped,
			}, sealing(signer, dev.ID, p, store.CertifyCounter), src.progress.loading())
		},
	}, nil
}
