package attest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"math/big"
)

// Algorithms and curves. (TCG Algorithm Registry; TCG TPM 2.0 Library, Part 2,
// 6.3 and 6.4.)
const (
	algRSA       uint16 = 0x0001
	algAES       uint16 = 0x0006
	algKeyedHash uint16 = 0x0008
	algSHA256    uint16 = 0x000b
	algNull      uint16 = 0x0010
	algECDSA     uint16 = 0x0018
	algECC       uint16 = 0x0023
	algCFB       uint16 = 0x0043
	curveP256    uint16 = 0x0003
)

// Attributes of the keys. (Part 2, 8.3; FORMAT.md, section 2.)
const (
	attributesEK     uint32 = 0x000300b2 // fixedTPM fixedParent sensitiveDataOrigin adminWithPolicy restricted decrypt
	attributesAK     uint32 = 0x00050472 // fixedTPM fixedParent sensitiveDataOrigin userWithAuth noDA restricted sign
	attributesDevice uint32 = 0x00040472 // the same without restricted
)

// endorsementPolicy is PolicySecret(TPM_RH_ENDORSEMENT) with SHA-256. (EK
// profile, B.6.)
const endorsementPolicy = "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa"

// public is a TPMT_PUBLIC of an RSA or ECC key.
type public struct {
	kind, nameAlg uint16
	attributes    uint32
	policy        []byte
	aes           bool   // AES-128-CFB protects what is under the key; else nothing
	ecdsa         bool   // signs ECDSA with SHA-256; else any scheme
	size          uint16 // bits of RSA, or the curve
	exponent      uint32 // of RSA; 0 is 65537
	kdf           uint16
	modulus, x, y []byte
}

// parsePublic reads a public area and nothing after it. Algorithms that no
// template of ours has are ErrUnsupported: how long their fields are is not
// known here.
func parsePublic(b []byte) (public, error) {
	if len(b) > maxPublic {
		return public{}, fmt.Errorf("%w: public area of %d bytes", ErrMalformed, len(b))
	}
	r := &reader{b: b}
	p := public{kind: r.u16(), nameAlg: r.u16(), attributes: r.u32(), policy: r.sized(64)}
	known := p.kind == algRSA || p.kind == algECC
	switch r.u16() {
	case algAES:
		p.aes = true
		known = known && r.u16() == 128 && r.u16() == algCFB
	case algNull:
	default:
		known = false
	}
	switch r.u16() {
	case algECDSA:
		p.ecdsa = true
		known = known && r.u16() == algSHA256
	case algNull:
	default:
		known = false
	}
	if r.broken {
		return public{}, fmt.Errorf("%w: public area ends early", ErrMalformed)
	}
	if !known {
		return public{}, fmt.Errorf("%w: type %#x", ErrUnsupported, p.kind)
	}
	p.size = r.u16()
	if p.kind == algRSA {
		p.exponent = r.u32()
		p.modulus = r.sized(256)
	} else {
		if p.kdf = r.u16(); p.kdf != algNull && !r.broken {
			return public{}, fmt.Errorf("%w: KDF %#x", ErrUnsupported, p.kdf)
		}
		p.x, p.y = r.sized(32), r.sized(32)
	}
	if !r.end() {
		return public{}, fmt.Errorf("%w: length of public area", ErrMalformed)
	}
	return p, nil
}

// endorsement checks that p is an EK of template L-1 or L-2.
func (p public) endorsement() (crypto.PublicKey, error) {
	switch {
	case p.nameAlg != algSHA256, !p.aes, p.ecdsa, hex.EncodeToString(p.policy) != endorsementPolicy,
		p.kind == algRSA && (p.size != 2048 || p.exponent != 0), p.kind == algECC && p.size != curveP256:
		return nil, fmt.Errorf("endorsement key: %w", ErrUnsupported)
	case p.attributes != attributesEK:
		return nil, fmt.Errorf("endorsement key: %w: %#08x", ErrAttributes, p.attributes)
	case p.kind == algECC:
		return p.point()
	}
	n := new(big.Int).SetBytes(p.modulus)
	if n.BitLen() != 2048 || n.Bit(0) == 0 {
		return nil, fmt.Errorf("endorsement key: %w: modulus", ErrMalformed)
	}
	return &rsa.PublicKey{N: n, E: 65537}, nil // 0 in the template: Part 2, 12.2.3.5
}

// signing checks that p is one of our keys on P-256 with these attributes.
func (p public) signing(what string, attributes uint32) (*ecdsa.PublicKey, error) {
	switch {
	case p.kind != algECC, p.nameAlg != algSHA256, len(p.policy) != 0, p.aes, !p.ecdsa, p.size != curveP256:
		return nil, fmt.Errorf("%s: %w", what, ErrUnsupported)
	case p.attributes != attributes:
		return nil, fmt.Errorf("%s: %w: %#08x", what, ErrAttributes, p.attributes)
	}
	return p.point()
}

// point returns the key, which must be on the curve.
func (p public) point() (*ecdsa.PublicKey, error) {
	if len(p.x) == 0 || len(p.y) == 0 {
		return nil, fmt.Errorf("%w: no point", ErrMalformed)
	}
	raw := [65]byte{4}
	copy(raw[33-len(p.x):], p.x)
	copy(raw[65-len(p.y):], p.y)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	return key, nil
}

// parseEK reads the public area of an endorsement key.
func parseEK(b []byte) (crypto.PublicKey, error) {
	p, err := parsePublic(b)
	if err != nil {
		return nil, fmt.Errorf("endorsement key: %w", err)
	}
	return p.endorsement()
}

// parseAK reads the public area of an attestation key.
func parseAK(b []byte) (*ecdsa.PublicKey, error) {
	return parseSigning("attestation key", attributesAK, b)
}

// parseDeviceKey reads the public area of a device's signing key.
func parseDeviceKey(b []byte) (*ecdsa.PublicKey, error) {
	return parseSigning("device key", attributesDevice, b)
}

func parseSigning(what string, attributes uint32, b []byte) (*ecdsa.PublicKey, error) {
	p, err := parsePublic(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return p.signing(what, attributes)
}
