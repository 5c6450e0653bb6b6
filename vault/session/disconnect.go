package session

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/wire"
)

// CacheRequest is what a person gives to make a cache (Disconnect/Cache…).
type CacheRequest struct {
	// Password is the account's. It signs in where there is no live session,
	// and the master password must differ from it.
	Password, OTP vault.Secret
	// Master is asked for the new master password when everything else is in
	// order; the rules are what it will be held to.
	Master   func(ctx context.Context, rules policy.MasterRules) (vault.Secret, error)
	Comment  string   // why, where the server wants to know
	Progress Progress // may be nil
	Key      KeyRequest

	// Recovery tells the person what the recovery key of the organisation means for
	// this cache, before anything of it is made, and reports whether they were told;
	// its error ends the command. Nil, or not told: the machine secret is not
	// escrowed.
	Recovery func(ctx context.Context, r Recovery) (told bool, err error)

	keys choice // of the security keys, for a change of them; nil: as Key says
	// Level is how the cache is to be bound. Empty: as well as can be, and never
	// below level A once there was a cache of it. A: that, or none. B: at most
	// that; where there was one of level A it is given up, and its cache wiped,
	// for which the person has to sign in just then.
	Level binding.Level

	byTheWay bool // beside something else: nobody is there to be asked again
}

// Cached says what a new cache holds.
type Cached struct {
	Mode       Mode
	Report     cache.Report
	Withheld   *int // entries that the server keeps back; nil: it does not say
	Generation uint64
	Level      binding.Level
	WhyNotA    []string     // the Why… words, and the Blocked… words of tpm/binding; none at level A
	Lease      *lease.Lease // nil where no server governs
	Expires    time.Time    // zero: the calendar does not end it
}

// Disconnect writes the cache of the current account and goes Offline with it;
// the session's token is deleted. If no server answers, the earlier cache is
// what remains: the mode is Offline and the error Unreachable, or Disconnected
// and NoCache if there is none. Where ctx ends, in any Phase, the earlier cache
// and the mode are what they were, or the new cache is there whole; but at level
// A one index of the chip guards the master password, so with another one, or
// below level A, the earlier cache ends before the new one is made.
//
// Errors, nothing changed: NotSignedIn; SomeoneOffline while the client is
// offline (connect first); Unconfirmed while there are local edits, which the
// new cache would drop (connect lists them); NotPermitted, ApprovalPending,
// ApprovalDenied, Suspended, Revoked, LevelTooLow (with ErrNotA: only a lower
// one than before can be had, see CacheRequest.Level), CommentRequired,
// WeakPassword, Busy and those of SignIn and of cache.Prepare and Commit.
func (s *Session) Disconnect(ctx context.Context, r CacheRequest) (Cached, error) {
	st, err := s.home.load()
	if err != nil {
		return Cached{}, err
	}
	a := st.current()
	if a == nil {
		return Cached{}, vault.NotSignedIn
	}
	if err := r.Progress.enter(ctx, PhaseAsking); err != nil {
		return Cached{}, err
	}
	remote, err := s.reach(ctx, st, a)
	if err != nil {
		return Cached{}, s.previousCache(ctx, err)
	}
	mode, err := s.mode(ctx, st)
	switch {
	case err != nil:
		return Cached{}, err
	case mode == Offline:
		return Cached{}, someoneOffline(a)
	case s.hasDrafts(st, a):
		return Cached{}, vault.Fail(vault.Unconfirmed, "there are local edits that a new cache drops; connect first")
	}
	a, err = s.ensureSession(ctx, st, a, remote, Credentials{User: a.User, Password: r.Password, OTP: r.OTP})
	if err != nil {
		return Cached{}, s.previousCache(ctx, err)
	}
	made, err := s.makeCache(ctx, a, remote, r, nil)
	if err != nil {
		return Cached{}, s.lost(ctx, err)
	}
	// The cache is there: what follows from it is not given up half way.
	made.Mode, err = s.happened(context.WithoutCancel(ctx), Disconnect, true, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.Token = nil // what is offline needs no session
		}
		return nil
	})
	return made, err
}

