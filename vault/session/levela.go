package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// Why a cache is not of level A, beside the Blocked… words of tpm/binding. The
// words reach --json; never change one.
const (
	WhyUngoverned = "not_governed" // no Tideover server governs the cache
	WhyNoChip     = "no_chip"      // there is none that could have NV indices
	WhyUnattested = "not_attested" // the server does not know this device's chip
	WhyNoSpace    = "nv_space"     // the chip has no room for NV indices
	WhyRefused    = "refused"      // the server did not permit what level A needs
	WhySpent      = "spent"        // an attempt before was cut off at the wrong moment: clear the cache, then make another
	WhySignIn     = "sign_in"      // the account password is needed for it, and nobody was there to ask
	WhyMaster     = "master"       // the master password has to be typed for it, and nobody was there to ask
	WhyAsked      = "asked"        // the person has chosen a lower level
)

// freshSignIn is how old a sign-in may be for what takes a permit of the server,
// which goes by its own clock and allows 5 minutes.
const freshSignIn = 4 * time.Minute

// clockSlip is how far the computer's clock may have been set back since: time
// services do that by the way, and the server, which decides, has its own clock.
const clockSlip = time.Minute

// signedInNow reports whether the account's person has just signed in.
func (s *Session) signedInNow(a *account) bool {
	age := s.now().Sub(a.SignedIn)
	return !a.SignedIn.IsZero() && age > -clockSlip && age < freshSignIn
}

// level is which level the next cache gets.
type level struct {
	a       bool     // level A
	why     []string // not a
	place   bool     // a cache of level A is there, which keeps its master password
	held    bool     // there was one: nothing lower without the person's word
	giveUp  bool     // the person has given that word
	opens   *binding.Opens
	enabled permits // a
}

// levelFacts is what decides on a level.
type levelFacts struct {
	account *account
	remote  Remote
	store   *cache.Store
	plan    *plan
	asked   binding.Level // empty: the best
}

// chooseLevel decides which level the next cache of an account has. LevelTooLow
// where that would be lower than before, or than asked for, and nobody agreed.
func (s *Session) chooseLevel(ctx context.Context, f levelFacts) (level, error) {
	l := level{held: f.account.LevelA}
	status, err := f.store.Status(ctx)
	if err == nil && status.Readable && status.Level == binding.LevelA {
		l.held, l.place, l.opens = true, true, status.Opens
	}
	if f.asked != "" && f.asked != binding.LevelA {
		l.why, l.giveUp = []string{WhyAsked}, l.held
		return l, nil
	}
	if l.why, err = s.whyNotA(ctx, f); err != nil {
		return l, err
	}
	if len(l.why) > 0 {
		if l.held || f.asked == binding.LevelA {
			return l, l.tooLow()
		}
		return l, nil
	}
	l.enabled, l.a = s.permits(f.account, f.remote)
	if !l.a {
		l.why = []string{WhyUnattested}
	}
	return l, nil
}

// tooLow is the refusal to make a lower cache by the way.
func (l *level) tooLow() error {
	return &vault.Problem{Cause: vault.LevelTooLow, Detail: strings.Join(l.why, ", "), Err: ErrNotA}
}

// ErrNotA says of a LevelTooLow problem that level A cannot be had, for the reasons
// in its Detail (Why… and Blocked… words, with ", " between), and that a
// lower one is only made where CacheRequest.Level asks for it.
var ErrNotA = errors.New("level A cannot be had now")

// whyNotA returns what is known, before anything is tried, to stand in the way
// of level A; nothing: that is none.
func (s *Session) whyNotA(ctx context.Context, f levelFacts) ([]string, error) {
	switch {
	case f.plan.trust == nil:
		return []string{WhyUngoverned}, nil
	case s.cfg.Chip == nil || s.cfg.Indices == nil:
		return []string{WhyNoChip}, nil
	}
	if _, ok := s.permits(f.account, f.remote); !ok {
		return []string{WhyUnattested}, nil
	}
	return f.store.Hindrances(ctx, cache.PlanRequest{Trust: *f.plan.trust, Device: f.account.Device.ID, Opens: f.plan.policy.Opens > 0})
}

// notA returns the word for an error of an attempt at level A, if it is one that
// a first cache may go on after at a lower level.
func notA(err error, p permits) (why string, ok bool) {
	switch {
	case *p.spent:
		return WhySpent, true
	case errors.Is(err, binding.ErrNoSpace):
		return WhyNoSpace, true
	case errors.Is(err, binding.ErrOwnerAuth):
		return binding.BlockedOwner, true
	case errors.Is(err, binding.ErrIndexTaken), errors.Is(err, vault.LevelTooLow):
		return binding.BlockedForeign, true
	case errors.Is(err, vault.NotPermitted), errors.Is(err, vault.Unsupported), errors.Is(err, vault.NotFound), errors.Is(err, vault.Usage):
		return WhyRefused, true
	}
	return "", false
}

// levelTerms says at which level a cache would be made now. problem is why none
// can be without the person's word.
func (s *Session) levelTerms(ctx context.Context, st *state, a *account, remote Remote, t *CacheTerms, pol lease.Policy) (problem, err error) {
	known := plan{policy: pol}
	if t.Governed && s.cfg.Chip != nil && s.cfg.Indices != nil {
		id, err := remote.Probe(ctx)
		if err != nil {
			return nil, err
		}
		if id.Server != nil {
			trust := trust(id.Server)
			known.trust = &trust
		}
	}
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := s.chooseLevel(ctx, levelFacts{account: a, remote: remote, store: store, plan: &known})
	t.WhyNotA, t.Held = l.why, l.held
	if t.Governed && known.trust == nil && len(t.WhyNotA) == 1 && t.WhyNotA[0] == WhyUngoverned {
		t.WhyNotA = []string{WhyNoChip}
	}
	if errors.Is(err, ErrNotA) {
		t.Password = t.Password || !s.signedInNow(a) // to give it up
		return err, nil
	}
	if err != nil || !l.a {
		return nil, err
	}
	t.Level = binding.LevelA
	t.Password = t.Password || !l.place && !s.signedInNow(a)
	return nil, nil
}
