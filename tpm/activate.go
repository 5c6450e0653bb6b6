package tpm

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

const (
	stepEndorseAuth step = "PolicySecret(endorsement)"
	stepActivate    step = "ActivateCredential"
)

// maxChallenge is the longest part of a challenge in bytes: an RSA-2048 secret
// has 256, everything else less than 100.
const maxChallenge = 512

// Activation is binding.Activation.
type Activation = binding.Activation

// Activate returns the secret of a challenge, 32 bytes. A challenge for
// another EK or AK is ErrOtherMachine, one that is none ErrTampered;
// ErrEndorsement if this user may not use the EK: on Windows an administrator's
// process may call it with the same values.
func (c *Chip) Activate(ctx context.Context, a Activation) ([]byte, error) {
	key, err := parseAttestKey(a.Key)
	if err != nil {
		return nil, fmt.Errorf("activate: %w", err)
	}
	kind, err := kindOf(a.Endorsement)
	if err != nil {
		return nil, fmt.Errorf("activate: %w", err)
	}
	if len(a.Credential) > maxChallenge || len(a.Secret) > maxChallenge {
		return nil, fmt.Errorf("activate: %w: challenge of %d and %d bytes", binding.ErrTampered, len(a.Credential), len(a.Secret))
	}
	pin := knownRoot(key.local.root)
	var secret []byte
	err = c.do(ctx, job{"activate", &pin, func(o *operation) error {
		secret, err = o.activate(key, kind, a)
		return err
	}})
	return secret, err
}

// kindOf finds the template that an EK's public area is of.
func kindOf(public []byte) (endorsementKind, error) {
	var last error
	for _, kind := range endorsementKinds() {
		if _, last = matches(kind.template, public); last == nil {
			return kind, nil
		}
	}
	return endorsementKind{}, last
}

// activate keeps to two objects and one session: the root is only needed while
// the session is salted to it and a key is loaded under it.
func (o *operation) activate(key attestKey, kind endorsementKind, a Activation) ([]byte, error) {
	if err := o.openRoot(); err != nil {
		return nil, err
	}
	// The EK has no password, so this session may both authorise and encrypt.
	session, err := o.policy(tpm2.AESEncryption(128, tpm2.EncryptOut))
	if err != nil {
		return nil, err
	}
	defer o.flush(session.Handle())
	ak, err := o.openKey(key)
	if err != nil {
		return nil, err
	}
	defer o.flush(ak.handle)
	o.releaseRoot()
	ek, err := o.openEndorsement(kind)
	if err != nil {
		return nil, err
	}
	defer o.closeEndorsement(ek)
	if !bytes.Equal(tpm2.Marshal(ek.public), a.Endorsement) {
		return nil, fmt.Errorf("%w: the challenge is for another endorsement key", binding.ErrOtherMachine)
	}
	if _, err := run(o, stepEndorseAuth, tpm2.PolicySecret{
		AuthHandle: tpm2.TPMRHEndorsement, PolicySession: session.Handle(), NonceTPM: session.NonceTPM(),
	}); err != nil {
		return nil, endorsementClosed(err)
	}
	r, err := run(o, stepActivate, tpm2.ActivateCredential{
		ActivateHandle: ak.plainAuth(), KeyHandle: ek.auth(session),
		CredentialBlob: tpm2.TPM2BIDObject{Buffer: a.Credential}, Secret: tpm2.TPM2BEncryptedSecret{Buffer: a.Secret},
	})
	if err != nil {
		return nil, notForUs(err)
	}
	return r.CertInfo.Buffer, nil
}

// notForUs translates a refused challenge.
func notForUs(err error) error {
	switch {
	case isAny(err, tpm2.TPMRCIntegrity):
		return fmt.Errorf("%w: the challenge is for another chip or key (%v)", binding.ErrOtherMachine, err)
	// libtpms answers TPM_RC_FAILURE to an RSA secret that does not decrypt, and
	// goes on. A chip that has really failed has not come this far.
	case isAny(err, tpm2.TPMRCFailure, tpm2.TPMRCSize, tpm2.TPMRCValue, tpm2.TPMRCInsufficient, tpm2.TPMRCECCPoint, tpm2.TPMRCScheme, tpm2.TPMRCNoResult):
		return fmt.Errorf("%w: the challenge is none (%v)", binding.ErrTampered, err)
	case errors.Is(err, tpm2.TPMRCAuthFail):
		return fmt.Errorf("%w: %w (%v)", ErrEndorsement, binding.ErrUnavailable, err)
	}
	return err
}

// releaseRoot removes a root that was made for this operation before its end.
func (o *operation) releaseRoot() {
	o.flushRoot()
	o.root.transient = false
}
