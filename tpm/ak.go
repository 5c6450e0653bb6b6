package tpm

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Marks of the two blobs of an attestation key, laid out like that of a
// signing key. (attest/FORMAT.md, section 7.)
const (
	endorsedMark = "TideAtE\x01" // a primary of the endorsement hierarchy; "private" is its seed
	ownedMark    = "TideAtO\x01" // a child of the storage root
)

const (
	stepAttestKey step = "attestation key"
	stepQuote     step = "Quote"
)

// AttestationKey is binding.AttestationKey.
type AttestationKey = binding.AttestationKey

// seedSize is the length in bytes of what makes one endorsed key another.
const seedSize = 32

// attestTemplate is the public area of an attestation key: made in the chip,
// never leaves it, and restricted: it signs no digest that was brought to it.
func attestTemplate() tpm2.TPMTPublic {
	t := signTemplate()
	t.ObjectAttributes.Restricted = true
	return t
}

// NewAttestationKey makes an attestation key. Where this user may, it stands
// in the endorsement hierarchy, and its statements show the chip's resets as
// they are; elsewhere under the storage root, and they show differences only.
func (c *Chip) NewAttestationKey(ctx context.Context) (AttestationKey, error) {
	var key localObject
	var mark string
	err := c.do(ctx, job{"make attestation key", &c.local, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		seed := make([]byte, seedSize)
		rand.Read(seed) //nolint:errcheck // crypto/rand.Read never returns an error (Go 1.24)
		made, public, err := o.makeEndorsed(seed)
		if err == nil {
			o.flush(made.handle)
			mark, key = endorsedMark, localObject{bytes.Clone(o.root.name.Buffer), binding.Object{Public: public, Private: seed}}
			return nil
		}
		if !errors.Is(err, ErrEndorsement) {
			return err
		}
		o.releaseRoot() // createLocal opens it itself
		mark = ownedMark
		key, err = o.createLocal(attestTemplate(), nil)
		return err
	}})
	if err != nil {
		return AttestationKey{}, err
	}
	return AttestationKey{Blob: key.appendTo(mark), Public: key.object.Public, Root: key.root}, nil
}

// makeEndorsed makes the primary of the endorsement hierarchy that belongs to
// seed, and returns its public area. The caller flushes it.
func (o *operation) makeEndorsed(seed []byte) (loaded, []byte, error) {
	template := attestTemplate()
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{X: tpm2.TPM2BECCParameter{Buffer: seed}})
	r, err := run(o, stepAttestKey, tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHEndorsement, InPublic: tpm2.New2B(template)})
	if err != nil {
		return loaded{}, nil, endorsementClosed(err)
	}
	public := r.OutPublic.Bytes()
	name, err := matches(template, public)
	if err != nil {
		o.flush(r.ObjectHandle)
		return loaded{}, nil, &failure{stepAttestKey, err}
	}
	return loaded{r.ObjectHandle, name}, public, nil
}

// attestKey is a parsed blob.
type attestKey struct {
	local    localObject
	name     tpm2.TPM2BName
	endorsed bool
}

// parseAttestKey reads the blob of an AttestationKey; anything else is
// ErrTampered.
func parseAttestKey(blob []byte) (attestKey, error) {
	k := attestKey{endorsed: bytes.HasPrefix(blob, []byte(endorsedMark))}
	mark := ownedMark
	if k.endorsed {
		mark = endorsedMark
	}
	var rest []byte
	var err error
	if k.local, rest, err = cutObject(mark, blob); err != nil {
		return attestKey{}, err
	}
	if len(rest) != 0 || k.endorsed && len(k.local.object.Private) != seedSize {
		return attestKey{}, fmt.Errorf("%w: not a blob of this version", binding.ErrTampered)
	}
	k.name, err = matches(attestTemplate(), k.local.object.Public)
	return k, err
}

// openKey puts an attestation key into the chip; the caller flushes it. One
// under the storage root needs the root open.
func (o *operation) openKey(k attestKey) (loaded, error) {
	if !k.endorsed {
		return o.load(k.local.object, k.name)
	}
	made, _, err := o.makeEndorsed(k.local.object.Private)
	if err != nil {
		return loaded{}, err
	}
	if !bytes.Equal(made.name.Buffer, k.name.Buffer) {
		o.flush(made.handle)
		return loaded{}, fmt.Errorf("%w: its seed makes another attestation key", binding.ErrOtherMachine)
	}
	return made, nil
}

// plainAuth authorises the key with its empty password. No session: what is
// asked and answered is public, and the answer is signed.
func (l loaded) plainAuth() tpm2.AuthHandle { return l.auth(tpm2.PasswordAuth(nil)) }

// statement pairs what was attested with its signature.
func statement(attested tpm2.TPM2BAttest, signature tpm2.TPMTSignature) binding.Statement {
	return binding.Statement{Attested: attested.Bytes(), Signature: tpm2.Marshal(signature)}
}

// noScheme leaves the scheme to the key.
func noScheme() tpm2.TPMTSigScheme { return tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgNull} }

// Present has the chip say that it is here, and what its clock shows: a quote
// of no PCR under the attestation key in blob. qualifying is what
// binding.Qualify makes for SubjectContact.
func (c *Chip) Present(ctx context.Context, blob []byte, qualifying [32]byte) (binding.Statement, error) {
	key, err := parseAttestKey(blob)
	if err != nil {
		return binding.Statement{}, fmt.Errorf("present: %w", err)
	}
	pin := knownRoot(key.local.root)
	var said binding.Statement
	err = c.do(ctx, job{"present", &pin, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		ak, err := o.openKey(key)
		if err != nil {
			return err
		}
		defer o.flush(ak.handle)
		r, err := run(o, stepQuote, tpm2.Quote{
			SignHandle: ak.plainAuth(), QualifyingData: tpm2.TPM2BData{Buffer: qualifying[:]}, InScheme: noScheme(),
		})
		if err != nil {
			return err
		}
		said = statement(r.Quoted, r.Signature)
		return nil
	}})
	return said, err
}
