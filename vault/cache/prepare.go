package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/process"
)

// PrepareRequest says for whom a new generation is made. Either Trust or Local
// is set; either Password or From.
type PrepareRequest struct {
	Server   string       // address, for status and messages
	User     string       // in the form typed at caching (PPS-04)
	Pin      string       // that connections to the server prove, for the file's origin; empty: a certificate is enough
	Device   vault.ID     // as the server knows this device; not governed: any, but always the same
	Password vault.Secret // master password, any Unicode form; the caller wipes it
	From     *Opened      // keeps the password of a cache of this Store that is open

	Trust *Trust // of the governing server
	Local *Local // no server governs (Pleasant)

	// A asks for a cache of level A. Once there was one, or its indices, every
	// generation is of that level, and A is needed only where the server has to
	// permit something: another password, new tries or openings.
	A *LevelA

	Cost Cost // of each key derivation; zero: that of the cache in place, or DefaultCost
	// Keys are security keys, any one of which is needed to open the cache, besides
	// everything else; none: no key is. They must come from fido.Enrol, from
	// Opened.SecurityKeys or from SignedKeys.
	Keys []fido.Key

	MinLevel binding.Level // LevelTooLow below it; empty: any that a chip seals. Level C must be named
}

// Local stands in for a lease where no server signs one. Its bounds go into
// the sealed object itself.
type Local struct {
	Expires time.Time    // from the server's package; zero: the calendar does not end it
	Policy  lease.Policy // of the client
}

// Declaration is what the client tells the server about a generation before it
// gets the content; the server signs it into the lease.
type Declaration struct {
	Cache      vault.ID
	Generation uint64
	Record     [32]byte // SHA-256
	RootName   []byte   // 34 bytes
	Level      binding.Level
	Virtual    bool
	Clock      binding.Clock
	User       string
	Indices    *binding.Indices // level A
}

// Pending is a generation that is sealed and not yet on disk. It is not safe
// for concurrent use, but Discard may be called twice.
type Pending struct {
	store   *Store
	request PrepareRequest // without secrets
	record  *record
	der     []byte
	secret  []byte
	keys    []fido.Key
	item    []byte           // the keys, as the file has them
	factor  vault.Secret     // lies with creds, like secret
	made    binding.Creation // of the sealed object; zero: the chip does not tell
	creds   *credentials
	clock   binding.Clock
	done    sync.Once
}

// Prepare takes the next generation number, draws a machine secret and seals
// it. Nothing that can be opened is on disk afterwards; the number is used up.
// The Pending must be committed or discarded; it holds the lock until then.
// Errors: Busy, ReadOnly, Damaged (client state), ChipMissing, NoSecretStore,
// LevelTooLow (at level A: nothing lower is made while the cache has indices, see
// GiveUpA), ChipLocked, IdentityChanged, WeakPassword (empty), and those of
// A.Server.
func (s *Store) Prepare(ctx context.Context, r PrepareRequest) (*Pending, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.opt.Dir, 0o700); err != nil {
		return nil, unwritable(err)
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if err := s.claim(); err != nil {
		s.release()
		return nil, err
	}
	var p *Pending
	var err error
	process.Discreetly(func() { p, err = s.prepare(ctx, r) })
	if err != nil {
		_ = s.tidy() // whoever takes the lock next tries again
		s.unclaim()
		s.release()
		return nil, err
	}
	return p, nil
}

// check reports a request that makes no sense, which is the program's fault,
// and a password that is none.
func (r *PrepareRequest) check() error {
	switch {
	case (r.Trust == nil) == (r.Local == nil):
		return errors.New("prepare: either Trust or Local")
	case r.From == nil && r.Password.IsEmpty():
		return vault.Fail(vault.WeakPassword, "empty")
	case r.User == "" || r.Device.IsZero():
		return errors.New("prepare: no user or no device")
	}
	if r.A != nil {
		if err := r.A.check(); err != nil {
			return err
		}
		if r.Trust == nil {
			return errors.New("prepare: level A needs a governing server")
		}
	}
	if r.Local != nil {
		return r.Local.Policy.Check()
	}
	return nil
}

