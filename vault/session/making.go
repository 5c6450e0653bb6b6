package session

import (
	"context"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// commit puts a prepared generation in the place of the one before, and notes
// what follows from it.
func (m *making) commit(ctx context.Context, pending *cache.Pending, content *vault.Content, token string) (Cached, error) {
	if err := m.request.Progress.enter(ctx, PhaseWriting); err != nil {
		return Cached{}, err
	}
	d := pending.Declaration()
	if err := m.holdLevel(ctx, d.Level); err != nil {
		return Cached{}, err
	}
	report, err := pending.Commit(ctx, content, token)
	if err != nil {
		return Cached{}, err
	}
	s, a, plan := m.s, m.facts.account, m.facts.plan
	online := ctx
	ctx = context.WithoutCancel(ctx) // the cache is there; this computer has to know it
	made := Cached{Report: report, Generation: d.Generation, Level: d.Level, WhyNotA: m.level.why}
	if plan.run != nil {
		made.Withheld = &plan.run.Excluded
	}
	if _, err := s.home.update(ctx, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.CachedAs, known.Drafts, known.LevelA = a.User, nil, d.Level == binding.LevelA
			known.noteKeys(m.prepare.Keys, s.now())
			m.escrow.note(known, d, m.request.byTheWay)
		}
		return nil
	}); err != nil {
		return Cached{}, err
	}
	status, err := m.facts.store.Status(ctx)
	if err != nil {
		return Cached{}, err
	}
	made.Lease = status.Lease
	if status.Lease != nil && status.Lease.Expires != lease.Never {
		made.Expires = status.Lease.Expires.Time()
	} else if plan.local != nil {
		made.Expires = plan.local.Expires
	}
	if plan.trust != nil {
		// The server learns of the generation with the next contact if not now.
		if signer, err := s.signer(a); err == nil {
			_ = m.facts.remote.Proof(online, a.Device.ID, made.Generation, signer)
			_ = s.upload(online, m.facts.store, a, m.facts.remote)
			s.compareOpens(online, m.facts.store, a, m.facts.remote)
		}
	}
	return made, nil
}

// holdLevel notes a cache of level A before it is there: a process that dies right
// after its commit, and a cache that is cleared then, open no way down.
func (m *making) holdLevel(ctx context.Context, l binding.Level) error {
	if l != binding.LevelA {
		return nil // noted afterwards: the one before is in place until then
	}
	_, err := m.s.home.update(ctx, func(st *state) error {
		if known := st.account(m.facts.account.Key); known != nil {
			known.LevelA = true
		}
		return nil
	})
	return err
}
