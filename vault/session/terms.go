package session

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/wire"
)

// CacheTerms is what is known of a cache before anybody is asked for its master
// password: what it would hold, until when, how it would be bound, under which
// rules.
type CacheTerms struct {
	Run       wire.DryRun
	Estimated bool // the server does not say which entries it keeps back: Run is the most that may come

	Rules policy.MasterRules
	Days  int       // of a lease; 0: the policy allows no caches, or lets the calendar not end them
	Until time.Time // when a cache that is made now ends; zero: the calendar does not end it

	Level   binding.Level // that the cache will have on this machine
	WhyNotA []string      // why that is not A: the Why… words, and the Blocked… words of tpm/binding
	// Held: there was a cache of level A. A lower one is made only where
	// CacheRequest.Level asks for it; the Problem is LevelTooLow with ErrNotA where
	// nothing else can be had.
	Held         bool
	Virtual      bool          // the chip is
	MinLevel     binding.Level // that the policy asks for
	AllowVirtual bool
	Governed     bool // by the server

	Comment bool // with a reason, entries come along that stay behind without
	// Password: the account password is needed once more: the master password must
	// differ from it, or the server permits level A, or to give it up, only to
	// somebody who has just signed in.
	Password bool

	SecurityKey lease.KeyUse // whether the policy wants a security key
	Keys        []string     // those that the cache keeps, by name
	CanKey      bool         // one can be added: the policy has them, and this computer a way to them

	// Recovery is what the person has to be told of the organisation's recovery key
	// before CacheRequest.Recovery may say that they were; nil: nothing.
	Recovery *Recovery

	// Problem is why Disconnect would refuse, as far as it can be told now; nil:
	// nothing is known that stands in the way. Causes as those of Disconnect.
	Problem error
}

// CacheTerms returns what Disconnect would work with now: from the policy of the
// account's server, or from this client's own where that has none. It changes
// nothing here and asks nobody. Errors: NotSignedIn, SomeoneOffline, Unreachable and
// the like; what stands in the way of a cache only is in the Problem.
func (s *Session) CacheTerms(ctx context.Context) (CacheTerms, error) {
	st, a, remote, err := s.beforeCache(ctx)
	if err != nil {
		return CacheTerms{}, err
	}
	machine, err := s.machine(ctx)
	if err != nil {
		return CacheTerms{}, fmt.Errorf("measure this machine: %w", err)
	}
	t := CacheTerms{Level: belowA(machine.Level), Virtual: machine.Virtual}
	var pol lease.Policy
	var refused error
	if srv := st.server(a.Server); srv != nil && srv.Kind == Tideover {
		t.Governed = true
		pol, refused, err = s.governedTerms(ctx, a, remote, &t)
	} else {
		pol = localPolicy()
		t.Run, err = s.estimate(ctx, a, remote)
		t.Estimated = true
	}
	if err != nil {
		return CacheTerms{}, s.lost(ctx, err)
	}
	t.Rules, t.Days = policy.MasterRulesOf(pol), pol.Days
	t.MinLevel, t.AllowVirtual = pol.MinLevel, pol.AllowVirtual
	if t.Password, err = s.needsPassword(ctx, a, t.Rules); err != nil {
		return CacheTerms{}, err
	}
	notA, err := s.levelTerms(ctx, st, a, remote, &t, pol)
	if err != nil {
		return CacheTerms{}, s.lost(ctx, err)
	}
	if t.Governed && t.Level == binding.LevelA {
		if t.Run, err = s.dryRunAtA(ctx, a, remote, t.Run); err != nil {
			return CacheTerms{}, s.lost(ctx, err)
		}
	}
	t.Comment = t.Run.ByReason[wire.ReasonCommentRequired] > 0
	if t.Run.ExpiresAt != nil {
		t.Until = *t.Run.ExpiresAt
	}
	if t.Problem = t.obstacle(s.hasDrafts(st, a), refused); t.Problem == nil {
		t.Problem = notA
	}
	if t.Problem == nil {
		t.Problem = s.unbindable(&t)
	}
	if err := s.keyTerms(ctx, st, a, &t, pol.SecurityKey); err != nil {
		return t, err
	}
	if t.Recovery, err = s.recoveryTerms(ctx, st, a, remote, &t); err != nil {
		return CacheTerms{}, s.lost(ctx, err)
	}
	return t, nil
}

