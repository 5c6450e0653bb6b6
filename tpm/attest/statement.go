package attest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"math/big"

	"github.com/tideover/tideover/tpm/binding"
)

// Constants of TPMS_ATTEST. (TCG TPM 2.0 Library, Part 2, 6.2 and 6.9.)
const (
	generated      uint32 = 0xff544347 // TPM_GENERATED_VALUE: a restricted key signs it for the chip only
	attestQuote    uint16 = 0x8018
	attestCreation uint16 = 0x801a
)

// attested is a TPMS_ATTEST of a creation or a quote.
type attested struct {
	kind         uint16
	signer       []byte // qualified Name of the key
	extra        []byte // qualifying data
	clock        binding.Clock
	firmware     uint64
	name         []byte // of the object; creation
	creationHash []byte // creation
	pcrs         []selection
	pcrDigest    []byte // quote
}

// selection is one TPMS_PCR_SELECTION.
type selection struct {
	hash uint16
	bits []byte
}

// maxSelections is how many PCR banks a chip may name: HASH_COUNT, with room.
const maxSelections = 16

// parseAttested reads a TPMS_ATTEST and nothing after it. (Part 2, 10.12.12.)
func parseAttested(b []byte) (attested, error) {
	if len(b) > maxAttested {
		return attested{}, fmt.Errorf("%w: statement of %d bytes", ErrMalformed, len(b))
	}
	r := &reader{b: b}
	if magic := r.u32(); magic != generated {
		return attested{}, fmt.Errorf("%w: statement is not the chip's own", ErrMalformed)
	}
	a := attested{kind: r.u16(), signer: r.sized(maxName), extra: r.sized(maxName)}
	a.clock = binding.Clock{MS: r.u64(), Resets: r.u32(), Restarts: r.u32()}
	switch r.u8() { // TPMI_YES_NO
	case 0:
	case 1:
		a.clock.Safe = true
	default:
		r.broken = true
	}
	a.firmware = r.u64()
	switch {
	case r.broken:
	case a.kind == attestCreation:
		a.name, a.creationHash = r.sized(maxName), r.sized(64)
	case a.kind == attestQuote:
		a.pcrs, a.pcrDigest = r.selections(), r.sized(64)
	default:
		return attested{}, fmt.Errorf("%w: %#x", ErrKind, a.kind)
	}
	if !r.end() {
		return attested{}, fmt.Errorf("%w: length of statement", ErrMalformed)
	}
	return a, nil
}

// selections takes a TPML_PCR_SELECTION. (Part 2, 10.9.7 and 10.6.2.)
func (r *reader) selections() []selection {
	n := r.u32()
	if n > maxSelections {
		r.broken = true
		return nil
	}
	list := make([]selection, 0, n)
	for range n {
		list = append(list, selection{hash: r.u16(), bits: r.take(int(r.u8()))})
	}
	return list
}

// parseSignature reads a TPMT_SIGNATURE of ECDSA with SHA-256 and nothing
// after it. (Part 2, 11.3.4.)
func parseSignature(b []byte) (s, t *big.Int, err error) {
	if len(b) > maxSignature {
		return nil, nil, fmt.Errorf("%w: signature of %d bytes", ErrMalformed, len(b))
	}
	r := &reader{b: b}
	scheme, hash := r.u16(), r.u16()
	if scheme != algECDSA || hash != algSHA256 {
		return nil, nil, fmt.Errorf("%w: signature is not ECDSA with SHA-256", ErrMalformed)
	}
	first, second := r.sized(32), r.sized(32)
	if !r.end() || len(first) == 0 || len(second) == 0 {
		return nil, nil, fmt.Errorf("%w: length of signature", ErrMalformed)
	}
	return new(big.Int).SetBytes(first), new(big.Int).SetBytes(second), nil
}

// open checks the signature of a statement and reads it.
func open(key *ecdsa.PublicKey, s binding.Statement) (attested, error) {
	if len(s.Attested) > maxAttested {
		return attested{}, fmt.Errorf("%w: statement of %d bytes", ErrMalformed, len(s.Attested))
	}
	r, t, err := parseSignature(s.Signature)
	if err != nil {
		return attested{}, err
	}
	digest := sha256.Sum256(s.Attested)
	if !ecdsa.Verify(key, digest[:], r, t) {
		return attested{}, ErrSignature
	}
	return parseAttested(s.Attested)
}

// occasion is what a statement must have been made for.
type occasion struct {
	kind    uint16
	about   binding.Subject
	nonce   []byte
	context [32]byte
}

// check compares the rest of section 4.3 of FORMAT.md, in its order. signers
// are the qualified Names that the key may have.
func (a attested) check(o occasion, signers ...[]byte) error {
	if a.kind != o.kind {
		return fmt.Errorf("%w: %#x", ErrKind, a.kind)
	}
	found := false
	for _, s := range signers {
		found = found || bytes.Equal(a.signer, s)
	}
	if !found {
		return ErrSigner
	}
	if want := binding.Qualify(o.about, o.nonce, o.context); !bytes.Equal(a.extra, want[:]) {
		return ErrStale
	}
	return nil
}
