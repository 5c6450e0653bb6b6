package session

import (
	"context"
	"crypto/ecdsa"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// Prover is a chip that proves to a server which one it is: *tpm.Chip. What the
// messages are stands in tpm/attest/FORMAT.md.
type Prover interface {
	ProvableKeys
	Endorser
	Witness
}

// ProvableKeys makes device keys whose making the chip can certify later.
type ProvableKeys interface {
	// NewSigningKeyForProof is NewSigningKey of a Keeper, and how the key was made.
	NewSigningKeyForProof(ctx context.Context) (blob []byte, public *ecdsa.PublicKey, made binding.Creation, err error)
	// SigningKeyPublic returns the key's public area. It asks the chip nothing.
	SigningKeyPublic(blob []byte) ([]byte, error)
	// CertifySigningKey has the chip state that it made the key.
	CertifySigningKey(ctx context.Context, blob []byte, with binding.Certifying) (binding.Statement, error)
}

// Endorser is the chip's identity. binding.ErrEndorsement: it is closed to this
// user.
type Endorser interface {
	// Endorsement reads the chip's identity key and its certificates.
	Endorsement(ctx context.Context) (binding.Endorsement, error)
	// NewAttestationKey makes a key that signs what the chip says of itself.
	NewAttestationKey(ctx context.Context) (binding.AttestationKey, error)
	// Activate solves the server's challenge.
	Activate(ctx context.Context, a binding.Activation) (secret []byte, err error)
}

// Witness states things for a server, with an attestation key. It costs no try.
type Witness interface {
	// Present states that the chip is here, and what its clock shows.
	Present(ctx context.Context, key []byte, qualifying [32]byte) (binding.Statement, error)
	// CertifySealed states that the chip made a sealed object.
	CertifySealed(ctx context.Context, object binding.Object, with binding.Certifying) (binding.Statement, error)
}

// ChipVerifier is the server's side. vault.NotFound from a server that knows
// nothing of it.
type ChipVerifier interface {
	// Enrol tells the server what the device's chip is, Attest answers its
	// challenge.
	Enrol(ctx context.Context, d vault.ID, e wire.Enrolment, s Signer) (wire.Challenge, error)
	Attest(ctx context.Context, d vault.ID, a wire.Answer, s Signer) (wire.Proven, error)
}

// Unproven says why a chip is not proven: one of these, or the server's own word
// (tpm/attest/FORMAT.md, 4.1 and wire.Proven).
type Unproven string

// Why the server has not judged the chip. The words reach disk and --json.
const (
	UnprovenYet         Unproven = "not_yet"            // it was not asked yet, or did not answer
	UnprovenNoChip      Unproven = "no_chip"            // there is none in use, so there is nothing to prove
	UnprovenOldKey      Unproven = "old_device_key"     // made before its making was kept: enrol the device anew
	UnprovenEndorsement Unproven = "endorsement_closed" // the chip keeps its identity from this user
	UnprovenServer      Unproven = "server_too_old"     // it has no word for it
	UnprovenRefused     Unproven = "refused"            // it did not accept what the chip said
)

// judgement is what the server said of the chip, or why it said nothing.
type judgement struct {
	Asked   bool     `json:"asked"` // the rest is the server's word
	Proven  bool     `json:"proven"`
	Virtual bool     `json:"virtual"`
	Why     Unproven `json:"why"`
	// Epoch is that of the server when it was asked: one that was restored since may
	// know nothing of it.
	Epoch uint64 `json:"epoch"`
}

// ChipStatus is what the server believes of the device's chip, as it said last.
type ChipStatus struct {
	Asked           bool // it has judged; else only Why means something
	Proven, Virtual bool
	Why             Unproven // not proven; empty if it is
}

// ErrCopiedChip says of a Suspended problem that two chips answered in the name of
// this device: a machine and its copy, or one whose chip's state was put back.
// An administrator who knows which of them is to stay approves the device again.
var ErrCopiedChip = errors.New("two chips have the identity of this device")

// suspension returns err, with ErrCopiedChip where that is why.
func suspension(err error, why string) error {
	if !errors.Is(err, vault.Suspended) || why != binding.WhyCopied || errors.Is(err, ErrCopiedChip) {
		return err
	}
	return &vault.Problem{Cause: vault.Suspended, Detail: ErrCopiedChip.Error(), Err: ErrCopiedChip}
}

// whySuspended returns the error of a request with ErrCopiedChip where that is
// why: the device may have been suspended by that very request. The server is
// asked, and what it says is carried out as with every contact.
func (s *Session) whySuspended(ctx context.Context, a *account, remote Remote, err error) error {
	if !errors.Is(err, vault.Suspended) || errors.Is(err, ErrCopiedChip) {
		return err
	}
	if _, lost := s.contact(ctx, remote); lost != nil {
		return err // the next contact has the reason
	}
	_, now, stateErr := s.accountNow(a.Key)
	if stateErr != nil || now == nil {
		return err
	}
	return suspension(err, now.Device.Why)
}

func (d *device) copied() bool {
	return d.State == wire.DeviceSuspended && d.Why == binding.WhyCopied
}

// problem says why the device may not cache; nil if it may.
func (d *device) problem() error { return suspension(deviceProblem(d.State), d.Why) }

// chipStatus returns what is known of a device's chip without asking anybody.
func (s *Session) chipStatus(d *device) ChipStatus {
	switch {
	case d.Judged != nil:
		return ChipStatus{Asked: d.Judged.Asked, Proven: d.Judged.Proven, Virtual: d.Judged.Virtual, Why: d.Judged.Why}
	case len(d.RootName) == 0 && s.cfg.Chip == nil:
		return ChipStatus{Why: UnprovenNoChip}
	case len(d.KeyBlob) > 0 && d.Creation == nil:
		return ChipStatus{Why: UnprovenOldKey}
	}
	return ChipStatus{Why: UnprovenYet}
}