func (s *Store) prepare(ctx context.Context, r PrepareRequest) (*Pending, error) {
	rec := &record{Governed: r.Trust != nil, Device: r.Device, Created: s.opt.Now().UTC().Truncate(time.Second)}
	measure := s.measureBelowA
	if wanted, err := s.wantsA(ctx, r); err != nil {
		return nil, err
	} else if wanted {
		measure = s.measureA
	}
	creds, clock, err := measure(ctx, r, rec)
	if err != nil {
		return nil, err
	}
	rec.Derivation = creds.derivation
	p := &Pending{store: s, request: r, record: rec, creds: creds, clock: clock, secret: creds.memory.Bytes(secretBytes), keys: r.Keys}
	p.request.Password, p.request.From, p.request.A = vault.Secret{}, nil, nil
	rand.Read(p.secret) //nolint:errcheck // never returns an error (Go 1.24)
	if err := p.seal(ctx); err != nil {
		p.wipe()
		return nil, err
	}
	return p, nil
}

// credentials works through the master password, with the salt and the cost
// of the cache in place, or takes them from one that is open.
func (s *Store) credentials(ctx context.Context, r PrepareRequest) (*credentials, error) {
	if r.From != nil {
		return r.From.credentials()
	}
	d := derivation{Cost: r.Cost}
	if st, err := s.load(); err == nil && st.Current != nil {
		if o, err := readOuter(s.path(cacheName), s.limits()); err == nil && o.record.Generation > st.WipedThrough {
			if d.Cost == (Cost{}) {
				d.Cost = o.record.Derivation.Cost
			}
			if d.Cost == o.record.Derivation.Cost {
				d.Salt = o.record.Derivation.Salt
			}
		}
	}
	if d.Cost == (Cost{}) {
		d.Cost = DefaultCost()
	}
	if d.Salt == [saltBytes]byte{} {
		rand.Read(d.Salt[:]) //nolint:errcheck // never returns an error (Go 1.24)
	}
	return derive(ctx, r.Password, d)
}

// seal takes a number, makes that durable, and only then asks the chip.
func (p *Pending) seal(ctx context.Context) error {
	sealer, err := p.store.sealer(p.record)
	if err != nil {
		return err
	}
	counter := uint64(0)
	if x, ok := sealer.(Indexed); ok {
		if counter, err = x.Counter(ctx); err != nil {
			return chipProblem(err)
		}
	}
	if err := p.store.takeNumber(p.request, p.record, counter); err != nil {
		return err
	}
	if err := p.addKeys(); err != nil {
		return err
	}
	auth := p.creds.auth
	if p.record.Level == binding.LevelA {
		auth = nil // the password is pin_fail's
	}
	if prover, ok := sealer.(Prover); ok {
		p.record.Object, p.made, err = prover.SealForProof(ctx, p.record.terms(), auth, p.secret)
	} else {
		p.record.Object, err = sealer.Seal(ctx, p.record.terms(), auth, p.secret)
	}
	if err != nil {
		return chipProblem(err)
	}
	if err := p.record.checkObject(); err != nil {
		return err
	}
	p.der, err = p.record.marshal()
	return err
}

// takeNumber makes the next generation number, and what the server said about
// itself, durable. The chip's counter, 0 below level A, is below that number.
func (s *Store) takeNumber(r PrepareRequest, rec *record, counter uint64) error {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st, err := s.state()
	if errors.Is(err, vault.NoCache) {
		st, err = &clientState{Cache: vault.NewID()}, nil
	}
	if err != nil {
		return err
	}
	if r.Trust != nil {
		if err := st.learn(*r.Trust); err != nil {
			return err
		}
	} else if st.Governed {
		return vault.Fail(vault.IdentityChanged, "the cache was governed by a server, and is not to be any more")
	}
	st.HighestSealed = binding.NextGeneration(counter, st.HighestSealed)
	rec.Cache, rec.Generation = st.Cache, st.HighestSealed
	if rec.Level == binding.LevelC {
		st.owe(rec.Generation)
	}
	return s.save(st)
}

// Declaration returns what to send to the server.
func (p *Pending) Declaration() Declaration {
	d := Declaration{
		Cache: p.record.Cache, Generation: p.record.Generation, Record: sum(p.der),
		RootName: append([]byte(nil), p.record.Root...), Level: p.record.Level, Virtual: p.record.Chip.Virtual,
		Clock: p.clock, User: p.request.User,
	}
	if p.record.Slots != nil {
		x := p.record.Slots.Indices
		d.Indices = &x
	}
	return d
}

// Discard gives the generation up, wipes its secrets and releases the lock.
// After Commit it does nothing.
func (p *Pending) Discard() {
	p.done.Do(p.end)
}

// end wipes the secrets and gives back what Prepare took. Of the keychain's
// items those stay that the file in place needs.
func (p *Pending) end() {
	p.wipe()
	_ = p.store.tidy() // whoever takes the lock next tries again
	p.store.unclaim()
	p.store.release()
}

func (p *Pending) wipe() {
	p.secret, p.factor = nil, vault.Secret{}
	p.creds.wipe()
}
