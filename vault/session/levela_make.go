package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// making is one generation that is being prepared.
type making struct {
	s       *Session
	facts   levelFacts
	request CacheRequest
	from    *cache.Opened // whose password the new one keeps; nil: it is typed
	prepare cache.PrepareRequest
	level   level
	escrow  *escrowing
}

// byTheWay reports that the cache is renewed beside something else: then nobody
// is asked again, and a first cache of level A waits for a better time.
func (m *making) byTheWay() bool { return m.request.byTheWay }

// settle decides what the master password of the next cache comes from, and
// whether the server would permit it now. NotSignedIn where the account password
// has to be typed for that.
func (m *making) settle(ctx context.Context) error {
	var err error
	if m.level, err = m.s.chooseLevel(ctx, m.facts); err != nil {
		return err
	}
	switch l := &m.level; {
	case l.giveUp && !m.s.signedInNow(m.facts.account):
		return needsSignIn(m.facts.account, "to give up level A")
	case l.giveUp && m.request.Master == nil:
		return vault.Fail(vault.LevelTooLow, "to give up level A, the master password has to be typed")
	case l.giveUp:
		m.from = nil // it ends
		return m.bearsLower(ctx)
	case !l.a || l.place:
		return nil
	case m.from != nil && m.request.Master == nil:
		return m.lower(WhyMaster)
	case m.s.signedInNow(m.facts.account):
		m.from = nil
		return nil
	case m.byTheWay():
		return m.lower(WhySignIn)
	}
	return needsSignIn(m.facts.account, "for a cache of level A")
}

// bearsLower returns why this machine would not bear a cache below level A, as the
// policy has it. It is asked before level A is given up, which ends a cache.
func (m *making) bearsLower(ctx context.Context) error {
	machine, err := m.s.machine(ctx)
	if err != nil {
		return fmt.Errorf("measure this machine: %w", err)
	}
	pol := m.facts.plan.policy
	return m.s.unbindable(&CacheTerms{Level: belowA(machine.Level), Virtual: machine.Virtual, MinLevel: pol.MinLevel, AllowVirtual: pol.AllowVirtual})
}

// needsSignIn asks for the account password once more.
func needsSignIn(a *account, why string) error {
	return vault.Fail(vault.NotSignedIn, "%s: the account password is needed once more, %s", a.User, why)
}

// needsSignInFor is needsSignIn after an attempt that ended with err.
func needsSignInFor(a *account, why string, err error) error {
	return vault.Fail(vault.NotSignedIn, "%s: the account password is needed once more, %s: %w", a.User, why, err)
}

// lower goes on below level A, if that is no step down.
func (m *making) lower(why string) error {
	m.level.a, m.level.why = false, []string{why}
	if m.level.held || m.request.Level != "" {
		return m.level.tooLow()
	}
	return nil
}

// pending has the cache prepared, at the level that can be had.
func (m *making) pending(ctx context.Context) (*cache.Pending, error) {
	if m.level.giveUp {
		if err := m.s.giveUpA(ctx, m.facts.account, m.facts.remote, m.facts.store); err != nil {
			return nil, err
		}
	}
	if !m.level.a {
		m.prepare.A = nil
		return m.facts.store.Prepare(ctx, m.prepare)
	}
	pol := m.facts.plan.policy
	m.prepare.A = &cache.LevelA{Server: m.level.enabled, Tries: pol.Tries, Opens: pol.Opens}
	pending, err := m.facts.store.Prepare(ctx, m.prepare)
	if err == nil || ctx.Err() != nil {
		return pending, err
	}
	return m.again(ctx, err)
}

// again goes on after an attempt at level A that failed.
func (m *making) again(ctx context.Context, err error) (*cache.Pending, error) {
	store, a := m.facts.store, m.prepare.A
	switch {
	case (errors.Is(err, vault.NotSignedIn) || errors.Is(err, vault.TooManyAttempts)) && m.level.place && !a.NewPassword && m.opensLeft():
		// What the cache in place has left serves on: new openings are for whoever
		// has just signed in, and only so often a day.
		m.prepare.A = nil
		pending, without := store.Prepare(ctx, m.prepare)
		switch m.prepare.A = a; {
		case without == nil:
			return pending, nil
		case errors.Is(err, vault.TooManyAttempts):
			return nil, err
		}
		return nil, needsSignInFor(m.facts.account, "for new tries or openings", err)
	case errors.Is(err, vault.NotSignedIn):
		if m.byTheWay() && !m.level.held {
			return m.below(ctx, WhySignIn, err)
		}
		return nil, needsSignInFor(m.facts.account, "for a cache of level A", err)
	case errors.Is(err, vault.WrongPassword) && m.from == nil && m.level.place && !m.byTheWay() && !a.NewPassword:
		// Another one than that of the cache in place, which ends with it.
		if !m.s.signedInNow(m.facts.account) {
			return nil, needsSignIn(m.facts.account, "for another master password")
		}
		a.NewPassword = true
		return store.Prepare(ctx, m.prepare)
	case errors.Is(err, cache.ErrOtherIndices), *m.level.enabled.spent:
		return m.anew(ctx, err)
	}
	if why, ok := notA(err, m.level.enabled); ok {
		return m.below(ctx, why, err)
	}
	return nil, err
}

