package tpm

import (
	"context"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// ErrEndorsement is binding.ErrEndorsement. It comes together with
// ErrUnavailable.
var ErrEndorsement = binding.ErrEndorsement

const (
	stepEndorse  step = "CreatePrimary(endorsement)"
	stepReadCert step = "NV_Read(certificate)"
)

// Endorsement is binding.Endorsement.
type Endorsement = binding.Endorsement

// Limits of what is read of certificates. Real ones have 0.8 to 1.5 KiB, and
// the longest chain known (Intel's) has three above the EK's.
const (
	maxCertificate  = 4096     // bytes of one NV index
	maxCertificates = 5        // the EK's and its chain
	maxChainBytes   = 16 << 10 // of all indices of the chain
)

// endorsementKind is one of the TCG's templates and where its things lie. (TCG
// EK Credential Profile for TPM Family 2.0, version 2.5, 2.2.1 and B.3; TCG
// Registry of Reserved TPM 2.0 Handles.)
type endorsementKind struct {
	template tpm2.TPMTPublic
	// Index of the certificate. The two after it hold, on some chips, a nonce
	// and a template: then the certificate is not for the key that we make.
	certificate tpm2.TPMHandle
}

// First and last index of the certificates between the EK's and the maker's
// root, concatenated in order. (TCG EK Credential Profile, 2.2.1.5.2.)
const (
	chainFirst tpm2.TPMHandle = 0x01c00100
	chainLast  tpm2.TPMHandle = 0x01c001ff
)

// endorsementKinds are in the order of our liking: P-256 takes a chip a tenth
// of the time of RSA.
func endorsementKinds() []endorsementKind {
	return []endorsementKind{{tpm2.ECCEKTemplate, 0x01c0000a}, {tpm2.RSAEKTemplate, 0x01c00002}}
}

// endorsementHandles are where a provisioned chip keeps its EKs.
func endorsementHandles() []tpm2.TPMHandle { return []tpm2.TPMHandle{0x81010001, 0x81010002} }

// Endorsement reads the chip's identity: of the two standard keys the one that
// the chip holds a certificate for, P-256 before RSA, and its certificates.
// It changes nothing. ErrEndorsement if this user may not.
func (c *Chip) Endorsement(ctx context.Context) (Endorsement, error) {
	var e Endorsement
	err := c.do(ctx, job{"read endorsement", nil, func(o *operation) error {
		e = Endorsement{}
		kinds := endorsementKinds()
		for _, kind := range kinds {
			cert, err := o.certificate(kind)
			if err != nil {
				return err
			}
			if cert != nil {
				if e.Certificates, err = o.chain(cert); err != nil {
					return err
				}
				kinds = []endorsementKind{kind}
				break
			}
		}
		var failed error
		for _, kind := range kinds {
			var key *endorsed
			if key, failed = o.openEndorsement(kind); failed == nil {
				e.Public = tpm2.Marshal(key.public)
				o.closeEndorsement(key)
				return nil
			}
			if o.broken != nil || wantsRepeat(failed) || isFull(failed) {
				return failed
			}
		}
		return failed
	}})
	if err != nil {
		return Endorsement{}, err
	}
	return e, nil
}

// endorsed is an EK in the chip.
type endorsed struct {
	loaded
	public    tpm2.TPMTPublic
	transient bool
}

// openEndorsement finds the EK of a kind at a persistent handle, or makes it:
// the same key each time, for the life of the chip.
func (o *operation) openEndorsement(kind endorsementKind) (*endorsed, error) {
	for _, h := range endorsementHandles() {
		r, err := tpm2.ReadPublic{ObjectHandle: h}.Execute(o)
		if err != nil {
			if o.broken != nil || wantsRepeat(err) {
				return nil, &failure{stepEndorse, err}
			}
			continue // none there
		}
		if key, err := kind.key(h, r.OutPublic); err == nil {
			return key, nil
		}
	}
	r, err := run(o, stepEndorse, tpm2.CreatePrimary{
		PrimaryHandle: tpm2.TPMRHEndorsement, InPublic: tpm2.New2B(kind.template),
	})
	if err != nil {
		return nil, endorsementClosed(err)
	}
	key, err := kind.key(r.ObjectHandle, r.OutPublic)
	if err != nil {
		o.flush(r.ObjectHandle)
		return nil, &failure{stepEndorse, err}
	}
	key.transient = true
	return key, nil
}

// closeEndorsement removes an EK that was made for this operation.
func (o *operation) closeEndorsement(key *endorsed) {
	if key.transient {
		o.flush(key.handle)
	}
}

// key is the EK at h, if its public area is of this kind.
func (k endorsementKind) key(h tpm2.TPMHandle, public tpm2.TPM2BPublic) (*endorsed, error) {
	name, err := matches(k.template, public.Bytes())
	if err != nil {
		return nil, err
	}
	pub, err := public.Contents()
	if err != nil {
		return nil, err
	}
	return &endorsed{loaded: loaded{h, name}, public: *pub}, nil
}

// endorsementClosed says of a refused step whether it was for want of rights.
func endorsementClosed(err error) error {
	var code tpm2.TPMRC
	if !errors.As(err, &code) {
		return err
	}
	if code&tbsErrorMask == tbsError || isAny(code, tpm2.TPMRCAuthFail, tpm2.TPMRCBadAuth, tpm2.TPMRCAuthUnavailable,
		tpm2.TPMRCAuthMissing, tpm2.TPMRCHierarchy, tpm2.TPMRCCommandCode) {
		return fmt.Errorf("%w: %w (%v)", ErrEndorsement, binding.ErrUnavailable, err)
	}
	return err
}

// certificate reads the certificate of a kind; nil if the chip has none for the
// key that the standard template makes.
func (o *operation) certificate(kind endorsementKind) ([]byte, error) {
	for _, other := range []tpm2.TPMHandle{kind.certificate + 1, kind.certificate + 2} {
		if _, err := (tpm2.NVReadPublic{NVIndex: other}).Execute(o); err == nil {
			return nil, nil
		}
	}
	b, err := o.readIndex(kind.certificate)
	if err != nil {
		return nil, err
	}
	if certs := cutCertificates(b); len(certs) > 0 {
		return certs[0], nil
	}
	return nil, nil
}

// chain reads the certificates above the EK's and puts them behind it.
func (o *operation) chain(ek []byte) ([][]byte, error) {
	r, err := run(o, stepCapability, tpm2.GetCapability{
		Capability: tpm2.TPMCapHandles, Property: uint32(chainFirst), PropertyCount: 64,
	})
	if err != nil {
		return nil, err
	}
	list, err := r.CapabilityData.Data.Handles()
	if err != nil {
		return nil, &failure{stepCapability, err}
	}
	var all []byte
	for _, h := range list.Handle {
		if h < chainFirst || h > chainLast || len(all) >= maxChainBytes {
			break
		}
		b, err := o.readIndex(h)
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	certs := append([][]byte{ek}, cutCertificates(all)...)
	return certs[:min(len(certs), maxCertificates)], nil
}

// readIndex reads an NV index that anybody may read; nil if there is none, or
// if it may not be read: a certificate can only raise what is believed of us.
func (o *operation) readIndex(h tpm2.TPMHandle) ([]byte, error) {
	r, err := tpm2.NVReadPublic{NVIndex: h}.Execute(o)
	if err != nil {
		return nil, o.fatal(err)
	}
	public, err := r.NVPublic.Contents()
	if err != nil || public.DataSize > maxCertificate {
		return nil, nil
	}
	var auth tpm2.AuthHandle
	switch {
	case public.Attributes.AuthRead:
		auth = tpm2.AuthHandle{Handle: h, Name: r.NVName, Auth: tpm2.PasswordAuth(nil)}
	case public.Attributes.OwnerRead:
		auth = tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)}
	default:
		return nil, nil
	}
	// Every chip reads 512 bytes at a time: MAX_NV_BUFFER_SIZE. (TCG PC Client
	// Platform TPM Profile 1.05, 4.5.)
	const block = 512
	var data []byte
	for len(data) < int(public.DataSize) {
		n := min(block, int(public.DataSize)-len(data))
		r, err := tpm2.NVRead{
			AuthHandle: auth, NVIndex: tpm2.NamedHandle{Handle: h, Name: r.NVName},
			Size: uint16(n), Offset: uint16(len(data)),
		}.Execute(o)
		if err != nil {
			return nil, o.fatal(err)
		}
		if len(r.Data.Buffer) != n {
			return nil, nil
		}
		data = append(data, r.Data.Buffer...)
	}
	return data, nil
}

// fatal keeps an error that says something of the chip and not of one index.
func (o *operation) fatal(err error) error {
	if o.broken != nil || wantsRepeat(err) || isFull(err) {
		return &failure{stepReadCert, err}
	}
	return nil
}

// cutCertificates cuts concatenated DER values; what follows the last one is
// padding, which some makers fill their indices with.
func cutCertificates(b []byte) [][]byte {
	var certs [][]byte
	for len(b) > 0 && b[0] == 0x30 && len(certs) < maxCertificates {
		var value asn1.RawValue
		rest, err := asn1.Unmarshal(b, &value)
		if err != nil {
			break
		}
		certs = append(certs, value.FullBytes)
		b = rest
	}
	return certs
}
