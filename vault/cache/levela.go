package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
)

// wantsA reports whether the next generation is of level A: the caller asks
// for it, or the cache has been armed before. Nothing lowers it by the way.
func (s *Store) wantsA(r PrepareRequest) (bool, error) {
	st, err := s.state()
	if errors.Is(err, vault.NoCache) {
		return r.A != nil, nil
	}
	if err != nil {
		return false, err
	}
	return r.A != nil || st.Indices != nil, nil
}

// measureA is what prepare does at level A before it seals: the indices are
// made whole, the chip is asked, and the password becomes that of pin_fail.
func (s *Store) measureA(ctx context.Context, r PrepareRequest, rec *record) (*credentials, binding.Clock, error) {
	var none binding.Clock
	if r.Trust == nil {
		return nil, none, vault.Fail(vault.IdentityChanged, "level A needs the server that governs it")
	}
	if err := rec.takeKey(r.Trust); err != nil {
		return nil, none, err
	}
	if err := s.settled(ctx); err != nil {
		return nil, none, err
	}
	x, slots, err := s.arm(ctx, r, rec.Key)
	if err != nil {
		return nil, none, err
	}
	m, err := x.Machine(ctx)
	if err != nil {
		return nil, none, chipProblem(err)
	}
	if m.Level != binding.LevelA {
		return nil, none, vault.Fail(vault.LevelTooLow, "this machine reaches %s, the cache is of A: %v", m.Level, m.BlockedBy)
	}
	if err := x.Pin(m.RootName); err != nil {
		return nil, none, err
	}
	clock, err := x.Clock(ctx)
	if err != nil {
		return nil, none, chipProblem(err)
	}
	rec.Level, rec.Root, rec.Slots = binding.LevelA, m.RootName, &slots
	rec.takeFacts(m, clock)
	creds, err := s.credentialsA(ctx, r, x, slots)
	return creds, clock, err
}

// settled reports a commit of which nobody can say now whether it happened: no
// other may be begun before. FORMAT.md 8.
func (s *Store) settled(ctx context.Context) error {
	if err := s.recover(ctx); err != nil {
		return err
	}
	if st, err := s.state(); err == nil && st.Next != nil && st.Indices != nil && exists(s.path(cacheName+newSuffix)) {
		return vault.Fail(vault.Busy, "the chip does not say whether the last commit is done")
	}
	return nil
}

// credentialsA works through the master password. Where a generation of level A
// is in place and keeps its password, they are those of that one; else pin_fail
// is keyed anew, and all that opened with the value before is ended first.
func (s *Store) credentialsA(ctx context.Context, r PrepareRequest, x Indexed, slots binding.Slots) (*credentials, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	place := s.placeA(st)
	if place != nil && (r.A == nil || !r.A.NewPassword) {
		if r.From != nil {
			return r.From.credentials()
		}
		return derive(ctx, r.Password, place.record.Derivation)
	}
	switch {
	case r.A == nil:
		return nil, vault.Fail(vault.LevelTooLow, "the server has to permit the master password: sign in")
	case r.From != nil:
		return nil, errors.New("prepare: at level A a password comes from an open cache only if that is of level A")
	}
	d := derivation{Cost: r.Cost}
	if d.Cost == (Cost{}) {
		d.Cost = DefaultCost()
	}
	rand.Read(d.Salt[:]) //nolint:errcheck // never returns an error (Go 1.24)
	creds, err := derive(ctx, r.Password, d)
	if err != nil {
		return nil, err
	}
	if err := s.rekey(ctx, rekeying{x, slots, r.A, s.endangered(st)}, creds.auth); err != nil {
		creds.wipe()
		return nil, err
	}
	return creds, nil
}

// placeA returns the file of the current generation, if it is of level A; nil
// if there is none.
func (s *Store) placeA(st *clientState) *outer {
	if st.Current == nil || st.Current.Generation <= st.WipedThrough {
		return nil
	}
	o, err := readOuter(s.path(cacheName), s.limits())
	if err != nil || o.record.Slots == nil || o.record.Generation != st.Current.Generation {
		return nil
	}
	return o
}

// endangered reports whether what is in place ends with the value of pin_fail:
// it is of level A, or cannot be read.
func (s *Store) endangered(st *clientState) bool {
	if st.Current == nil {
		return false
	}
	o, err := readOuter(s.path(cacheName), s.limits())
	return err != nil || o.record.Slots != nil
}

// rekeying is what is keyed anew.
type rekeying struct {
	x     Indexed
	slots binding.Slots
	a     *LevelA
	wipe  bool // a generation of level A is in place, or may be anywhere
}

// rekey makes auth the value of pin_fail. The server permits it only where it
// has the chip's word that nothing opens any more that it ever approved.
func (s *Store) rekey(ctx context.Context, k rekeying, auth []byte) error {
	if k.wipe {
		// As with Clear, a journal that cannot be written stops no wipe.
		if st, err := s.state(); err == nil && st.Current != nil {
			_ = s.note(st.Current.Device, audit.Event{Type: audit.Clear, Detail: "new password", Generation: st.Current.Generation})
		}
		if err := s.markWiped(ByUser); err != nil {
			return err
		}
		if err := s.finishWipe(ctx); err != nil {
			return err
		}
	}
	st, err := s.state()
	if err != nil {
		return err
	}
	if st.HighestSealed > 0 {
		if !k.wipe {
			if _, err := k.x.Wipe(ctx, st.HighestSealed); err != nil {
				return chipProblem(err)
			}
		}
		if err := (reader{k.x, k.slots.Indices, binding.Counter}).tell(ctx, k.a.Server); err != nil {
			return err
		}
		if st.Indices.Receipt != 0 {
			if err := s.update(func(st *clientState) error { st.Indices.Receipt = 0; return nil }); err != nil {
				return err
			}
		}
	}
	permit, err := k.a.Server.Permit(ctx, binding.PermitRequest{Indices: k.slots.Indices, Index: binding.PinFail, Kind: binding.PermitRekey})
	if err != nil {
		return fmt.Errorf("permit for another password: %w", err)
	}
	if err := k.x.Rekey(ctx, auth, permit); err != nil {
		return chipProblem(err)
	}
	return nil
}
