package attest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Most certificates in a chain, and bytes of one. Intel's chain, the longest
// known, has four; certificates have 0.8 to 1.5 KiB.
const (
	maxCertificates = 5
	maxCertificate  = 4096
)

// Why says why a chip is not certified. The words reach disk and wire.
type Why string

// The reasons; empty if it is certified.
const (
	WhyNoCertificate Why = "no_certificate" // the chip holds none
	WhyUnreadable    Why = "unreadable"     // not a certificate that this program can read
	WhyUnknownRoot   Why = "unknown_root"   // none of the given roots vouches for it
	WhyExpired       Why = "expired"        // it or one above it is not valid at this time
	WhyChain         Why = "chain"          // the chain is broken otherwise
)

// Certificate is what an EK certificate says. Its text fields are as good as
// its chain.
type Certificate struct {
	SHA256  []byte `json:"sha256,omitempty"`  // of the DER
	Maker   string `json:"maker,omitempty"`   // four characters of the TCG's register, or eight digits
	Model   string `json:"model,omitempty"`   // at most 64 bytes
	Version string `json:"version,omitempty"` // firmware when it was made; at most 64 bytes
}

// Object identifiers. (EK profile, chapter 3; RFC 5280; RFC 8017, A.2.1.)
var (
	oidMaker         = asn1.ObjectIdentifier{2, 23, 133, 2, 1}
	oidModel         = asn1.ObjectIdentifier{2, 23, 133, 2, 2}
	oidVersion       = asn1.ObjectIdentifier{2, 23, 133, 2, 3}
	oidEKCertificate = asn1.ObjectIdentifier{2, 23, 133, 8, 1}
	oidSubjectAlt    = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAOAEP       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
)

// certify checks the certificates of an EK. A certificate of another key is an
// error; one that nobody known vouches for is a reason.
func (v *Verifier) certify(ek crypto.PublicKey, chain [][]byte, now time.Time) (Certificate, Why, error) {
	if len(chain) == 0 {
		return Certificate{}, WhyNoCertificate, nil
	}
	if len(chain) > maxCertificates || slices.ContainsFunc(chain, func(c []byte) bool { return len(c) > maxCertificate }) {
		return Certificate{}, "", fmt.Errorf("certificates: %w: too many or too long", ErrMalformed)
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return Certificate{}, WhyUnreadable, nil
	}
	if err := belongs(leaf, ek); err != nil {
		return Certificate{}, "", err
	}
	sum := crypto.SHA256.New()
	sum.Write(chain[0])
	c := Certificate{SHA256: sum.Sum(nil)}
	c.readMaker(leaf)
	// Somebody's root may sign other things as well: a web server's key fits
	// the template of an EK.
	if c.Maker == "" && !slices.ContainsFunc(leaf.UnknownExtKeyUsage, oidEKCertificate.Equal) {
		return Certificate{}, "", fmt.Errorf("%w: nothing says that it is one of a chip", ErrCertificate)
	}
	return c, v.vouched(leaf, chain[1:], now), nil
}

// belongs refuses a certificate that is not one of this EK.
func belongs(leaf *x509.Certificate, ek crypto.PublicKey) error {
	usage := x509.KeyUsageKeyEncipherment
	same := false
	switch ek := ek.(type) {
	case *ecdsa.PublicKey:
		usage = x509.KeyUsageKeyAgreement
		same = ek.Equal(leaf.PublicKey)
	case *rsa.PublicKey:
		key, err := rsaKey(leaf)
		same = err == nil && ek.Equal(key)
	}
	switch {
	case !same:
		return fmt.Errorf("%w: another key", ErrCertificate)
	case leaf.IsCA:
		return fmt.Errorf("%w: of an authority", ErrCertificate)
	case leaf.KeyUsage != 0 && leaf.KeyUsage&usage == 0:
		return fmt.Errorf("%w: key usage", ErrCertificate)
	case (len(leaf.ExtKeyUsage) > 0 || len(leaf.UnknownExtKeyUsage) > 0) &&
		!slices.ContainsFunc(leaf.UnknownExtKeyUsage, oidEKCertificate.Equal):
		return fmt.Errorf("%w: extended key usage", ErrCertificate)
	}
	return nil
}

// rsaKey reads the RSA key of a certificate, also where it is said to be for
// OAEP only, as some makers do; crypto/x509 knows the ordinary kind.
func rsaKey(leaf *x509.Certificate) (*rsa.PublicKey, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if rest, err := asn1.Unmarshal(leaf.RawSubjectPublicKeyInfo, &info); err != nil || len(rest) != 0 {
		return nil, errors.New("public key info")
	}
	if !info.Algorithm.Algorithm.Equal(oidRSA) && !info.Algorithm.Algorithm.Equal(oidRSAOAEP) {
		return nil, errors.New("not an RSA key")
	}
	return x509.ParsePKCS1PublicKey(info.Key.RightAlign())
}

// vouched builds the chain; nothing but the given roots counts.
func (v *Verifier) vouched(leaf *x509.Certificate, above [][]byte, now time.Time) Why {
	between := v.intermediates.Clone()
	for _, der := range above {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	// An EK certificate must have a critical subjectAltName of a kind that
	// crypto/x509 does not know; readMaker has read it.
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(leaf.UnhandledCriticalExtensions, oidSubjectAlt.Equal)
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: v.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return WhyExpired
	case errors.As(err, &unknown):
		return WhyUnknownRoot
	}
	return WhyChain
}

// readMaker takes the chip's maker from the subjectAltName: a GeneralNames of
// which one is a directoryName. What is not there stays empty.
func (c *Certificate) readMaker(leaf *x509.Certificate) {
	for _, e := range leaf.Extensions {
		if !e.Id.Equal(oidSubjectAlt) {
			continue
		}
		var names []asn1.RawValue
		if rest, err := asn1.Unmarshal(e.Value, &names); err != nil || len(rest) != 0 {
			return
		}
		for _, n := range names {
			if n.Class != asn1.ClassContextSpecific || n.Tag != 4 {
				continue
			}
			var name pkix.RDNSequence
			if rest, err := asn1.Unmarshal(n.Bytes, &name); err == nil && len(rest) == 0 {
				c.readName(name)
			}
		}
	}
}

func (c *Certificate) readName(name pkix.RDNSequence) {
	for _, set := range name {
		for _, a := range set {
			text, ok := a.Value.(string)
			if !ok || len(text) > 64 {
				continue
			}
			switch {
			case a.Type.Equal(oidMaker):
				c.Maker = makerText(text)
			case a.Type.Equal(oidModel):
				c.Model = text
			case a.Type.Equal(oidVersion):
				c.Version = text
			}
		}
	}
}
