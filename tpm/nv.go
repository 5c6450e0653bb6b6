package tpm

import (
	"bytes"
	"errors"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Steps on NV indices.
const (
	stepNVPublic    step = "NV_ReadPublic"
	stepDefine      step = "NV_DefineSpace"
	stepUndefine    step = "NV_UndefineSpace"
	stepIncrement   step = "NV_Increment"
	stepReadCounter step = "NV_Read(counter)"
	stepReadPin     step = "NV_Read(pin_fail)"
	stepReadOpens   step = "NV_Read(pin_pass)"
	stepGeneration  step = "PolicyNV(counter)"
	stepPinFail     step = "PolicySecret(pin_fail)"
	stepPinPass     step = "PolicySecret(pin_pass)"
	stepSigned      step = "PolicySigned"
	stepPinWrite    step = "NV_Write"
	stepChangeAuth  step = "NV_ChangeAuth"
	stepNVCertify   step = "NV_Certify"
	stepBind        step = "StartAuthSession(pin_fail)"
)

// indexKind returns the sentinel for a code that means something in a step on
// an NV index only.
func (s step) indexKind(code tpm2.TPMRC) error {
	denied := isDenied(code)
	gone := isAny(code, tpm2.TPMRCHandle, tpm2.TPMRCNVUninitialized)
	switch s {
	case stepDefine, stepUndefine, stepReadPin:
		switch {
		case denied:
			return binding.ErrOwnerAuth
		case isAny(code, tpm2.TPMRCNVSpace):
			return binding.ErrNoSpace
		case isAny(code, tpm2.TPMRCNVDefined):
			return binding.ErrIndexTaken
		case s == stepDefine:
			return binding.ErrUnavailable // the chip knows no such index, or the owner's hierarchy is off
		}
	case stepPinFail:
		switch {
		case denied:
			return binding.ErrWrongAuth
		case isAny(code, tpm2.TPMRCAuthUnavailable):
			return binding.ErrLockedOut
		}
	case stepPinPass:
		switch {
		case denied:
			return binding.ErrTampered // not with the value it was made with
		case isAny(code, tpm2.TPMRCAuthUnavailable):
			return binding.ErrOpensEnded
		}
	case stepGeneration, stepReadCounter, stepIncrement:
		switch {
		case denied:
			return binding.ErrTampered // as above
		case isAny(code, tpm2.TPMRCPolicy):
			return binding.ErrSuperseded
		}
	case stepSigned, stepPinWrite, stepChangeAuth:
		if !gone {
			return binding.ErrTampered // a permit for another session, command or index
		}
	case stepNVCertify:
		if denied {
			return binding.ErrOwnerAuth
		}
	}
	if gone && s.onIndex() {
		return binding.ErrNoIndices
	}
	return nil
}

// isDenied reports whether the authorisation was not the one of the entity.
func isDenied(err error) bool { return isAny(err, tpm2.TPMRCAuthFail, tpm2.TPMRCBadAuth) }

// notOwner reports whether what only the owner may do was refused to us: by the
// chip, or by Windows, which lets administrators send such commands only
// (TPM_E_COMMAND_BLOCKED).
func notOwner(err error) bool {
	var code tpm2.TPMRC
	return isDenied(err) || errors.As(err, &code) && code == tbsBlocked
}

// byOwner reports whether the step is a command that the owner authorises.
func (s step) byOwner() bool { return s == stepDefine || s == stepUndefine || s == stepReadPin }

// onIndex reports whether the step is a command on an NV index.
func (s step) onIndex() bool {
	switch s {
	case stepUndefine, stepIncrement, stepReadCounter, stepReadPin, stepReadOpens, stepGeneration,
		stepPinFail, stepPinPass, stepPinWrite, stepChangeAuth, stepNVCertify:
		return true
	}
	return false
}

// nvIndex is an index with the Name that it must have. Sessions prove that
// Name, so an authorisation never goes to another index.
type nvIndex struct {
	handle tpm2.TPMHandle
	name   tpm2.TPM2BName
}

// indexOf is the index of kind k before or after its first write.
func indexOf(x binding.Indices, k binding.IndexKind, written bool) nvIndex {
	return nvIndex{tpm2.TPMHandle(x.Handle(k)), tpm2.TPM2BName{Buffer: x.Name(k, written)}}
}

func (n nvIndex) named() tpm2.NamedHandle { return tpm2.NamedHandle{Handle: n.handle, Name: n.name} }

// auth authorises something with the index, in session s.
func (n nvIndex) auth(s tpm2.Session) tpm2.AuthHandle {
	return tpm2.AuthHandle{Handle: n.handle, Name: n.name, Auth: s}
}

// indexState is what stands at a planned handle.
type indexState int

const (
	indexAbsent    indexState = 0
	indexUnwritten indexState = 1 // ours, but never written: new, or deleted and made again
	indexWritten   indexState = 2 // ours
	indexForeign   indexState = 3 // another one
)

// nvPublic reads the TPMS_NV_PUBLIC at a handle; nil if nothing is there.
func (o *operation) nvPublic(handle uint32) ([]byte, error) {
	r, err := tpm2.NVReadPublic{NVIndex: tpm2.TPMHandle(handle)}.Execute(o)
	if isAny(err, tpm2.TPMRCHandle) {
		return nil, nil // an ordinary answer
	}
	if err != nil {
		return nil, &failure{stepNVPublic, err}
	}
	return r.NVPublic.Bytes(), nil
}

// indexState compares what stands at the handle of kind k with what must.
func (o *operation) indexState(x binding.Indices, k binding.IndexKind) (indexState, error) {
	public, err := o.nvPublic(x.Handle(k))
	switch {
	case err != nil:
		return indexAbsent, err
	case public == nil:
		return indexAbsent, nil
	case bytes.Equal(public, x.Public(k, true)):
		return indexWritten, nil
	case bytes.Equal(public, x.Public(k, false)):
		return indexUnwritten, nil
	}
	return indexForeign, nil
}

// proving is a session for one command that proves an authValue without
// sending it.
func (o *operation) proving(auth []byte) tpm2.Session {
	return tpm2.HMAC(tpm2.TPMAlgSHA256, nonceSize, o.salted(tpm2.Auth(auth))...)
}

// owner authorises by the owner's password, which is empty on most machines.
// The command's first parameter is encrypted if in, the answer's if out.
func (o *operation) owner(password []byte, in, out bool) tpm2.AuthHandle {
	options := o.salted(tpm2.Auth(password))
	switch {
	case in:
		options = append(options, tpm2.AESEncryption(128, tpm2.EncryptIn))
	case out:
		options = append(options, tpm2.AESEncryption(128, tpm2.EncryptOut))
	}
	return tpm2.AuthHandle{
		Handle: tpm2.TPMRHOwner, Name: tpm2.HandleName(tpm2.TPMRHOwner),
		Auth: tpm2.HMAC(tpm2.TPMAlgSHA256, nonceSize, options...),
	}
}
