package cache

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// Trust is a governing server as the client knows it.
type Trust struct {
	Root  []byte         // identity root, SubjectPublicKeyInfo, DER: pinned at the first sign-in
	Keys  []lease.SubKey // signed by the root, oldest first
	Epoch uint64         // leases of an earlier epoch do not hold
	Time  time.Time      // the server's time when it said so; zero: unknown
}

// Learn takes over what the server said about itself when it was met: its
// keys, signed by the pinned root, its epoch and its time. IdentityChanged if
// the root is another one or the keys are not the root's. Without client state
// it does nothing. Errors besides: Busy, ReadOnly.
func (s *Store) Learn(ctx context.Context, t Trust) error {
	st, err := s.state()
	if errors.Is(err, vault.NoCache) {
		return nil
	}
	if err != nil {
		return err
	}
	probe := *st
	if err := probe.learn(t); err != nil {
		return err
	}
	if probe.sameTrust(st) {
		return nil
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.release()
	return s.update(func(st *clientState) error { return st.learn(t) })
}

// learn puts t into the state. The root stays what it was, the epoch and the
// time only grow, and who was governed stays governed.
func (st *clientState) learn(t Trust) error {
	if _, err := lease.VerifySubKeys(t.Root, t.Keys); err != nil {
		return err
	}
	switch {
	case !st.Governed && (st.Current != nil || st.Next != nil):
		return vault.Fail(vault.IdentityChanged, "the cache is of a server that does not govern it")
	case st.Governed && !bytes.Equal(st.Root, t.Root):
		return vault.Fail(vault.IdentityChanged, "the cache is of another server identity")
	case len(t.Root) == 0:
		return vault.Fail(vault.IdentityUnknown, "a governing server without identity")
	}
	st.Governed, st.Root, st.Keys = true, t.Root, t.Keys
	st.Epoch = max(st.Epoch, t.Epoch)
	st.ServerTime = max(st.ServerTime, toUnix(t.Time))
	return nil
}

// serverTimeStep is how far the server's time must have moved to be worth a
// write by itself: the poll of the design.
const serverTimeStep = 15 * 60 // seconds

// sameTrust reports whether old holds what st holds, but for a few minutes.
func (st *clientState) sameTrust(old *clientState) bool {
	if st.Epoch != old.Epoch || st.ServerTime-old.ServerTime >= serverTimeStep || len(st.Keys) != len(old.Keys) {
		return false
	}
	for i := range st.Keys {
		if st.Keys[i].KID != old.Keys[i].KID || st.Keys[i].Use != old.Keys[i].Use {
			return false
		}
	}
	return st.Governed == old.Governed
}
