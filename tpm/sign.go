package tpm

import (
	"context"
	"crypto/ecdsa"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// NewSigningKey makes an ECDSA key on P-256 that never leaves the chip. The
// blob is for Sign and is not secret; it is of use on this chip only.
func (c *Chip) NewSigningKey(ctx context.Context) (blob []byte, pub *ecdsa.PublicKey, err error) {
	blob, pub, _, err = c.NewSigningKeyForProof(ctx)
	return blob, pub, err
}

// publicOf returns the public key of a signing key that matches its template.
func publicOf(object binding.Object) (*ecdsa.PublicKey, error) {
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](object.Public)
	if err != nil {
		return nil, err
	}
	parms, err := public.Parameters.ECCDetail()
	if err != nil {
		return nil, err
	}
	point, err := public.Unique.ECC()
	if err != nil {
		return nil, err
	}
	return tpm2.ECDSAPub(parms, point)
}

// Sign signs a SHA-256 digest with the key in blob: r‖s, 32 bytes each,
// big-endian. A blob of another chip is ErrOtherMachine, one that was changed or
// is no signing key ErrTampered.
func (c *Chip) Sign(ctx context.Context, blob []byte, digest [32]byte) ([]byte, error) {
	key, name, err := cutSigningKey(blob)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	pin := knownRoot(key.root)
	signature := make([]byte, 64)
	err = c.do(ctx, job{"sign", &pin, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		loaded, err := o.load(key.object, name)
		if err != nil {
			return err
		}
		defer o.flush(loaded.handle)
		r, err := run(o, stepSign, tpm2.Sign{
			KeyHandle:  loaded.auth(o.encrypted(true, false)),
			Digest:     tpm2.TPM2BDigest{Buffer: digest[:]},
			InScheme:   tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgNull}, // the key's own
			Validation: tpm2.TPMTTKHashCheck{Tag: tpm2.TPMSTHashCheck, Hierarchy: tpm2.TPMRHNull},
		})
		if err != nil {
			return err
		}
		s, err := r.Signature.Signature.ECDSA()
		if err != nil || len(s.SignatureR.Buffer) > 32 || len(s.SignatureS.Buffer) > 32 {
			return &failure{stepSign, fmt.Errorf("not a signature on P-256: %v", err)}
		}
		copy(signature[32-len(s.SignatureR.Buffer):], s.SignatureR.Buffer)
		copy(signature[64-len(s.SignatureS.Buffer):], s.SignatureS.Buffer)
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return signature, nil
}
