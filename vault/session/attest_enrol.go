package session

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// newDeviceKey makes the key of a device: where there is a chip that proves, so
// that the making of the key can be proved.
func (s *Session) newDeviceKey(ctx context.Context, keeper Keeper) (blob []byte, public *ecdsa.PublicKey, made *binding.Creation, err error) {
	if s.cfg.Prover == nil {
		blob, public, err = keeper.NewSigningKey(ctx)
		return blob, public, nil, err
	}
	var creation binding.Creation
	if blob, public, creation, err = s.cfg.Prover.NewSigningKeyForProof(ctx); err != nil {
		return nil, nil, nil, chipProblem(err)
	}
	return blob, public, &creation, nil
}

// keepDevice makes the new device of an account durable before the server hears
// of it: whatever ends this process, the next one goes on with the same key, and
// no second device appears. A key that another process has made since the
// account was read is taken.
func (s *Session) keepDevice(ctx context.Context, a *account, d device) (device, error) {
	_, err := s.home.update(ctx, func(st *state) error {
		known := st.account(a.Key)
		if known == nil {
			fresh := *a
			fresh.Device, fresh.Token = d, nil
			st.Accounts = append(st.Accounts, fresh)
			return nil
		}
		theirs := &known.Device
		if len(theirs.KeyBlob) > 0 && !bytes.Equal(theirs.KeyBlob, a.Device.KeyBlob) && bytes.Equal(theirs.RootName, d.RootName) {
			d = *theirs
		}
		*theirs = d
		return nil
	})
	return d, err
}

// takeOver makes d what another copy of it says. What only attest writes stays,
// as that copy may have been read before; a device that the server had forgotten,
// and calls by another name now, has not been judged.
func (d *device) takeOver(n device) {
	if bytes.Equal(d.KeyBlob, n.KeyBlob) {
		n.Creation, n.Attestor, n.Judged = d.Creation, d.Attestor, d.Judged
		if d.ID != n.ID {
			n.Judged = nil
		}
	}
	*d = n
}

// proving says when the chip is proved once more.
type proving struct {
	again bool   // also where the server was not convinced
	epoch uint64 // of the server, which may have been restored since; 0: not known
}

// done reports whether there is nothing to prove.
func (p proving) done(j *judgement) bool {
	return j != nil && j.Epoch >= p.epoch && (j.Proven || !p.again)
}

// attest lets the server find out which chip the account's device has, as far as
// that is not done. Nothing of it stands in anybody's way: what cannot be proved is
// not, and the device goes on. Errors are those of the client's own state.
func (s *Session) attest(ctx context.Context, key string, remote Remote, p proving) error {
	_, a, err := s.accountNow(key)
	if err != nil || a == nil {
		return err
	}
	d := &a.Device
	if s.cfg.Prover == nil || !d.provable() || p.done(d.Judged) {
		return nil
	}
	said, err := s.beJudged(ctx, a, remote)
	if err != nil || said == nil {
		return err
	}
	return s.changeDevice(ctx, a, func(d *device) {
		// The server's word stands above its silence, but for one of another life.
		if d.Judged == nil || said.Asked || !d.Judged.Asked || d.Judged.Epoch < said.Epoch {
			d.Judged = said
		}
	})
}

// changeDevice changes the account's device, if it still has the same key.
func (s *Session) changeDevice(ctx context.Context, a *account, change func(*device)) error {
	_, err := s.home.update(ctx, func(st *state) error {
		if known := st.account(a.Key); known != nil && bytes.Equal(known.Device.KeyBlob, a.Device.KeyBlob) {
			change(&known.Device)
		}
		return nil
	})
	return err
}

// provable reports whether there is something that the chip can prove.
func (d *device) provable() bool {
	switch d.State {
	case wire.DeviceDenied, wire.DeviceRevoked, wire.DeviceWiped:
		return false
	}
	return !d.ID.IsZero() && len(d.KeyBlob) > 0 && d.Creation != nil
}

// beJudged goes the way of tpm/attest/FORMAT.md, section 3. nil: it ended before
// there was a judgement, and the next contact begins it anew.
func (s *Session) beJudged(ctx context.Context, a *account, remote Remote) (*judgement, error) {
	plain, err := s.plainSigner(a)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // no place for keys now: nothing is proved
	}
	id, err := remote.Probe(ctx)
	if err != nil || id.Server == nil {
		return nil, nil //nolint:nilerr,nilnil // it is away, or nobody who judges
	}
	said, err := s.judgedBy(ctx, a, remote, plain)
	if said != nil {
		said.Epoch = id.Server.Epoch
	}
	return said, err
}

