package attest_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/attest"
)

// TestTemplates: keys that are nearly an EK or an AK.
func TestTemplates(t *testing.T) {
	f := newForger(t)
	good := f.enrolment()
	// The modulus of a real EK, with its first or last bit cleared.
	rsa := recordings(t)[0].Enrolment.EK
	short, even := bytes.Clone(rsa), bytes.Clone(rsa)
	short[len(short)-256] &= 0x7f
	even[len(even)-1] &^= 1
	ek := func(change func(*tpm2.TPMTPublic)) func(*attest.Enrolment) {
		return func(e *attest.Enrolment) {
			template := tpm2.ECCEKTemplate
			change(&template)
			e.EK = publicArea(t, template, &f.ek.PublicKey)
		}
	}
	ak := func(change func(*tpm2.TPMTPublic)) func(*attest.Enrolment) {
		return func(e *attest.Enrolment) {
			template := signTemplate(true)
			change(&template)
			e.AK = publicArea(t, template, &f.ak.PublicKey)
		}
	}
	for _, test := range []struct {
		name   string
		change func(*attest.Enrolment)
		want   error
	}{
		{"nothing", func(*attest.Enrolment) {}, nil},
		{"RSA EK", func(e *attest.Enrolment) { e.EK = rsa }, nil},
		{"EK of 2047 bits", func(e *attest.Enrolment) { e.EK = short }, attest.ErrMalformed},
		{"even modulus", func(e *attest.Enrolment) { e.EK = even }, attest.ErrMalformed},
		{"EK that leaves the chip", ek(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.FixedTPM = false }), attest.ErrAttributes},
		{"EK with a password", ek(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.UserWithAuth = true }), attest.ErrAttributes},
		{"EK that signs", ek(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.SignEncrypt = true }), attest.ErrAttributes},
		{"EK without policy", ek(func(p *tpm2.TPMTPublic) { p.AuthPolicy.Buffer = nil }), attest.ErrUnsupported},
		{"EK with SHA-384", ek(func(p *tpm2.TPMTPublic) { p.NameAlg = tpm2.TPMAlgSHA384 }), attest.ErrUnsupported},
		{"storage root as EK", func(e *attest.Enrolment) { e.EK = publicArea(t, tpm2.ECCSRKTemplate, &f.ek.PublicKey) }, attest.ErrUnsupported},
		{"AK as EK", func(e *attest.Enrolment) { e.EK = e.AK }, attest.ErrUnsupported},
		{"EK as AK", func(e *attest.Enrolment) { e.AK = e.EK }, attest.ErrUnsupported},
		{"AK that signs anything", ak(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.Restricted = false }), attest.ErrAttributes},
		{"AK that leaves the chip", ak(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.FixedTPM = false }), attest.ErrAttributes},
		{"AK that moves with its parent", ak(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.FixedParent = false }), attest.ErrAttributes},
		{"AK from outside", ak(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.SensitiveDataOrigin = false }), attest.ErrAttributes},
		{"AK with long coordinates", func(e *attest.Enrolment) { e.AK = stretched(e.AK) }, attest.ErrMalformed},
		{"EK with long coordinates", func(e *attest.Enrolment) { e.EK = stretched(e.EK) }, attest.ErrMalformed},
		{"AK without a point", func(e *attest.Enrolment) { e.AK = append(bytes.Clone(e.AK[:len(e.AK)-68]), 0, 0, 0, 0) }, attest.ErrMalformed},
		{"AK with a policy", ak(func(p *tpm2.TPMTPublic) { p.AuthPolicy.Buffer = make([]byte, 32) }), attest.ErrUnsupported},
		{"a long maker", func(e *attest.Enrolment) { e.Manufacturer = "a maker of many words" }, attest.ErrMalformed},
		{"nothing at all", func(e *attest.Enrolment) { *e = attest.Enrolment{} }, attest.ErrMalformed},
	} {
		e := good
		test.change(&e)
		_, err := attest.New(attest.Config{}).Claim(e, time.Now())
		wants(t, test.name, err, test.want)
	}
}

// stretched gives both coordinates of a P-256 key a zero before.
func stretched(public []byte) []byte {
	point := public[len(public)-68:]
	x, y := append([]byte{0}, point[2:34]...), append([]byte{0}, point[36:]...)
	return join(public[:len(public)-68], sized(x), sized(y))
}

// TestSignatures: signatures that are nearly one.
func TestSignatures(t *testing.T) {
	r := recordings(t)[0]
	good := r.Contact.Signature
	first, second := good[6:38], good[40:]
	for _, test := range []struct {
		name string
		sig  []byte
		want error
	}{
		{"nothing", good, nil},
		{"long r", join(good[:4], sized(append([]byte{0}, first...)), sized(second)), attest.ErrMalformed},
		{"long s", join(good[:4], sized(first), sized(append([]byte{0}, second...))), attest.ErrMalformed},
		{"no r", join(good[:4], sized(nil), sized(second)), attest.ErrMalformed},
		{"no s", join(good[:4], sized(first), sized(nil)), attest.ErrMalformed},
		{"zero", join(good[:4], sized(make([]byte, 32)), sized(make([]byte, 32))), attest.ErrSignature},
		{"swapped", join(good[:4], sized(second), sized(first)), attest.ErrSignature},
		{"RSASSA", join([]byte{0, 0x14}, good[2:]), attest.ErrMalformed},
		{"SHA-1", join(good[:2], []byte{0, 4}, good[4:]), attest.ErrMalformed},
	} {
		said := r.Contact
		said.Signature = test.sig
		_, err := r.Identity.Present(said, r.Nonce, r.request())
		wants(t, test.name, err, test.want)
	}
}