// reach probes the pinned server of an account.
func (s *Session) reach(ctx context.Context, st *state, a *account) (Remote, error) {
	_, remote, err := s.meetServer(ctx, st, Target{URL: a.Server})
	return remote, err
}

// previousCache is what Disconnect does when the server is away: the earlier
// cache is offered, or its absence told. Other errors pass.
func (s *Session) previousCache(ctx context.Context, err error) error {
	if !errors.Is(err, vault.Unreachable) && !errors.Is(err, vault.BadAnswer) {
		return err
	}
	mode, changeErr := s.happened(ctx, ConnectionLost, false, nil)
	switch {
	case changeErr != nil:
		return errors.Join(err, changeErr)
	case mode == Offline:
		return err
	}
	st, loadErr := s.home.load()
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	status, statusErr := s.cacheStatus(ctx, st, st.current())
	if statusErr != nil || usable(status) {
		return errors.Join(err, statusErr)
	}
	return &vault.Problem{Cause: vault.NoCache, Detail: "and the server cannot be reached", Err: err}
}

// ensureSession makes a live session the Remote's, or signs in with what was
// given, and returns the account as it is then.
func (s *Session) ensureSession(ctx context.Context, st *state, a *account, remote Remote, c Credentials) (*account, error) {
	if c.Password.IsEmpty() {
		return a, s.resume(ctx, a, remote)
	}
	srv := st.server(a.Server)
	if srv == nil {
		return nil, vault.NotSignedIn
	}
	fresh, err := s.authenticate(ctx, st, *srv, remote, c)
	if err != nil {
		return nil, err
	}
	if _, err = s.home.update(ctx, func(st *state) error { fresh.settle(st); return nil }); err != nil {
		return nil, err
	}
	if err := s.attest(ctx, fresh.account.Key, remote, true); err != nil {
		return nil, err
	}
	if st, err = s.home.load(); err != nil {
		return nil, err
	}
	return st.current(), nil
}

// makeCache takes the content from the server and puts it into a new
// generation. With from, the new one keeps the password of what is open.
func (s *Session) makeCache(ctx context.Context, a *account, remote Remote, r CacheRequest, from *cache.Opened) (_ Cached, err error) {
	defer func() { err = s.whySuspended(ctx, a, remote, err) }()
	st, err := s.home.load()
	if err != nil {
		return Cached{}, err
	}
	srv := st.server(a.Server)
	if srv == nil {
		return Cached{}, vault.NotSignedIn
	}
	src := source{session: s, account: a, remote: remote, comment: r.Comment, progress: r.Progress, escrow: &escrowing{}}
	var plan plan
	if srv.Kind == Tideover {
		plan, err = src.governed(ctx)
	} else {
		plan, err = src.ungoverned(ctx)
	}
	if err != nil {
		return Cached{}, err
	}
	defer plan.content.Wipe()
	store, done, err := s.storeInUse(st, a)
	if err != nil {
		return Cached{}, err
	}
	defer done()
	if err := src.escrow.tell(ctx, a, r, withheld(ctx, store, from, plan.policy.SecurityKey, r)); err != nil {
		return Cached{}, err
	}
	m := &making{
		s: s, facts: levelFacts{a, remote, store, &plan, r.Level}, request: r, from: from,
		prepare: cache.PrepareRequest{
			Server: a.Server, User: a.User, Pin: srv.Pin, Device: a.Device.ID,
			Trust: plan.trust, Local: plan.local, Cost: s.cfg.Cost, MinLevel: plan.minLevel,
		},
	}
	if err := m.settle(ctx); err != nil {
		return Cached{}, err
	}
	if m.prepare.From = m.from; m.from == nil {
		if m.prepare.Password, err = s.newMaster(ctx, a, plan.rules, r); err != nil {
			return Cached{}, err
		}
		defer m.prepare.Password.Wipe()
	}
	if m.prepare.Keys, err = s.keysFor(ctx, store, from, plan.policy.SecurityKey, r); err != nil {
		return Cached{}, err
	}
	if err := r.Progress.enter(ctx, PhaseKey); err != nil {
		return Cached{}, err
	}
	pending, err := m.pending(ctx)
	if err != nil {
		return Cached{}, err
	}
	defer pending.Discard()
	content, token, err := m.fetch(ctx, pending)
	if err != nil {
		return Cached{}, err
	}
	defer content.Wipe()
	if err := r.Progress.enter(ctx, PhaseWriting); err != nil {
		return Cached{}, err
	}
	report, err := pending.Commit(ctx, content, token)
	if err != nil {
		return Cached{}, err
	}
	online := ctx
	ctx = context.WithoutCancel(ctx) // the cache is there; this computer has to know it
	d := pending.Declaration()
	made := Cached{Report: report, Withheld: plan.withheld, Generation: d.Generation, Level: d.Level, WhyNotA: m.level.why}
	if _, err := s.home.update(ctx, func(st *state) error {
		if known := st.account(a.Key); known != nil {
			known.CachedAs, known.Drafts, known.LevelA = a.User, nil, d.Level == binding.LevelA
			known.noteKeys(m.prepare.Keys, s.now())
			src.escrow.note(known, d)
		}
		return nil
	}); err != nil {
		return Cached{}, err
	}
	status, err := store.Status(ctx)
	if err != nil {
		return Cached{}, err
	}
	made.Lease = status.Lease
	if status.Lease != nil && status.Lease.Expires != lease.Never {
		made.Expires = status.Lease.Expires.Time()
	} else if plan.local != nil {
		made.Expires = plan.local.Expires
	}
	if srv.Kind == Tideover {
		// The server learns of the generation with the next contact if not now.
		if signer, err := s.signer(a); err == nil {
			_ = remote.Proof(online, a.Device.ID, made.Generation, signer)
			_ = s.upload(online, store, a, remote)
		}
	}
	return made, nil
}

