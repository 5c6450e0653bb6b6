package tpm

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// SealedUse is everything that Unseal needs.
type SealedUse = binding.SealedUse

// maxSecret is the most that a chip seals, in bytes: MAX_SYM_DATA. (TCG TPM 2.0
// Library, Part 4, A.3.)
const maxSecret = 128

// maxAuth is the longest authValue of an object with SHA-256, in bytes. The
// chip refuses a longer one.
const maxAuth = 32

// checkAuth refuses an authValue that could not be used as it is. go-tpm cuts
// it at its first zero byte when it makes the HMAC, so the right password
// would be refused, and would cost a try of the whole machine's lockout.
func checkAuth(auth []byte) error {
	if len(auth) == 0 || len(auth) > maxAuth || bytes.IndexByte(auth, 0) >= 0 {
		return fmt.Errorf("authorisation value must have 1 to %d bytes, none of them zero", maxAuth)
	}
	return nil
}

// Seal makes a sealed object that holds secret (1 to 128 bytes) under terms of
// level B or B0; auth is the value made from the master password: 1 to 32
// bytes, none zero. It is for the caller to have measured that the machine
// bears that level. Bounds that have ended already make an object that never
// opens. The caller keeps, and wipes, auth and secret.
func (c *Chip) Seal(ctx context.Context, terms binding.Terms, auth, secret []byte) (binding.Object, error) {
	object, _, err := c.SealForProof(ctx, terms, auth, secret)
	return object, err
}

// Check runs everything up to the password: object, terms and approval belong
// together (ErrTampered), the chip is the one (ErrOtherMachine; ErrTampered if
// the root is pinned and the object does not load), clock and boots have not
// ended (ErrClockEnded, ErrBootsEnded), the chip takes the server's signature.
// It needs no password and costs no try. A nil approval is for terms that are
// not governed.
func (c *Chip) Check(ctx context.Context, object binding.Object, terms binding.Terms, approval *binding.Approval) error {
	use := SealedUse{Object: object, Terms: terms, Approval: approval}
	name, err := verify(use)
	if err != nil {
		return fmt.Errorf("check sealed object: %w", err)
	}
	return c.do(ctx, job{"check sealed object", &c.cache, func(o *operation) error {
		object, approved, err := o.prepare(use, name)
		if err != nil {
			return err
		}
		defer o.flush(object.handle)
		session, err := o.policy()
		if err != nil {
			return err
		}
		defer o.flush(session.Handle())
		return o.lease(session.Handle(), use, approved)
	}})
}

// Unseal returns the sealed secret, which the caller must wipe. It checks what
// Check checks, then sends the password: a wrong one is ErrWrongAuth and has
// cost a try at level B. When half of the shared lockout's tries are used it
// answers ErrLockedOut without asking the chip, so that this program never
// locks the whole machine; Tries says when to come back.
func (c *Chip) Unseal(ctx context.Context, use SealedUse) ([]byte, error) {
	if err := checkAuth(use.Auth); err != nil {
		return nil, fmt.Errorf("unseal: %w", err)
	}
	name, err := verify(use)
	if err != nil {
		return nil, fmt.Errorf("unseal: %w", err)
	}
	var secret []byte
	err = c.do(ctx, job{"unseal", &c.cache, func(o *operation) error {
		object, approved, err := o.prepare(use, name)
		if err != nil {
			return err
		}
		defer o.flush(object.handle)
		secret, err = o.unseal(object, use, approved)
		return err
	}})
	return secret, err
}

// verify is belongTogether, below level A.
func verify(use SealedUse) (tpm2.TPM2BName, error) {
	if err := belowA(use.Terms); err != nil {
		return tpm2.TPM2BName{}, err
	}
	return belongTogether(use)
}

// belongTogether compares object, terms and approval with each other, without
// a chip, and returns the object's Name.
func belongTogether(use SealedUse) (tpm2.TPM2BName, error) {
	template, err := sealedTemplate(use.Terms)
	if err != nil {
		return tpm2.TPM2BName{}, err
	}
	name, err := matches(template, use.Object.Public)
	if err != nil {
		return tpm2.TPM2BName{}, err
	}
	switch {
	case use.Terms.Governed && use.Approval == nil:
		return tpm2.TPM2BName{}, errors.New("governed terms without an approval")
	case !use.Terms.Governed && use.Approval != nil:
		return tpm2.TPM2BName{}, errors.New("approval for terms that nobody governs")
	case use.Terms.Governed:
		return name, use.Approval.Verify(use.Terms)
	}
	return name, nil
}

// prepare finds the root, has the approval vouched for and loads the object,
// which the caller flushes. A foreign object is found here, before clock and
// boots are looked at: those of another chip say nothing.
func (o *operation) prepare(use SealedUse, name tpm2.TPM2BName) (loaded, ticket, error) {
	if err := o.openRoot(); err != nil {
		return loaded{}, ticket{}, err
	}
	approved, err := o.verifyApproval(use)
	if err != nil {
		return loaded{}, ticket{}, err
	}
	object, err := o.load(use.Object, name)
	return object, approved, err
}

// mayTry refuses to send a password that, if wrong, would use up what other
// programs need of the shared lockout.
func (o *operation) mayTry(level binding.Level) error {
	if level != binding.LevelB {
		return nil
	}
	lock, err := o.lockout()
	if err != nil {
		return err
	}
	if t := lock.tries(); t.Left == 0 {
		return fmt.Errorf("%w: %d of %d failures, next try in %v", binding.ErrLockedOut, lock.failed, lock.max, t.RetryAfter)
	}
	return nil
}

// unseal runs the whole policy and takes the secret. The session both
// authorises and encrypts, so it must know the authValue: without it the chip
// would encrypt with another key than we decrypt with, and nobody would notice.
func (o *operation) unseal(object loaded, use SealedUse, approved ticket) ([]byte, error) {
	session, err := o.policy(tpm2.Auth(use.Auth), tpm2.AESEncryption(128, tpm2.EncryptOut))
	if err != nil {
		return nil, err
	}
	defer o.flush(session.Handle())
	if err := o.lease(session.Handle(), use, approved); err != nil {
		return nil, err
	}
	if err := o.mayTry(use.Terms.Level); err != nil {
		return nil, err
	}
	if _, err := run(o, stepPolicy, tpm2.PolicyCommandCode{PolicySession: session.Handle(), Code: tpm2.TPMCCUnseal}); err != nil {
		return nil, err
	}
	if _, err := run(o, stepPolicy, tpm2.PolicyAuthValue{PolicySession: session.Handle()}); err != nil {
		return nil, err
	}
	r, err := run(o, stepUnseal, tpm2.Unseal{ItemHandle: object.auth(session)})
	if err != nil {
		return nil, err
	}
	return r.OutData.Buffer, nil
}
