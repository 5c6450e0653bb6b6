package cache

import (
	"cmp"
	"context"
	"math"
	"strings"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// measureBelowA is what prepare does at levels B to C before it seals.
func (s *Store) measureBelowA(ctx context.Context, r PrepareRequest, rec *record) (*credentials, binding.Clock, error) {
	clock, err := s.measure(ctx, r, rec)
	if err != nil {
		return nil, clock, err
	}
	if r.Trust != nil {
		if err := rec.takeKey(r.Trust); err != nil {
			return nil, clock, err
		}
	} else {
		rec.Local = r.Local.terms(rec.Created, clock)
		if !rec.Level.Sealed() {
			rec.Local.Bounds = noBounds()
		}
	}
	creds, err := s.credentials(ctx, r)
	return creds, clock, err
}

// measure asks the chip for what goes into the record.
func (s *Store) measure(ctx context.Context, r PrepareRequest, rec *record) (binding.Clock, error) {
	chip := s.opt.Chip
	if chip == nil {
		return binding.Clock{}, s.measureKeychain(r, rec)
	}
	m, err := chip.Machine(ctx)
	if err != nil {
		return binding.Clock{}, chipProblem(err)
	}
	rec.Level = m.Level
	if rec.Level == binding.LevelA {
		rec.Level = binding.LevelB // A is measured with the cache's own indices
	}
	if !rec.Level.Sealed() || r.MinLevel != "" && !rec.Level.AtLeast(r.MinLevel) {
		return binding.Clock{}, vault.Fail(vault.LevelTooLow, "this machine reaches %s, %s is asked for %v", rec.Level, r.MinLevel, m.BlockedBy)
	}
	if err := chip.Pin(m.RootName); err != nil {
		return binding.Clock{}, err
	}
	clock, err := chip.Clock(ctx)
	if err != nil {
		return clock, chipProblem(err)
	}
	if rec.Level == binding.LevelB { // Commit unseals once
		t, err := chip.Tries(ctx)
		if err != nil {
			return clock, chipProblem(err)
		}
		if t.Known && t.Left == 0 {
			f := finding{tries: t}
			return clock, f.lockedOut(s.opt.Now())
		}
	}
	rec.Root = m.RootName
	rec.takeFacts(m, clock)
	return clock, nil
}

// takeFacts puts what was measured of the chip into the record.
func (r *record) takeFacts(m binding.Machine, clock binding.Clock) {
	r.Chip = chipFacts{
		Virtual: m.Virtual, Manufacturer: shorten(m.Manufacturer), Firmware: shorten(m.Firmware),
		ClockMS: clock.MS, Resets: clock.Resets,
	}
}

// measureKeychain makes rec one of level C, if that is good enough and the
// machine has no chip.
func (s *Store) measureKeychain(r PrepareRequest, rec *record) error {
	switch {
	case !s.opt.NoChip:
		return vault.Fail(vault.ChipMissing, "no chip")
	case r.MinLevel == "" || !binding.LevelC.AtLeast(r.MinLevel):
		return vault.Fail(vault.LevelTooLow, "this machine has no chip, so it reaches %s at most, and %s is asked for", binding.LevelC, cmp.Or(r.MinLevel, binding.LevelB0))
	case s.opt.Keychain == nil:
		return vault.Fail(vault.NoSecretStore, "no keychain")
	}
	rec.Level = binding.LevelC
	return nil
}

// takeKey puts the server's TPM policy key into the record.
func (r *record) takeKey(t *Trust) error {
	keys, err := lease.VerifySubKeys(t.Root, t.Keys)
	if err != nil {
		return err
	}
	pub, ok := keys.Newest(lease.UseTPM)
	if !ok {
		return vault.Fail(vault.BadAnswer, "the server has no key for security chips")
	}
	r.Key, err = binding.KeyOf(pub)
	return err
}

// noBounds are bounds that no chip reaches.
func noBounds() binding.Bounds {
	return binding.Bounds{ClockMS: math.MaxUint64, Resets: math.MaxUint32}
}

// terms turns a local policy into bounds that stand in the sealed object.
func (l *Local) terms(now time.Time, clock binding.Clock) *localTerms {
	t := &localTerms{Policy: l.Policy, Bounds: noBounds()}
	if !l.Expires.IsZero() {
		t.Expires = l.Expires.UTC().Truncate(time.Second)
	}
	life := l.Policy.PoweredOn.Duration()
	if life == 0 && !t.Expires.IsZero() {
		life = t.Expires.Sub(now)
	}
	if life > 0 {
		t.Bounds.ClockMS = clock.MS + uint64(life.Milliseconds())
	}
	if b := l.Policy.Boots; b > 0 && b < math.MaxUint32-clock.Resets {
		t.Bounds.Resets = clock.Resets + b
	}
	return t
}

// shorten makes a description of the chip what the record takes.
func shorten(s string) string { return cutTo(s, maxChipText) }

// cutTo returns at most n bytes of a text, and no half of a character.
func cutTo(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }
