package tpm

import (
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// step names one command of an operation. The same code means different
// things in different steps.
type step string

const (
	stepCapability step = "GetCapability"
	stepClock      step = "ReadClock"
	stepRoot       step = "storage root"
	stepSession    step = "StartAuthSession"
	stepCreate     step = "Create"
	stepLoad       step = "Load"
	stepServerKey  step = "LoadExternal"
	stepVerify     step = "VerifySignature"
	stepClockBound step = "PolicyCounterTimer(clock)"
	stepBootsBound step = "PolicyCounterTimer(boots)"
	stepAuthorize  step = "PolicyAuthorize"
	stepPolicy     step = "policy"
	stepUnseal     step = "Unseal"
	stepUnwrap     step = "Unseal(key)"
	stepSign       step = "Sign"
)

// failure is a step that the chip refused, or whose answer was no answer.
type failure struct {
	step step
	err  error
}

func (f *failure) Error() string { return string(f.step) + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// isAny reports whether err is one of the codes, whatever handle, parameter or
// session it names.
func isAny(err error, codes ...tpm2.TPMRC) bool {
	for _, c := range codes {
		if errors.Is(err, c) {
			return true
		}
	}
	return false
}

// wantsRepeat reports whether the chip asked for the same again: nothing was
// done and no try was counted. The first use of an object under the shared
// lockout after a power cut always answers so. The whole operation runs again:
// its sessions may be gone.
func wantsRepeat(err error) bool {
	return isAny(err, tpm2.TPMRCRetry, tpm2.TPMRCYielded, tpm2.TPMRCTesting, tpm2.TPMRCNVRate, tpm2.TPMRCNVUnavailable)
}

// isFull reports whether the chip has no room for an object or a session.
func isFull(err error) bool {
	return isAny(err, tpm2.TPMRCObjectMemory, tpm2.TPMRCSessionMemory, tpm2.TPMRCMemory,
		tpm2.TPMRCSessionHandles, tpm2.TPMRCObjectHandles)
}

// translate turns what a step met into the sentinels of package binding. The
// chip's code goes into the text only: nothing above this package knows codes.
func translate(what string, err error) error {
	var broken *linkError
	if errors.As(err, &broken) {
		return fmt.Errorf("%s: %w", what, broken)
	}
	var f *failure
	if !errors.As(err, &f) {
		return fmt.Errorf("%s: %w", what, err) // made here, already in our words
	}
	if kind := f.kind(); kind != nil {
		return fmt.Errorf("%s: %s: %w (%v)", what, f.step, kind, f.err)
	}
	return fmt.Errorf("%s: %s: %v", what, f.step, f.err)
}

// tbsError is the facility of codes that Windows answers in the chip's place,
// such as TPM_E_COMMAND_BLOCKED (0x80280400). (winerror.h, FACILITY_TPM_SERVICES.)
const (
	tbsError     tpm2.TPMRC = 0x80280000
	tbsErrorMask tpm2.TPMRC = 0xffff0000
	tbsBlocked   tpm2.TPMRC = 0x80280400
)

// kind returns the sentinel for a refused step, or nil if there is none.
func (f *failure) kind() error {
	var code tpm2.TPMRC
	if !errors.As(f.err, &code) {
		// The answer was malformed, or its HMAC was not the chip's.
		return binding.ErrUnavailable
	}
	switch {
	case wantsRepeat(code), isFull(code), isAny(code, tpm2.TPMRCContextGap):
		return binding.ErrBusy
	case isAny(code, tpm2.TPMRCLockout):
		return binding.ErrLockedOut
	case f.step.byOwner() && code == tbsBlocked:
		return binding.ErrOwnerAuth
	case isAny(code, tpm2.TPMRCFailure, tpm2.TPMRCInitialize, tpm2.TPMRCCommandCode),
		code&tbsErrorMask == tbsError:
		return binding.ErrUnavailable
	}
	return f.step.kind(code)
}

// kind returns the sentinel for a code that means something in this step only.
func (s step) kind(code tpm2.TPMRC) error {
	switch s {
	case stepRoot, stepSession, stepCreate:
		// No root can be made or used: owner password, hierarchy off, no P-256.
		return binding.ErrUnavailable
	case stepLoad:
		switch {
		case isAny(code, tpm2.TPMRCIntegrity):
			return binding.ErrOtherMachine
		case isAny(code, tpm2.TPMRCAuthFail, tpm2.TPMRCBadAuth):
			return binding.ErrUnavailable // the root has a password
		}
		return binding.ErrTampered // not even the form of an object
	case stepClockBound:
		if isAny(code, tpm2.TPMRCPolicy) {
			return binding.ErrClockEnded
		}
	case stepBootsBound:
		if isAny(code, tpm2.TPMRCPolicy) {
			return binding.ErrBootsEnded
		}
	case stepServerKey, stepVerify, stepAuthorize:
		return binding.ErrTampered
	case stepUnseal:
		switch {
		case isAny(code, tpm2.TPMRCAuthFail, tpm2.TPMRCBadAuth):
			return binding.ErrWrongAuth
		case isAny(code, tpm2.TPMRCPolicyFail):
			return binding.ErrTampered
		}
	}
	return s.indexKind(code)
}
