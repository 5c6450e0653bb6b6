package attest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/attest"
)

// ekCertificate is a template as the EK profile has it; maker is "id:…".
func ekCertificate(maker string) *x509.Certificate { return ekCertificateOf(maker, "Model 1") }

func ekCertificateOf(maker, model string) *x509.Certificate {
	name, _ := asn1.Marshal(pkix.RDNSequence{ // of constants: cannot fail
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 1}, Value: maker}},
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 2}, Value: model}},
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 3}, Value: "id:00010002"}},
	})
	names, _ := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: name}})
	return &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageKeyAgreement, BasicConstraintsValid: true,
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{2, 23, 133, 8, 1}},
		ExtraExtensions:    []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: names}},
	}
}

// authority is a maker of chips, known to the server.
type authority struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func newAuthority(t testing.TB, above *authority) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: rand.Text()},
	}
	a := &authority{key: key}
	if above == nil {
		above = &authority{key, template}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, above.cert, key.Public(), above.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) issue(t testing.TB, leaf *x509.Certificate, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestCertificates: what a chain is worth, on EKs in software.
func TestCertificates(t *testing.T) {
	root := newAuthority(t, nil)
	between := newAuthority(t, root)
	v := attest.New(attest.Config{Roots: []*x509.Certificate{root.cert}})
	f := newForger(t)
	ek := &f.ek.PublicKey
	leaf := func(change func(*x509.Certificate)) *x509.Certificate {
		c := ekCertificate("id:494E5443")
		change(c)
		return c
	}
	plain := ekCertificate("id:494E5443")
	for _, test := range []struct {
		name    string
		certs   [][]byte
		later   time.Duration
		why     attest.Why
		virtual bool
		err     error
	}{
		{"by the root", [][]byte{root.issue(t, plain, ek)}, 0, "", false, nil},
		{"by one between", [][]byte{between.issue(t, plain, ek), between.cert.Raw}, 0, "", false, nil},
		{"the one between left out", [][]byte{between.issue(t, plain, ek)}, 0, attest.WhyUnknownRoot, false, nil},
		{"the one between is garbage", [][]byte{between.issue(t, plain, ek), {1, 2, 3}}, 0, attest.WhyUnknownRoot, false, nil},
		{"later", [][]byte{root.issue(t, plain, ek)}, 2 * time.Hour, attest.WhyExpired, false, nil},
		{"earlier", [][]byte{root.issue(t, plain, ek)}, -2 * time.Hour, attest.WhyExpired, false, nil},
		{"of software", [][]byte{root.issue(t, ekCertificate("id:4D534654"), ek)}, 0, "", true, nil},
		{"of swtpm by another maker", [][]byte{root.issue(t, ekCertificateOf("id:494E5443", "SwTPM"), ek)}, 0, "", true, nil},
		{"of nobody", [][]byte{root.issue(t, ekCertificate("Intel"), ek)}, 0, "", true, nil},
		{"of another key", [][]byte{root.issue(t, plain, &newKey(t).PublicKey)}, 0, "", false, attest.ErrCertificate},
		{"an authority's", [][]byte{root.issue(t, leaf(func(c *x509.Certificate) { c.IsCA = true }), ek)}, 0, "", false, attest.ErrCertificate},
		{"for signing", [][]byte{root.issue(t, leaf(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }), ek)}, 0, "", false, attest.ErrCertificate},
		{"of a web server", [][]byte{root.issue(t, leaf(func(c *x509.Certificate) {
			c.UnknownExtKeyUsage, c.ExtKeyUsage = nil, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}), ek)}, 0, "", false, attest.ErrCertificate},
		{"without usages", [][]byte{root.issue(t, leaf(func(c *x509.Certificate) { c.UnknownExtKeyUsage, c.KeyUsage = nil, 0 }), ek)}, 0, "", false, nil},
		{"that says nothing of a chip", [][]byte{root.issue(t, leaf(func(c *x509.Certificate) {
			c.UnknownExtKeyUsage, c.ExtraExtensions = nil, nil
		}), ek)}, 0, "", false, attest.ErrCertificate},
		{"without a maker", [][]byte{root.issue(t, leaf(func(c *x509.Certificate) { c.ExtraExtensions = nil }), ek)}, 0, "", true, nil},
		{"with a condition that nobody knows", [][]byte{root.issue(t, leaf(func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
		}), ek)}, 0, attest.WhyChain, false, nil},
	} {
		e := f.enrolment()
		e.Certificates = test.certs
		claim, err := v.Claim(e, time.Now().Add(test.later))
		wants(t, test.name, err, test.err)
		if err != nil {
			continue
		}
		if claim.Why != test.why || claim.Certified != (test.why == "") || claim.Virtual != test.virtual {
			t.Errorf("%s: certified %v, why %q, virtual %v", test.name, claim.Certified, claim.Why, claim.Virtual)
		}
	}
}

// TestVirtualByWord: the client's own word makes a chip virtual, never the
// other way round.
func TestVirtualByWord(t *testing.T) {
	root := newAuthority(t, nil)
	v := attest.New(attest.Config{Roots: []*x509.Certificate{root.cert}})
	f := newForger(t)
	for _, test := range []struct {
		name, cert, word string
		says, want       bool
	}{
		{"hardware", "id:494E5443", "INTC", false, false},
		{"hardware behind an explicit address", "id:494E5443", "INTC", true, true},
		{"certificate of hardware, word of software", "id:494E5443", "IBM", false, true},
		{"certificate of software, word of hardware", "id:00001014", "INTC", false, true},
		{"VMware", "id:564D5700", "", false, true},
		{"Google", "id:474F4F47", "", false, true},
	} {
		e := f.enrolment()
		e.Certificates = [][]byte{root.issue(t, ekCertificate(test.cert), &f.ek.PublicKey)}
		e.Manufacturer, e.Virtual = test.word, test.says
		claim, err := v.Claim(e, time.Now())
		if err != nil || claim.Virtual != test.want || !claim.Certified {
			t.Errorf("%s: virtual %v, certified %v, %v", test.name, claim.Virtual, claim.Certified, err)
		}
	}
}

// TestEveryByteOfACertificate: a genuine certificate with one byte changed is
// refused, or not believed.
func TestEveryByteOfACertificate(t *testing.T) {
	v := believing(t)
	e := newClient(t, ship(t)).enrolment()
	good := e.Certificates[0]
	for i := range good {
		for _, flip := range []byte{0x01, 0x80} {
			bad := append([]byte(nil), good...)
			bad[i] ^= flip
			e.Certificates = [][]byte{bad}
			if claim, err := v.Claim(e, time.Now()); err == nil && claim.Certified {
				t.Fatalf("byte %d ^ %#x: still certified", i, flip)
			}
		}
	}
	for _, bad := range [][]byte{good[:len(good)-1], append(append([]byte(nil), good...), 0)} {
		e.Certificates = [][]byte{bad}
		if claim, err := v.Claim(e, time.Now()); err != nil || claim.Certified || claim.Why != attest.WhyUnreadable {
			t.Errorf("%d bytes: %+v, %v", len(bad), claim.Why, err)
		}
	}
}
