package binding

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
)

// signatureSize is r and s of P-256, 32 bytes each, big-endian.
const signatureSize = 64

// Approval is a server's signature on bounds for one Terms; it travels in the
// lease and is renewed without touching the sealed object.
type Approval struct {
	Bounds    Bounds
	Digest    [32]byte // Terms.Approved(Bounds)
	Signature []byte   // r‖s, 64 bytes, over Message
}

// Message returns the hash that is signed and that TPM2_VerifySignature takes:
// SHA-256(digest ‖ policyRef). (Part 3, 23.16.)
func (a Approval) Message(t Terms) [32]byte {
	ref := t.LeaseRef()
	return sha256.Sum256(append(a.Digest[:], ref[:]...))
}

// Approve signs b for t with the server's TPM policy key, which must be t.Key
// and signs nothing but approvals and permits. The server computes the digest
// here; it never takes one from a client.
func Approve(key *ecdsa.PrivateKey, t Terms, b Bounds) (Approval, error) {
	digest, err := t.Approved(b)
	if err != nil {
		return Approval{}, fmt.Errorf("approve: %w", err)
	}
	if key == nil {
		return Approval{}, errors.New("approve: no key")
	}
	if own, err := KeyOf(&key.PublicKey); err != nil || own != t.Key {
		return Approval{}, errors.New("approve: the key is not the one in the terms")
	}
	a := Approval{Bounds: b, Digest: digest}
	msg := a.Message(t)
	if a.Signature, err = signRS(key, msg); err != nil {
		return Approval{}, fmt.Errorf("approve: %w", err)
	}
	return a, nil
}

// Verify reports whether a is the approval of t's server for t and a.Bounds.
// Anything else is ErrTampered, an approval of another generation too: its
// signature is over another policyRef.
func (a Approval) Verify(t Terms) error {
	digest, err := t.Approved(a.Bounds)
	if err != nil {
		return fmt.Errorf("approval: %w", err)
	}
	if digest != a.Digest || len(a.Signature) != signatureSize {
		return fmt.Errorf("approval: digest or form: %w", ErrTampered)
	}
	pub, err := t.Key.ECDSA()
	if err != nil {
		return fmt.Errorf("approval: %w", err)
	}
	msg := a.Message(t)
	if !verifyRS(pub, msg, a.Signature) {
		return fmt.Errorf("approval: signature: %w", ErrTampered)
	}
	return nil
}