// judgedBy is beJudged by a server that was met.
func (s *Session) judgedBy(ctx context.Context, a *account, remote Remote, plain Signer) (*judgement, error) {
	ek, err := s.cfg.Prover.Endorsement(ctx)
	if err != nil {
		return unjudged(err), nil
	}
	machine, err := s.machine(ctx)
	if err != nil {
		return unjudged(err), nil
	}
	ak, err := s.attestor(ctx, a)
	if ak == nil {
		return unjudged(err), nil
	}
	if err != nil {
		return nil, err
	}
	challenge, err := remote.Enrol(ctx, a.Device.ID, wire.Enrolment{
		EK: ek.Public, Certificates: ek.Certificates, AK: ak.Public, Root: ak.Root,
		Manufacturer: machine.Manufacturer, Virtual: machine.Virtual,
	}, plain)
	if err != nil {
		return unjudged(err), nil
	}
	answer, err := s.solve(ctx, &a.Device, ek, ak, challenge)
	if err != nil {
		return unjudged(err), nil
	}
	defer clear(answer.Secret)
	proven, err := remote.Attest(ctx, a.Device.ID, answer, plain)
	if err != nil {
		return unjudged(err), nil
	}
	return &judgement{Asked: true, Proven: proven.Proven, Virtual: proven.Virtual, Why: Unproven(proven.Why)}, nil
}

// attestor returns the chip's attestation key for an account, and makes it if
// there is none. It is durable before it is returned: once the server knows it,
// requests without its statements are refused, and another one never takes its
// place. Without a key the error is the chip's, with one the state's.
func (s *Session) attestor(ctx context.Context, a *account) (*binding.AttestationKey, error) {
	if a.Device.Attestor != nil {
		return a.Device.Attestor, nil
	}
	made, err := s.cfg.Prover.NewAttestationKey(ctx)
	if err != nil {
		return nil, err
	}
	kept := &made
	err = s.changeDevice(ctx, a, func(d *device) {
		if d.Attestor == nil {
			d.Attestor = kept
		}
		kept = d.Attestor // of another process, perhaps
	})
	return kept, err
}

// solve answers the server's challenge.
func (s *Session) solve(ctx context.Context, d *device, ek binding.Endorsement, ak *binding.AttestationKey, c wire.Challenge) (wire.Answer, error) {
	chip := s.cfg.Prover
	secret, err := chip.Activate(ctx, binding.Activation{
		Key: ak.Blob, Endorsement: ek.Public, Credential: c.Credential, Secret: c.Secret,
	})
	if err != nil {
		return wire.Answer{}, err
	}
	if len(secret) != secretBytes {
		return wire.Answer{}, vault.Fail(vault.BadAnswer, "a challenge with a secret of %d bytes", len(secret))
	}
	public, err := chip.SigningKeyPublic(d.KeyBlob)
	if err != nil {
		return wire.Answer{}, err
	}
	said, err := chip.CertifySigningKey(ctx, d.KeyBlob, binding.Certifying{
		Key: ak.Blob, Creation: *d.Creation, Qualifying: binding.Qualify(binding.SubjectDevice, c.Nonce, [secretBytes]byte(secret)),
	})
	if err != nil {
		return wire.Answer{}, err
	}
	return wire.Answer{Secret: secret, Key: public, Creation: d.Creation.Data, Statement: said}, nil
}

// secretBytes is the length of a challenge's secret. (tpm/attest/FORMAT.md, 3.2.)
const secretBytes = 32

// unjudged is the judgement where the server gave none; nil: it may soon.
func unjudged(err error) *judgement {
	why := UnprovenYet
	switch {
	case errors.Is(err, binding.ErrEndorsement):
		why = UnprovenEndorsement
	case errors.Is(err, vault.NotFound):
		why = UnprovenServer
	case errors.Is(err, vault.NotPermitted), errors.Is(err, vault.Usage), errors.Is(err, vault.Unsupported),
		errors.Is(err, binding.ErrOtherMachine), errors.Is(err, binding.ErrTampered):
		why = UnprovenRefused
	default:
		return nil // the network, the chip or the server is busy with something else
	}
	return &judgement{Why: why}
}
