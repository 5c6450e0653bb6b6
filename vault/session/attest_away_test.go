package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// closed is a chip whose endorsement hierarchy is closed to this user.
type closed struct{ *tpm.Chip }

func (closed) Endorsement(context.Context) (binding.Endorsement, error) {
	return binding.Endorsement{}, errors.Join(binding.ErrEndorsement, binding.ErrUnavailable)
}

// half is a chip that may be read, and solves no challenge.
type half struct{ *tpm.Chip }

func (half) Activate(context.Context, binding.Activation) ([]byte, error) {
	return nil, errors.Join(binding.ErrEndorsement, binding.ErrUnavailable)
}

// A chip that cannot be proved is no obstacle: the device goes on, not proven,
// and the reason is told.
func TestChipThatCannotBeProven(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*pc)
		why    session.Unproven
	}{
		{"endorsement closed", func(p *pc) { p.prover = closed{p.chip} }, session.UnprovenEndorsement},
		{"closed when it matters", func(p *pc) { p.prover = half{p.chip} }, session.UnprovenEndorsement},
		{"older server", func(p *pc) { p.old = true }, session.UnprovenServer},
		{"older program", func(p *pc) { p.prover = nil }, session.UnprovenOldKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newBeliever(t).newPC(tpmtest.Intel)
			tt.change(p)
			p.run()
			p.must(p.signIn())
			if got := p.status().Device.Chip; got.Asked || got.Proven || got.Why != tt.why {
				t.Errorf("%+v, want %s", got, tt.why)
			}
			made, err := p.disconnect()
			p.must(err)
			if made.Lease.Proven || made.Lease.Level != binding.LevelB {
				t.Errorf("level %s, proven %v", made.Lease.Level, made.Lease.Proven)
			}
			if n := len(p.devices()); n != 1 {
				t.Errorf("%d devices", n)
			}

			// With what was missing, the next sign-in proves the chip, but for a key
			// whose making nobody kept: that takes another device.
			p.prover, p.old = p.chip, false
			p.run()
			_, err = p.s.Connect(t.Context(), session.ConnectRequest{Password: secret(accountPassword)})
			p.must(err)
			if tt.why == session.UnprovenOldKey {
				if got := p.status().Device.Chip; got.Why != tt.why {
					t.Errorf("later: %+v", got)
				}
				p.must(p.catalog.SetDeviceState(t.Context(), p.op, p.devices()[0].ID, store.DeviceRevoked, "to enrol it anew"))
				_, err := p.s.Check(t.Context())
				p.must(err)
				p.must(p.signIn())
			}
			if got := p.status().Device.Chip; !got.Proven {
				t.Errorf("later: %+v", got)
			}
		})
	}
}

// A chip of software with the certificate of a real one is refused, and makes
// caches as a chip that is not known.
func TestForgedChip(t *testing.T) {
	t.Parallel()
	b := newBeliever(t)
	genuine, forger := b.newPC(tpmtest.Intel), b.newPC(tpmtest.Intel)
	ek, err := genuine.chip.Endorsement(t.Context())
	b.must(err)
	for name, shown := range map[string]binding.Endorsement{
		"the whole identity": ek,
		"the certificate":    {Certificates: ek.Certificates},
	} {
		t.Run(name, func(t *testing.T) {
			forger.home = t.TempDir()
			forger.prover = pretender{forger.chip, shown}
			forger.run()
			forger.must(forger.signIn())
			if got := forger.status().Device.Chip; got.Asked || got.Proven || got.Why != session.UnprovenRefused {
				t.Errorf("%+v", got)
			}
			made, err := forger.disconnect()
			forger.must(err)
			if made.Lease.Proven {
				t.Error("a lease that says proven")
			}
		})
	}
	alarms := 0
	for r, err := range b.catalog.Audit(t.Context(), b.op, catalog.AuditQuery{Action: catalog.ActionDeviceAlarm}) {
		b.must(err)
		if r.Outcome == "attestation" {
			alarms++
		}
	}
	if alarms == 0 {
		t.Error("no alarm")
	}
}

// pretender shows another chip's identity for its own.
type pretender struct {
	*tpm.Chip
	shown binding.Endorsement
}

func (p pretender) Endorsement(ctx context.Context) (binding.Endorsement, error) {
	own, err := p.Chip.Endorsement(ctx)
	if p.shown.Public == nil {
		p.shown.Public = own.Public
	}
	return p.shown, err
}

