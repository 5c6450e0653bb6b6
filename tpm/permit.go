package tpm

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Permit asks the server to sign a request.
type Permit = binding.AskPermit

// PinWrite is what is written to a PIN index.
type PinWrite = binding.PinWrite

// WritePin writes count and limit to a PIN index: its first write if it was
// never written, else new tries or a new budget. Errors: ErrTampered if the
// permit is not for this session, index and value, and binding.ErrNoIndices;
// the error of Permit as it is. The server takes a Certify after it.
func (x *Indexed) WritePin(ctx context.Context, w PinWrite) error {
	r := binding.PermitRequest{Indices: x.slots.Indices, Index: w.Index, Count: w.Count, Limit: w.Limit}
	if w.Index != binding.PinFail && (w.Index != binding.PinPass || x.slots.Indices.PinPass == 0) {
		return fmt.Errorf("write limit: %w: %q is no PIN index of this cache", binding.ErrNoIndices, w.Index)
	}
	return x.chip.do(ctx, job{"write limit", &x.chip.cache, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		state, err := o.indexState(x.slots.Indices, w.Index)
		switch {
		case err != nil:
			return err
		case state == indexUnwritten:
			r.Kind = binding.PermitFirstWrite
		case state == indexWritten:
			r.Kind = binding.PermitRewrite
		default:
			return x.refusal(w.Index, state)
		}
		session, err := x.byPermit(o, r, w.Permit)
		if err != nil {
			return err
		}
		defer o.flush(session.Handle())
		n := indexOf(x.slots.Indices, w.Index, r.Kind == binding.PermitRewrite)
		return o.insist(func() error {
			_, err := run(o, stepPinWrite, tpm2.NVWrite{
				AuthHandle: n.auth(session), NVIndex: n.named(), Data: tpm2.TPM2BMaxNVBuffer{Buffer: r.Data()},
			})
			return err
		})
	}})
}

// Rekey gives PIN_FAIL the authValue made from a master password, 1 to 32
// bytes, none zero, without the one before. The count of wrong passwords stays.
// Errors as of WritePin.
func (x *Indexed) Rekey(ctx context.Context, auth []byte, permit Permit) error {
	if err := checkAuth(auth); err != nil {
		return fmt.Errorf("rekey: %w", err)
	}
	r := binding.PermitRequest{Indices: x.slots.Indices, Index: binding.PinFail, Kind: binding.PermitRekey}
	return x.chip.do(ctx, job{"rekey", &x.chip.cache, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		if err := x.presentOne(o, binding.PinFail); err != nil {
			return err
		}
		// Before the permit is asked for: it is good for once, and a chip without
		// room is tidied and tried again from the beginning.
		cover, err := o.cover()
		if err != nil {
			return err
		}
		defer o.flush(cover.Handle())
		session, err := x.byPermit(o, r, permit)
		if err != nil {
			return err
		}
		defer o.flush(session.Handle())
		return o.insist(func() error {
			return o.changeAuth(indexOf(x.slots.Indices, binding.PinFail, true), session, cover, auth)
		})
	}})
}

// byPermit starts a session that the server's permit lets do r; the caller
// flushes it. It knows no authValue and encrypts nothing: the index's authValue
// would be part of the key, and whoever holds the session could test guesses.
func (x *Indexed) byPermit(o *operation, r binding.PermitRequest, permit Permit) (tpm2.Session, error) {
	if permit == nil {
		return nil, errors.New("no way to ask for a permit")
	}
	session, err := o.policy()
	if err != nil {
		return nil, err
	}
	if err := x.sign(o, session, r, permit); err != nil {
		o.flush(session.Handle())
		return nil, err
	}
	command := tpm2.TPMCCNVWrite
	if r.Kind == binding.PermitRekey {
		command = tpm2.TPMCCNVChangeAuth
	}
	if err := x.branch(o, session.Handle(), r.Index, command); err != nil {
		o.flush(session.Handle())
		return nil, err
	}
	return session, nil
}

// byBranch starts a session on a branch that needs no server.
func (x *Indexed) byBranch(o *operation, k binding.IndexKind, command tpm2.TPMCC) (tpm2.Session, error) {
	session, err := o.policy()
	if err != nil {
		return nil, err
	}
	if err := x.branch(o, session.Handle(), k, command); err != nil {
		o.flush(session.Handle())
		return nil, err
	}
	return session, nil
}

// sign gets the permit for the session's nonce and shows it to the chip. What
// can fail without the permit comes before it.
func (x *Indexed) sign(o *operation, session tpm2.Session, r binding.PermitRequest, permit Permit) error {
	r.Nonce = session.NonceTPM().Buffer
	message, err := r.Message()
	if err != nil {
		return err
	}
	key, err := run(o, stepServerKey, tpm2.LoadExternal{
		InPublic: tpm2.BytesAs2B[tpm2.TPMTPublic](r.Indices.Key.Public()), Hierarchy: tpm2.TPMRHOwner,
	})
	if err != nil {
		return err
	}
	defer o.flush(key.ObjectHandle)
	signature, err := permit(o.ctx, r)
	if err != nil {
		return fmt.Errorf("permit: %w", err)
	}
	if !r.Indices.Key.Verify(message, signature) {
		return fmt.Errorf("%w: the permit is not for this session", binding.ErrTampered)
	}
	ref := r.Ref()
	return o.insist(func() error {
		_, err := run(o, stepSigned, tpm2.PolicySigned{
			AuthObject:    tpm2.NamedHandle{Handle: key.ObjectHandle, Name: tpm2.TPM2BName{Buffer: r.Indices.Key.Name()}},
			PolicySession: session.Handle(),
			NonceTPM:      tpm2.TPM2BNonce{Buffer: r.Nonce},
			CPHashA:       tpm2.TPM2BDigest{Buffer: r.CPHash()},
			PolicyRef:     tpm2.TPM2BNonce{Buffer: ref[:]},
			Expiration:    binding.PermitSeconds,
			Auth:          ecdsaSignature(signature),
		})
		return err
	})
}

// branch ends the policy of a PIN index: the command, then the choice.
func (x *Indexed) branch(o *operation, session tpm2.TPMHandle, k binding.IndexKind, command tpm2.TPMCC) error {
	err := o.insist(func() error {
		_, err := run(o, stepPolicy, tpm2.PolicyCommandCode{PolicySession: session, Code: command})
		return err
	})
	if err != nil {
		return err
	}
	var list tpm2.TPMLDigest
	for _, b := range x.slots.Indices.Branches(k) {
		list.Digests = append(list.Digests, tpm2.TPM2BDigest{Buffer: b[:]})
	}
	return o.insist(func() error {
		_, err := run(o, stepPolicy, tpm2.PolicyOr{PolicySession: session, PHashList: list})
		return err
	})
}

// insist repeats one command as often as do repeats a whole call, which would
// cost another permit. A chip that puts a command off has not begun it, and
// keeps its session. The error it ends with does not ask for repetition.
func (o *operation) insist(command func() error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := command()
		if err == nil || !wantsRepeat(err) && !isFull(err) {
			return err
		}
		if isFull(err) || attempt == maxAttempts || !sleep(o.ctx, pause) {
			return fmt.Errorf("%w: %v", binding.ErrBusy, err)
		}
		pause *= 2
	}
}