// opensLeft reports whether a cache with the budget of openings that is left can
// be opened at all.
func (m *making) opensLeft() bool {
	o := m.level.opens
	return o == nil || o.Used < o.Limit
}

// anew gives up indices that are of no use any more, and the cache in place with
// them, and tries with others.
func (m *making) anew(ctx context.Context, before error) (*cache.Pending, error) {
	if m.level.place && !m.s.signedInNow(m.facts.account) {
		return nil, needsSignIn(m.facts.account, "for a cache of level A")
	}
	if m.from != nil { // it goes with what is given up, so the password has to be typed
		if m.request.Master == nil {
			return nil, before
		}
		password, err := m.s.newMaster(ctx, m.facts.account, m.facts.plan.rules, m.request)
		if err != nil {
			return nil, err
		}
		m.prepare.Password, m.from, m.prepare.From = password, nil, nil
	}
	err := m.facts.store.GiveUpA(ctx, cache.GivingUp{Anyway: true, Leave: true})
	if err != nil {
		return nil, errors.Join(before, err)
	}
	*m.level.enabled.spent = false
	m.prepare.A.NewPassword = false
	pending, err := m.facts.store.Prepare(ctx, m.prepare)
	if err == nil {
		return pending, nil
	}
	if why, ok := notA(err, m.level.enabled); ok {
		return m.below(ctx, why, err)
	}
	return nil, err
}

// below makes a first cache at a lower level, because of why.
func (m *making) below(ctx context.Context, why string, err error) (*cache.Pending, error) {
	held := m.level.held || m.request.Level != ""
	m.level.a, m.level.why = false, []string{why}
	if held {
		return nil, &vault.Problem{Cause: vault.LevelTooLow, Detail: why, Err: errors.Join(ErrNotA, err)}
	}
	m.prepare.A = nil
	pending, below := m.facts.store.Prepare(ctx, m.prepare)
	if !errors.Is(below, vault.LevelTooLow) {
		return pending, below
	}
	// Indices were written already: they go, before anything opens with them.
	if err := m.facts.store.GiveUpA(ctx, cache.GivingUp{Leave: true}); err != nil {
		return nil, below
	}
	return m.facts.store.Prepare(ctx, m.prepare)
}

// sealed has the cache prepared, and takes content and lease for it. A server that
// has forgotten the chip's indices, as one that was brought back from a backup has,
// approves nothing with them ever again: then others take their place.
func (m *making) sealed(ctx context.Context) (*cache.Pending, *vault.Content, string, error) {
	pending, err := m.pending(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	content, token, forgotten, err := m.fetch(ctx, pending)
	if forgotten {
		pending.Discard()
		if pending, err = m.anew(ctx, err); err != nil {
			return nil, nil, "", err
		}
		content, token, _, err = m.fetch(ctx, pending)
	}
	if err != nil {
		pending.Discard()
		return nil, nil, "", err
	}
	return pending, content, token, nil
}

// fetch takes the content and the lease for what was prepared. A server that has
// not seen the last write to the chip's indices, because a process was cut off
// then, is shown it. forgotten: it does not know the indices.
func (m *making) fetch(ctx context.Context, pending *cache.Pending) (content *vault.Content, token string, forgotten bool, err error) {
	content, token, err = m.facts.plan.fetch(ctx, m.facts.store, pending)
	if !m.level.a || !errors.Is(err, vault.NotPermitted) {
		return content, token, false, err
	}
	switch unread := m.facts.store.ReportA(ctx, m.level.enabled); {
	case unread == nil:
		content, token, err = m.facts.plan.fetch(ctx, m.facts.store, pending)
		return content, token, false, err
	case errors.Is(unread, vault.NotFound):
		return nil, "", true, err
	}
	return nil, "", false, err
}
