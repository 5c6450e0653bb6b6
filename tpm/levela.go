package tpm

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Seal makes a sealed object of level A that holds secret (1 to 128 bytes)
// under terms, which are those of the slots for a generation above the
// counter. It has no authorisation value: the password is PIN_FAIL's, where
// the chip counts; auth must be empty. The caller has noted the generation as
// the highest sealed, durably, and wipes secret. A generation that the counter
// has reached is ErrSuperseded.
func (x *Indexed) Seal(ctx context.Context, terms binding.Terms, auth, secret []byte) (binding.Object, error) {
	object, _, err := x.SealForProof(ctx, terms, auth, secret)
	return object, err
}

// SealForProof is Seal, and what Chip.CertifySealed needs to prove to a server
// how the object was made.
func (x *Indexed) SealForProof(ctx context.Context, terms binding.Terms, auth, secret []byte) (binding.Object, binding.Creation, error) {
	template, err := x.sealInput(terms, auth, secret)
	if err != nil {
		return binding.Object{}, binding.Creation{}, fmt.Errorf("seal: %w", err)
	}
	var object binding.Object
	var made binding.Creation
	err = x.chip.do(ctx, job{"seal", &x.chip.cache, func(o *operation) error {
		at, err := x.readCounter(o)
		if err != nil {
			return err
		}
		if terms.Generation <= at {
			return fmt.Errorf("%w: generation %d, and the counter is at %d", binding.ErrSuperseded, terms.Generation, at)
		}
		object, made, err = o.createUnder(template, nil, secret)
		return err
	}})
	return object, made, err
}

// sealInput checks what is to be sealed, and makes its template.
func (x *Indexed) sealInput(terms binding.Terms, auth, secret []byte) (tpm2.TPMTPublic, error) {
	if err := x.own(terms); err != nil {
		return tpm2.TPMTPublic{}, err
	}
	if len(auth) != 0 {
		return tpm2.TPMTPublic{}, errors.New("at level A the object has no authorisation value: Rekey sets that of PIN_FAIL")
	}
	if len(secret) == 0 || len(secret) > maxSecret {
		return tpm2.TPMTPublic{}, fmt.Errorf("secret must have 1 to %d bytes, not %d", maxSecret, len(secret))
	}
	return sealedTemplate(terms)
}

// own refuses terms that are not of level A and of these indices: of another
// cache, or with a Name that the client did not compute.
func (x *Indexed) own(terms binding.Terms) error {
	want := x.slots.Indices.Terms(terms.Generation)
	if terms.Level != want.Level || !terms.Governed || terms.Key != want.Key || terms.Device != want.Device || terms.Cache != want.Cache ||
		!bytes.Equal(terms.Counter, want.Counter) || !bytes.Equal(terms.PinFail, want.PinFail) || !bytes.Equal(terms.PinPass, want.PinPass) {
		return fmt.Errorf("%w: the terms are not of these indices", binding.ErrTampered)
	}
	return terms.Validate()
}

// verify compares object, terms, approval and slots with each other, without a
// chip, and returns the object's Name.
func (x *Indexed) verify(use SealedUse) (tpm2.TPM2BName, error) {
	if err := x.own(use.Terms); err != nil {
		return tpm2.TPM2BName{}, err
	}
	return belongTogether(use)
}

// Check is Chip.Check at level A: everything up to the password. Besides, the
// indices must be there and the cache's own (ErrNoIndices, ErrTampered), and
// the counter at the generation of the terms (ErrSuperseded, for one that is
// not committed yet as well). It costs no try.
func (x *Indexed) Check(ctx context.Context, object binding.Object, terms binding.Terms, approval *binding.Approval) error {
	use := SealedUse{Object: object, Terms: terms, Approval: approval}
	return x.open(ctx, "check sealed object", use, func(o *operation, object loaded, approved ticket) error {
		session, err := o.policy()
		if err != nil {
			return err
		}
		defer o.flush(session.Handle())
		return x.lease(o, session.Handle(), use, approved)
	})
}

// Unseal is Chip.Unseal at level A: what Check does, then the password at
// PIN_FAIL. A wrong one is ErrWrongAuth and has cost a try; with none left the
// right one is refused as well (ErrLockedOut), until the server permits new
// tries. A right one gives all tries back, calls use.BeforeOpen, and with a
// budget of opens costs one (ErrOpensEnded). The caller wipes the secret.
func (x *Indexed) Unseal(ctx context.Context, use SealedUse) ([]byte, error) {
	if err := checkAuth(use.Auth); err != nil {
		return nil, fmt.Errorf("unseal: %w", err)
	}
	var secret []byte
	err := x.open(ctx, "unseal", use, func(o *operation, object loaded, approved ticket) error {
		var err error
		secret, err = x.unseal(o, object, use, approved)
		return err
	})
	return secret, err
}

// Rehearse does what can be done of Unseal before the commit, since a
// generation opens from its commit on only: object, indices, bounds and the
// server's signature as the chip sees them, the password at PIN_FAIL, and
// whether the whole policy is the object's. It costs a try if the password is
// wrong, and no open.
func (x *Indexed) Rehearse(ctx context.Context, use SealedUse) error {
	if err := checkAuth(use.Auth); err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	return x.open(ctx, "rehearse", use, func(o *operation, object loaded, approved ticket) error {
		return x.rehearse(o, use, approved)
	})
}

// open does what all three share, and flushes the object in the end.
func (x *Indexed) open(ctx context.Context, what string, use SealedUse, then func(*operation, loaded, ticket) error) error {
	name, err := x.verify(use)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return x.chip.do(ctx, job{what, &x.chip.cache, func(o *operation) error {
		object, approved, err := o.prepare(use, name)
		if err != nil {
			return err
		}
		defer o.flush(object.handle)
		if err := x.present(o); err != nil {
			return err
		}
		return then(o, object, approved)
	}})
}