// belowA returns what a machine reaches without the cache's own indices, with which
// alone A is measured.
func belowA(l binding.Level) binding.Level {
	if l == binding.LevelA {
		return binding.LevelB
	}
	return l
}

// beforeCache returns the Remote of whoever may make a cache now, with the live
// session in use.
func (s *Session) beforeCache(ctx context.Context) (*state, *account, Remote, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, nil, nil, err
	}
	a := st.current()
	mode, err := s.mode(ctx, st)
	switch {
	case err != nil:
		return nil, nil, nil, err
	case mode == Offline:
		return nil, nil, nil, someoneOffline(a)
	case a == nil:
		return nil, nil, nil, vault.NotSignedIn
	}
	remote, err := s.reach(ctx, st, a)
	if err != nil {
		return nil, nil, nil, s.lost(ctx, err)
	}
	return st, a, remote, s.resume(ctx, a, remote)
}

// governedTerms asks a Tideover server for its policy and its judgement. refused
// is why this user or this device gets no cache at all.
func (s *Session) governedTerms(ctx context.Context, a *account, remote Remote, t *CacheTerms) (pol lease.Policy, refused, err error) {
	me, pol, err := governance(ctx, remote)
	if err != nil {
		return pol, nil, err
	}
	if t.Run, err = dryRun(ctx, a, remote); err != nil {
		return pol, nil, err
	}
	if !me.OfflineEnabled || me.OfflineEntries == 0 {
		return pol, nothingFor(t.Run), nil
	}
	// A device that is not known, or not known any more, is enrolled by
	// Disconnect: how it is received nobody can tell before.
	if a.Device.ended() {
		return pol, deviceProblem(a.Device.State), nil
	}
	if a.Device.ID.IsZero() {
		return pol, nil, nil
	}
	answer, err := remote.Device(ctx, a.Device.ID)
	if errors.Is(err, vault.NotFound) {
		return pol, nil, nil
	} else if err != nil {
		return pol, nil, err
	}
	return pol, suspension(deviceProblem(answer.State), answer.Why), nil
}

// governance asks a Tideover server who is signed in, and for the policy that a
// lease would carry now.
func governance(ctx context.Context, remote Remote) (wire.Me, lease.Policy, error) {
	var pol lease.Policy
	me, err := remote.Me(ctx)
	if err != nil {
		return me, pol, err
	}
	if err := json.Unmarshal(me.Policy, &pol); err != nil {
		return me, pol, vault.Fail(vault.BadAnswer, "policy: %w", err)
	}
	return me, pol, nil
}

// obstacle returns the first reason why there will be no cache.
func (t *CacheTerms) obstacle(drafts bool, refused error) error {
	switch {
	case drafts:
		return draftsInTheWay()
	case refused != nil:
		return refused
	case t.Estimated && t.Run.Cached == 0:
		return nothingOffline()
	}
	return nil
}

// unbindable returns why no cache can be bound to this machine well enough, as
// cache.Prepare and the server will see it.
func (s *Session) unbindable(t *CacheTerms) error {
	least := cmp.Or(t.MinLevel, binding.LevelB0)
	tooLow := vault.Fail(vault.LevelTooLow, "this machine reaches %s, %s is asked for", t.Level, least)
	switch {
	case s.cfg.Chip == nil && !s.cfg.NoChip:
		return vault.Fail(vault.ChipMissing, "no chip")
	case s.cfg.Chip == nil && !binding.LevelC.AtLeast(least):
		return tooLow
	case t.Level == binding.LevelNone:
		return vault.Fail(vault.NoSecretStore, "no keychain")
	case !t.Level.AtLeast(least), s.cfg.Chip != nil && !t.Level.Sealed():
		return tooLow
	case t.Virtual && !t.AllowVirtual:
		return vault.Fail(vault.LevelTooLow, "the chip is virtual, which the policy does not allow")
	}
	return nil
}
