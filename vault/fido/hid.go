package fido

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
)

// HID speaks CTAP2 with the keys that a Finder finds. It keeps none of them
// open between two operations.
type HID struct{ finder Finder }

var _ Platform = (*HID)(nil)

// NewHID returns a platform over the finder's keys.
func NewHID(f Finder) *HID { return &HID{finder: f} }

// Register implements Platform with the one key that is plugged in.
func (h *HID) Register(ctx context.Context, r Registration, a Asker) (Registered, error) {
	sessions, release, err := h.sessions(ctx, a)
	if err != nil {
		return Registered{}, err
	}
	defer release()
	if len(sessions) > 1 {
		return Registered{}, vault.Fail(vault.SeveralKeys, "%d security keys", len(sessions))
	}
	return sessions[0].register(ctx, r, a)
}

// Evaluate implements Platform with the first key that has one of the
// credentials.
func (h *HID) Evaluate(ctx context.Context, keys []Key, a Asker) (int, vault.Secret, error) {
	sessions, release, err := h.sessions(ctx, a)
	if err != nil {
		return 0, vault.Secret{}, err
	}
	defer release()
	var silent []*session
	var first error
	for _, s := range sessions {
		i, err := s.find(ctx, keys, nil)
		switch {
		case err == nil && i >= 0:
			output, err := s.evaluate(ctx, &keys[i], a)
			return i, output, err
		case errors.Is(err, errTokenNeeded):
			silent = append(silent, s)
		case err != nil && ctx.Err() != nil:
			return 0, vault.Secret{}, err
		case err != nil && first == nil:
			first = err
		}
	}
	if len(silent) > 0 {
		s := silent[0] // the others are not asked: a PIN is shown to one key only
		once := &askOnce{Asker: a}
		defer once.pin.Wipe()
		i, err := s.findWithToken(ctx, keys, once)
		if err != nil {
			return 0, vault.Secret{}, err
		}
		if i >= 0 {
			output, err := s.evaluate(ctx, &keys[i], once)
			return i, output, err
		}
	}
	if first == nil {
		first = &vault.Problem{Cause: vault.KeyUnknown}
	}
	return 0, vault.Secret{}, first
}

// findWithToken is find for a key that wants a PIN for everything.
func (s *session) findWithToken(ctx context.Context, keys []Key, a Asker) (int, error) {
	token, err := s.token(ctx, mayAssert, a)
	if err != nil {
		return -1, err
	}
	defer clear(token)
	return s.find(ctx, keys, token)
}

// sessions greets every key that is plugged in. It returns at least one, or why
// there is none; release closes them.
func (h *HID) sessions(ctx context.Context, a Asker) ([]*session, func(), error) {
	k, err := newCodec()
	if err != nil {
		return nil, nil, err
	}
	devices, err := h.finder.Find()
	release := func() {
		for _, d := range devices {
			_ = d.Close() // nothing more is wanted of it
		}
	}
	if len(devices) == 0 {
		problem := &vault.Problem{Cause: vault.KeyMissing, Err: err}
		if err != nil {
			problem.Detail = err.Error()
		}
		return nil, nil, problem
	}
	var found []*session
	var first error
	for _, d := range devices {
		s, err := newSession(ctx, k, d, a.Touch)
		switch {
		case err == nil:
			found = append(found, s)
		case ctx.Err() != nil:
			release()
			return nil, nil, err
		case first == nil:
			first = err
		}
	}
	if len(found) == 0 {
		release()
		return nil, nil, first
	}
	return found, release, nil
}