// lease runs what the server approves: counter, bounds, signature.
func (x *Indexed) lease(o *operation, session tpm2.TPMHandle, use SealedUse, approved ticket) error {
	if err := x.generation(o, session, use.Terms.Generation); err != nil {
		return err
	}
	return o.lease(session, use, approved)
}

// generation is PolicyNV: the counter is at n.
func (x *Indexed) generation(o *operation, session tpm2.TPMHandle, n uint64) error {
	counter := indexOf(x.slots.Indices, binding.Counter, true)
	_, err := run(o, stepGeneration, tpm2.PolicyNV{
		AuthHandle: counter.auth(o.proving(x.slots.CounterAuth)), NVIndex: counter.named(), PolicySession: session,
		OperandB: tpm2.TPM2BOperand{Buffer: binding.CounterOperand(n)}, Operation: tpm2.TPMEOEq,
	})
	return err
}

// unseal runs the whole policy and takes the secret. The session encrypts the
// answer and knows no authValue, as the object has none.
func (x *Indexed) unseal(o *operation, object loaded, use SealedUse, approved ticket) ([]byte, error) {
	session, err := o.policy(tpm2.AESEncryption(128, tpm2.EncryptOut))
	if err != nil {
		return nil, err
	}
	defer o.flush(session.Handle())
	if err := x.lease(o, session.Handle(), use, approved); err != nil {
		return nil, err
	}
	if err := x.password(o, session, use); err != nil {
		return nil, err
	}
	if use.BeforeOpen != nil {
		if err := use.BeforeOpen(); err != nil {
			return nil, err
		}
	}
	if x.slots.Indices.PinPass != 0 {
		if err := x.secret(o, stepPinPass, pinSecret{session, binding.PinPass, x.slots.PinPassAuth, use.Terms.UseRef()}); err != nil {
			return nil, err
		}
	}
	r, err := run(o, stepUnseal, tpm2.Unseal{ItemHandle: object.auth(session)})
	if err != nil {
		return nil, err
	}
	return r.OutData.Buffer, nil
}

// password ties the session to Unseal and proves the password at PIN_FAIL.
func (x *Indexed) password(o *operation, session tpm2.Session, use SealedUse) error {
	if _, err := run(o, stepPolicy, tpm2.PolicyCommandCode{PolicySession: session.Handle(), Code: tpm2.TPMCCUnseal}); err != nil {
		return err
	}
	return x.secret(o, stepPinFail, pinSecret{session, binding.PinFail, use.Auth, use.Terms.UseRef()})
}

// pinSecret is one PolicySecret on a PIN index.
type pinSecret struct {
	session tpm2.Session
	kind    binding.IndexKind
	auth    []byte
	ref     [32]byte // with the generation: a ticket from a changed client dies with it
}

// secret sends it. The authValue is proven in a session of its own, which
// encrypts nothing. No expiration, so the chip makes no ticket.
func (x *Indexed) secret(o *operation, s step, p pinSecret) error {
	n := indexOf(x.slots.Indices, p.kind, true)
	_, err := run(o, s, tpm2.PolicySecret{
		AuthHandle: n.auth(o.proving(p.auth)), PolicySession: p.session.Handle(),
		NonceTPM: p.session.NonceTPM(), PolicyRef: tpm2.TPM2BNonce{Buffer: p.ref[:]},
	})
	return err
}

// rehearse runs the bounds for real, and the policy in a trial session, which
// compares nothing but makes the same digests: of what the server approved,
// which PolicyAuthorize would overwrite there, and of the object's policy.
// PIN_PASS is left out, since it would cost an open.
func (x *Indexed) rehearse(o *operation, use SealedUse, approved ticket) error {
	if err := x.inSession(o, func(session tpm2.Session) error { return o.bounds(session.Handle(), use.Approval.Bounds) }); err != nil {
		return err
	}
	withoutPass := use.Terms
	withoutPass.PinPass = nil
	policy, err := withoutPass.AuthPolicy()
	if err != nil {
		return err
	}
	return x.inSession(o, func(session tpm2.Session) error {
		if err := x.generation(o, session.Handle(), use.Terms.Generation); err != nil {
			return err
		}
		if err := o.bounds(session.Handle(), use.Approval.Bounds); err != nil {
			return err
		}
		if err := o.digestIs(session.Handle(), use.Approval.Digest); err != nil {
			return err
		}
		if err := o.authorize(session.Handle(), use, approved); err != nil {
			return err
		}
		if err := x.password(o, session, use); err != nil {
			return err
		}
		return o.digestIs(session.Handle(), policy)
	}, tpm2.Trial())
}

// digestIs compares what the chip has made of a session's steps.
func (o *operation) digestIs(session tpm2.TPMHandle, want [32]byte) error {
	r, err := run(o, stepPolicy, tpm2.PolicyGetDigest{PolicySession: session})
	if err != nil {
		return err
	}
	if !bytes.Equal(r.PolicyDigest.Buffer, want[:]) {
		return fmt.Errorf("%w: the chip makes another policy of these steps", binding.ErrTampered)
	}
	return nil
}

// inSession runs f in a policy session of its own.
func (x *Indexed) inSession(o *operation, f func(tpm2.Session) error, options ...tpm2.AuthOption) error {
	session, err := o.policy(options...)
	if err != nil {
		return err
	}
	defer o.flush(session.Handle())
	return f(session)
}