// newMaster asks for the master password and holds it to the rules. NotSignedIn
// if it must differ from the account password and nothing is known of that: the
// person is asked for that one first.
func (s *Session) newMaster(ctx context.Context, a *account, rules policy.MasterRules, r CacheRequest) (vault.Secret, error) {
	if r.Password.IsEmpty() {
		if again, err := s.needsPassword(ctx, a, rules); err != nil {
			return vault.Secret{}, err
		} else if again {
			return vault.Secret{}, vault.Fail(vault.NotSignedIn, "%s: the master password must differ from the account password, which is needed for that once more", a.User)
		}
	}
	master, err := r.Master(ctx, rules)
	if err != nil {
		return vault.Secret{}, err
	}
	if err = rules.Check(master, r.Password, a.User); err == nil && rules.Differs {
		err = s.differs(ctx, a, r.Password, master)
	}
	if err != nil {
		master.Wipe()
		return vault.Secret{}, err
	}
	return master, nil
}

// differs returns WeakPassword if master is the account password: the one that
// was given, or the one of the sign-in. It returns nil where nothing is known of
// either.
func (s *Session) differs(ctx context.Context, a *account, password, master vault.Secret) error {
	same := false
	if !password.IsEmpty() {
		same = samePassword(master, password)
	} else if live, err := s.liveSession(ctx, a); err == nil {
		same = live.same(master)
		live.wipe()
	}
	if same {
		return vault.Fail(vault.WeakPassword, "the same as the account password")
	}
	return nil
}

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
	withheld *int           // entries that the server will keep back; nil: unknown
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
	if err := s.attest(ctx, a.Key, src.remote, false); err != nil {
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
	var withheld *int
	if run, err := src.remote.DryRun(ctx, dev.ID); err == nil {
		withheld = &run.Excluded
	}
	src.escrow.take(s.serverOf(a), id.Server, a.UserID)
	t := trust(id.Server)
	return plan{
		withheld: withheld,
		trust:    &t, rules: policy.MasterRulesOf(pol), policy: pol, minLevel: pol.MinLevel,
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
