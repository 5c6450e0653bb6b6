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
func (s *Store) wantsA(ctx context.Context, r PrepareRequest) (bool, error) {
	st, err := s.state()
	if errors.Is(err, vault.NoCache) {
		return r.A != nil, nil
	}
	if err != nil {
		return false, err
	}
	return r.A != nil || s.armed(ctx, st), nil
}

// armed reports whether a generation of level A may have been made with the
// slots: pin_fail is written before the first of them. Indices that are planned,
// or provisioned for later, lower nothing. A chip that does not say counts as
// one that has them.
func (s *Store) armed(ctx context.Context, st *clientState) bool {
	slots, ok := st.slots()
	if !ok {
		return false
	}
	if s.endangered(st) {
		return true
	}
	x, err := s.indexed(slots)
	if err != nil {
		return true
	}
	_, err = x.Tries(ctx)
	return !errors.Is(err, binding.ErrNoIndices)
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
		return s.samePassword(ctx, r, x, st)
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

// samePassword works through a master password that is to be that of the
// generation in place, and has the chip say whether it is: later, the server
// would have sent everything for nothing.
func (s *Store) samePassword(ctx context.Context, r PrepareRequest, x Indexed, st *clientState) (*credentials, error) {
	f, err := s.examine(ctx, s.path(cacheName), st)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if f.approval == nil || f.outer == nil {
		return nil, f.problem
	}
	creds, err := derive(ctx, r.Password, f.record.Derivation)
	if err != nil {
		return nil, err
	}
	err = x.Rehearse(ctx, binding.SealedUse{Object: f.record.Object, Terms: f.record.terms(), Approval: f.approval, Auth: creds.auth})
	switch {
	case errors.Is(err, binding.ErrWrongAuth):
		err = s.wrongPassword(ctx, f)
	case errors.Is(err, binding.ErrClockEnded), errors.Is(err, binding.ErrBootsEnded):
		// Its lease is over, so it cannot be tried. The rehearsal of the new one tells.
		return creds, nil
	case err != nil:
		err = f.refused(err)
	default:
		return creds, nil
	}
	creds.wipe()
	return nil, err
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
		if st.Indices == nil { // they went with the wipe
			return vault.Fail(vault.OtherMachine, "the chip's indices are gone")
		}
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