func (p pretender) Activate(ctx context.Context, a binding.Activation) ([]byte, error) {
	secret, err := p.Chip.Activate(ctx, a)
	if err != nil {
		return make([]byte, 32), nil //nolint:nilerr // it guesses
	}
	return secret, nil
}

// A home and a chip that were copied are two devices with one identity. Whoever
// comes second is told so, and both wait for an administrator.
func TestCopiedHomeAndChip(t *testing.T) {
	t.Parallel()
	p := newBeliever(t).newPC(tpmtest.Intel)
	p.must(p.signIn())
	_, err := p.disconnect()
	p.must(err)
	copied, home := p.machine.Snapshot(), t.TempDir()
	p.must(os.CopyFS(home, os.DirFS(p.home)))

	// The original goes on for more than any network takes.
	p.machine.AdvanceClock(twoHours)
	p.wait(twoHours)
	_, err = p.s.Connect(t.Context(), session.ConnectRequest{Password: secret(accountPassword)})
	p.must(err)
	_, err = p.disconnect()
	p.must(err)

	p.s.Close()
	p.machine.Restore(copied)
	p.chip = p.machine.Open(t)
	original := p.home
	p.home, p.prover = home, p.chip
	p.run()
	_, err = p.s.Connect(t.Context(), session.ConnectRequest{Password: secret(accountPassword), Master: ask(strong)})
	p.must(err)
	_, err = p.disconnect()
	if !errors.Is(err, vault.Suspended) || !errors.Is(err, session.ErrCopiedChip) {
		t.Fatalf("the copy: %v", err)
	}
	if st := p.status(); st.Device.State != wire.DeviceSuspended || !st.Device.Copied {
		t.Errorf("%+v", st.Device)
	}

	// The way back: an administrator who knows which of the two is to stay.
	p.must(p.catalog.SetDeviceState(t.Context(), p.op, p.devices()[0].ID, store.DeviceApproved, ""))
	_, err = p.s.Check(t.Context())
	p.must(err)
	if st := p.status(); st.Device.State != wire.DeviceApproved || st.Device.Copied {
		t.Errorf("%+v", st.Device)
	}
	_, err = p.disconnect()
	p.must(err)
	_ = original
}

// What an ordinary machine goes through looks like no copy.
func TestOrdinaryEndsAreNoCopy(t *testing.T) {
	t.Parallel()
	p := newBeliever(t).newPC(tpmtest.Intel)
	defer func() { // what an alarm was about
		for r, err := range p.catalog.Audit(t.Context(), p.op, catalog.AuditQuery{Action: catalog.ActionDeviceAlarm}) {
			p.must(err)
			t.Errorf("alarm: %s, %s", r.Outcome, r.Detail)
		}
	}()
	p.must(p.signIn())
	for name, end := range map[string]func(){
		"reboot":    p.machine.Reboot,
		"power cut": p.machine.PowerCut,
		"killed":    func() {},
	} {
		end()
		p.chip = p.machine.Open(t)
		p.prover = p.chip
		p.run()
		p.must(p.signIn())
		_, err := p.disconnect()
		p.must(err)
		_, err = p.s.Connect(t.Context(), session.ConnectRequest{Password: secret(accountPassword), Master: ask(strong)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if st := p.status().Device; st.State != wire.DeviceApproved || !st.Chip.Proven {
			t.Errorf("%s: %+v", name, st)
		}
	}
	if n := len(p.devices()); n != 1 {
		t.Errorf("%d devices", n)
	}
}

// A state file that was written before there was any of this is read.
func TestStateOfAnOlderProgram(t *testing.T) {
	t.Parallel()
	p := newBeliever(t).newPC(tpmtest.Intel)
	p.must(p.signIn())
	path := filepath.Join(p.home, "state.json")
	raw, err := os.ReadFile(path)
	p.must(err)
	var state map[string]any
	p.must(json.Unmarshal(raw, &state))
	device := state["accounts"].([]any)[0].(map[string]any)["device"].(map[string]any)
	for _, key := range []string{"creation", "attestor", "judged"} {
		if _, ok := device[key]; !ok {
			t.Errorf("%s is not kept", key)
		}
	}
	delete(device, "judged") // killed before it could be written
	raw, err = json.Marshal(state)
	p.must(err)
	p.must(os.WriteFile(path, raw, 0o600))
	p.run()
	if got := p.status().Device.Chip; got.Why != session.UnprovenYet {
		t.Errorf("%+v", got)
	}
	_, err = p.s.Check(t.Context())
	p.must(err)
	if got := p.status().Device.Chip; !got.Proven {
		t.Errorf("after a check: %+v", got)
	}
}
