package tpm_test

import (
	"fmt"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

const (
	ccCreatePrimary = tpm2.TPMCCCreatePrimary
	ccLoad          = tpm2.TPMCCLoad
	ccUnseal        = tpm2.TPMCCUnseal
	ccCounterTimer  = tpm2.TPMCC(0x16d)
)

// Every code of a chip, at the command that gives it, in our words; and how
// often the command was sent, because a wrong password is never sent twice.
func TestAnswersOfTheChip(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens()
	p := sealBehind(t, s)
	for _, c := range []struct {
		cc   tpm2.TPMCC
		rc   uint32
		want error
		sent int
	}{
		{ccUnseal, 0x98e, binding.ErrWrongAuth, 1}, // TPM_RC_AUTH_FAIL, session 1
		{ccUnseal, 0x9a2, binding.ErrWrongAuth, 1}, // TPM_RC_BAD_AUTH, session 1
		{ccUnseal, 0x99d, binding.ErrTampered, 1},  // TPM_RC_POLICY_FAIL, session 1
		{ccUnseal, 0x921, binding.ErrLockedOut, 1}, // TPM_RC_LOCKOUT
		{ccLoad, 0x1df, binding.ErrOtherMachine, 1},
		{ccLoad, 0x1d5, binding.ErrTampered, 1},    // TPM_RC_SIZE, parameter 1
		{ccLoad, 0x9a2, binding.ErrUnavailable, 1}, // the storage root has a password
		{tpm2.TPMCCVerifySignature, 0x2db, binding.ErrTampered, 1},
		{tpm2.TPMCCPolicyAuthorize, 0x4c4, binding.ErrTampered, 1},
		{tpm2.TPMCCLoadExternal, 0x2c4, binding.ErrTampered, 1},
		{ccCounterTimer, 0x126, binding.ErrClockEnded, 1},
		{ccCreatePrimary, 0x9a2, binding.ErrUnavailable, 1}, // the owner has a password
		{ccCreatePrimary, 0x185, binding.ErrUnavailable, 1}, // TPM_RC_HIERARCHY
		{ccCounterTimer, 0x143, binding.ErrUnavailable, 1},  // TPM_RC_COMMAND_CODE
		{tpm2.TPMCCStartAuthSession, 0x101, binding.ErrUnavailable, 1},
		{tpm2.TPMCCStartAuthSession, 0x100, binding.ErrUnavailable, 1},
		{ccLoad, 0x80280400, binding.ErrUnavailable, 1}, // TPM_E_COMMAND_BLOCKED of Windows
		{tpm2.TPMCCStartAuthSession, 0x901, binding.ErrBusy, 1},
		{ccLoad, 0x902, binding.ErrBusy, 2}, // no room: cleaned up once, then given up
		{tpm2.TPMCCStartAuthSession, 0x903, binding.ErrBusy, 2},
	} {
		t.Run(fmt.Sprintf("%#x at %#x", c.rc, uint32(c.cc)), func(t *testing.T) {
			p.on(func(command []byte, _ func([]byte) []byte) []byte {
				if codeOf(command) == c.cc {
					return answerRC(c.rc)
				}
				return nil
			}, nil)
			got, err := s.unseal(rightAuth)
			wants(t, "unseal", err, c.want)
			if got != nil {
				t.Errorf("got %q", got)
			}
			if n := p.count(c.cc); n != c.sent {
				t.Errorf("sent %d times, want %d", n, c.sent)
			}
		})
	}
	p.on(nil, nil)
	s.opens()
	nothingLoaded(t, s.machine)
}

// A chip that wants time gets it: the whole sequence runs again, five times at
// most.
func TestRepeats(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens()
	p := sealBehind(t, s)
	for _, rc := range []uint32{0x922, 0x908, 0x90a, 0x920, 0x923} {
		t.Run(fmt.Sprintf("%#x", rc), func(t *testing.T) {
			left := 2
			p.on(func(command []byte, _ func([]byte) []byte) []byte {
				if codeOf(command) == ccUnseal && left > 0 {
					left--
					return answerRC(rc)
				}
				return nil
			}, nil)
			if got, err := s.unseal(rightAuth); err != nil || string(got) != string(secret) {
				t.Errorf("unseal: %q, %v", got, err)
			}
			for _, cc := range []tpm2.TPMCC{ccUnseal, ccLoad, tpm2.TPMCCVerifySignature} {
				if n := p.count(cc); n != 3 {
					t.Errorf("%#x sent %d times, want 3", uint32(cc), n)
				}
			}
		})
	}
	p.on(func(command []byte, _ func([]byte) []byte) []byte {
		if codeOf(command) == ccUnseal {
			return answerRC(0x922)
		}
		return nil
	}, nil)
	_, err := s.unseal(rightAuth)
	wants(t, "always busy", err, binding.ErrBusy)
	if n := p.count(ccUnseal); n != 5 {
		t.Errorf("sent %d times, want 5", n)
	}
	p.on(nil, nil)
	nothingLoaded(t, s.machine)
}

// A client that died without cleaning up fills a chip that has no resource
// manager; the next call makes room.
func TestRoomIsMadeAfterALeak(t *testing.T) {
	s := seal(t, binding.LevelB0)
	p := sealBehind(t, s)
	p.on(func(command []byte, _ func([]byte) []byte) []byte {
		if codeOf(command) == tpm2.TPMCCFlushContext {
			return answerRC(0) // nothing is flushed
		}
		return nil
	}, nil)
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	p.on(nil, nil)
	if n := s.machine.Loaded(); n != 4 {
		t.Fatalf("%d objects and sessions are left, want 4", n)
	}
	s.chip = s.machine.Open(t)
	s.opens()
	nothingLoaded(t, s.machine)
}

// A flush that is refused is made good by the next call.
func TestRefusedFlush(t *testing.T) {
	s := seal(t, binding.LevelB0)
	p := sealBehind(t, s)
	p.on(func(command []byte, _ func([]byte) []byte) []byte {
		if codeOf(command) == tpm2.TPMCCFlushContext {
			return answerRC(0x101)
		}
		return nil
	}, nil)
	if err := s.check(); err != nil {
		t.Error(err)
	}
	p.on(nil, nil)
	if _, err := s.chip.Clock(t.Context()); err != nil {
		t.Error(err)
	}
	nothingLoaded(t, s.machine)
}
