package tpmtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/google/go-tpm/tpm2"
)

// Makers of chips as they stand in certificates: the hexadecimal name in the
// TCG's vendor registry. Package attest takes the second for software.
const (
	Intel    = "id:494E5443"
	Software = "id:00001014" // as swtpm's own certificates say
)

// Maker is an authority that certifies chips, for a server to believe or not.
type Maker struct {
	key  *ecdsa.PrivateKey
	Cert *x509.Certificate // the root
}

// NewMaker makes one.
func NewMaker() (*Maker, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "test maker"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Maker{key, cert}, nil
}

// PEM returns the root as a server's operator keeps it.
func (m *Maker) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.Cert.Raw})
}

// Ship puts a certificate of the chip's endorsement key (P-256) into its NV
// memory, as a maker does in the factory; id is the maker that it names.
func (m *Maker) Ship(p *Process, id string) error {
	chip := commands{p}
	r, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHEndorsement, InPublic: tpm2.New2B(tpm2.ECCEKTemplate)}.Execute(chip)
	if err != nil {
		return fmt.Errorf("ship a chip: %w", err)
	}
	if _, err := (tpm2.FlushContext{FlushHandle: r.ObjectHandle}).Execute(chip); err != nil {
		return fmt.Errorf("ship a chip: %w", err)
	}
	public, err := r.OutPublic.Contents()
	if err != nil {
		return fmt.Errorf("ship a chip: %w", err)
	}
	key, err := tpm2.Pub(*public)
	if err != nil {
		return fmt.Errorf("ship a chip: %w", err)
	}
	der, err := m.certify(key, id)
	if err != nil {
		return fmt.Errorf("ship a chip: %w", err)
	}
	return writeNV(chip, certificateIndex, append(der, bytes.Repeat([]byte{0xff}, 40)...)) // makers pad
}

// certificateIndex is that of a P-256 key's certificate. (TCG EK Credential
// Profile for TPM Family 2.0, 2.2.1.4.)
const certificateIndex tpm2.TPMHandle = 0x01c0000a

// certify makes the certificate of an endorsement key: its subject alternative
// name has maker, model and version. (As above, chapter 3.)
func (m *Maker) certify(key crypto.PublicKey, id string) ([]byte, error) {
	name, err := asn1.Marshal(pkix.RDNSequence{
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 1}, Value: id}},
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 2}, Value: "Model 1"}},
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 3}, Value: "id:00010002"}},
	})
	if err != nil {
		return nil, err
	}
	names, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: name}})
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * time.Hour),
		KeyUsage: x509.KeyUsageKeyAgreement, BasicConstraintsValid: true,
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{2, 23, 133, 8, 1}},
		ExtraExtensions:    []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: names}},
	}
	return x509.CreateCertificate(rand.Reader, leaf, m.Cert, key, m.key)
}

// writeNV defines an index that anybody may read, and fills it.
func writeNV(chip commands, index tpm2.TPMHandle, data []byte) error {
	if _, err := (tpm2.NVDefineSpace{
		AuthHandle: tpm2.TPMRHOwner,
		PublicInfo: tpm2.New2B(tpm2.TPMSNVPublic{
			NVIndex: index, NameAlg: tpm2.TPMAlgSHA256, DataSize: uint16(len(data)),
			Attributes: tpm2.TPMANV{OwnerWrite: true, AuthRead: true, OwnerRead: true, NoDA: true},
		}),
	}).Execute(chip); err != nil {
		return fmt.Errorf("define NV index: %w", err)
	}
	const block = 512 // every chip takes that much at a time
	for at := 0; at < len(data); at += block {
		public, err := tpm2.NVReadPublic{NVIndex: index}.Execute(chip)
		if err != nil {
			return fmt.Errorf("read NV index: %w", err)
		}
		if _, err := (tpm2.NVWrite{
			AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
			NVIndex:    tpm2.NamedHandle{Handle: index, Name: public.NVName},
			Data:       tpm2.TPM2BMaxNVBuffer{Buffer: data[at:min(at+block, len(data))]}, Offset: uint16(at),
		}).Execute(chip); err != nil {
			return fmt.Errorf("write NV index: %w", err)
		}
	}
	return nil
}

// commands is a process as go-tpm talks to it.
type commands struct{ p *Process }

// Send implements transport.TPM.
func (c commands) Send(input []byte) ([]byte, error) { return c.p.exchange(input) }

// Ship is Maker.Ship for a test.
func (m *Machine) Ship(by *Maker, id string) {
	m.t.Helper()
	m.must(by.Ship(m.p, id))
}
