package session

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// DryRun asks the server what a cache would hold on this device now, and why
// not the rest. A device that the server has forgotten is enrolled anew when a
// cache is made; until then the answer is that for the best of the user's. A
// Pleasant server does not say which entries it keeps back: the answer is then
// the most that may come, worked out from what it lists.
func (s *Session) DryRun(ctx context.Context) (wire.DryRun, error) {
	st, a, remote, err := s.online(ctx)
	if err != nil {
		return wire.DryRun{}, err
	}
	var run wire.DryRun
	if srv := st.server(a.Server); srv != nil && srv.Kind == Tideover {
		if run, err = dryRun(ctx, a, remote); err == nil && tooLow(run) {
			run, err = s.dryRunAtBest(ctx, st, a, remote, run)
		}
	} else {
		run, err = s.estimate(ctx, a, remote)
	}
	return run, s.lost(ctx, err)
}

// tooLow reports whether a server keeps something back because of the level that
// the device says it reaches.
func tooLow(run wire.DryRun) bool { return run.ByReason[wire.ReasonLevelTooLow] > 0 }

// dryRunAtBest is run at the level that a cache would have now.
func (s *Session) dryRunAtBest(ctx context.Context, st *state, a *account, remote Remote, run wire.DryRun) (wire.DryRun, error) {
	_, pol, err := governance(ctx, remote)
	if err != nil {
		return run, err
	}
	t := CacheTerms{Governed: true, Run: run}
	if _, err := s.levelTerms(ctx, st, a, remote, &t, pol); err != nil || t.Level != binding.LevelA {
		return run, err
	}
	return s.dryRunAtA(ctx, a, remote, run)
}

// dryRunAtA is run at level A. The server judges by what the device said when it
// registered, and of level A nobody can know before the chip was proven.
func (s *Session) dryRunAtA(ctx context.Context, a *account, remote Remote, run wire.DryRun) (wire.DryRun, error) {
	if !tooLow(run) || a.Device.ID.IsZero() || len(a.Device.KeyBlob) == 0 {
		return run, nil
	}
	machine, err := s.machine(ctx)
	if err != nil {
		return run, err
	}
	machine.Level = binding.LevelA
	if _, err := s.register(ctx, &a.Device, machine, remote); err != nil {
		return run, err
	}
	return dryRun(ctx, a, remote)
}

func dryRun(ctx context.Context, a *account, remote Remote) (wire.DryRun, error) {
	run, err := remote.DryRun(ctx, a.Device.ID)
	if errors.Is(err, vault.NotFound) && !a.Device.ID.IsZero() {
		run, err = remote.DryRun(ctx, vault.ID{})
	}
	return run, err
}

// ErrNothingOffline says of a NotPermitted problem that none of the entries of the
// account may be used offline.
var ErrNothingOffline = errors.New("nothing may be used offline")

// nothingFor is nothingOffline where the server has said why: a device that
// reaches too little can have nothing, whatever its user may.
func nothingFor(run wire.DryRun) error {
	if run.ByReason[wire.ReasonLevelTooLow] > 0 {
		return vault.Fail(vault.LevelTooLow, "all that may be used offline asks for more than this device has proven")
	}
	return nothingOffline()
}

func nothingOffline() error {
	return &vault.Problem{Cause: vault.NotPermitted, Detail: ErrNothingOffline.Error(), Err: ErrNothingOffline}
}
