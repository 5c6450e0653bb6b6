package attest

import (
	"crypto/x509"
	"fmt"
	"time"
)

// Config says whom to believe.
type Config struct {
	Roots         []*x509.Certificate // of chip makers; none: nothing is ever proven
	Intermediates []*x509.Certificate // of makers whose chips hold no chain
}

// Verifier checks enrolments. Safe for concurrent use.
type Verifier struct{ roots, intermediates *x509.CertPool }

// New returns a Verifier that believes the roots of c, and no other: not those
// of the operating system.
func New(c Config) *Verifier {
	v := &Verifier{roots: x509.NewCertPool(), intermediates: x509.NewCertPool()}
	for _, root := range c.Roots {
		v.roots.AddCert(root)
	}
	for _, between := range c.Intermediates {
		v.intermediates.AddCert(between)
	}
	return v
}

// Enrolment is a client's first message. (FORMAT.md, 3.1.)
type Enrolment struct {
	EK           []byte   `json:"ek"`           // TPMT_PUBLIC
	Certificates [][]byte `json:"certificates"` // DER, the EK's first
	AK           []byte   `json:"ak"`           // TPMT_PUBLIC
	Root         []byte   `json:"root"`         // Name of the storage root key, 34 bytes
	Manufacturer string   `json:"manufacturer"` // the client's word
	Virtual      bool     `json:"virtual"`      // the client's word
}

// Claim is an Enrolment that makes sense, before the chip has shown that it is
// behind it. Believe nothing of it but for making the challenge.
type Claim struct {
	EK          []byte      `json:"ek"`   // TPMT_PUBLIC
	AK          []byte      `json:"ak"`   // TPMT_PUBLIC
	Root        []byte      `json:"root"` // Name
	Certificate Certificate `json:"certificate"`
	Certified   bool        `json:"certified"` // a root vouches for the EK
	Why         Why         `json:"why,omitempty"`
	Virtual     bool        `json:"virtual"`
}

// maxManufacturer is the longest name of a maker, in bytes; a chip's has four.
const maxManufacturer = 16

// Claim checks a client's first message at the server's time now. The errors
// are those of FORMAT.md 4.1; a chip that nobody vouches for is no error.
func (v *Verifier) Claim(e Enrolment, now time.Time) (Claim, error) {
	ek, err := parseEK(e.EK)
	if err != nil {
		return Claim{}, fmt.Errorf("enrolment: %w", err)
	}
	if _, err := parseAK(e.AK); err != nil {
		return Claim{}, fmt.Errorf("enrolment: %w", err)
	}
	if !isName(e.Root) || len(e.Manufacturer) > maxManufacturer {
		return Claim{}, fmt.Errorf("enrolment: %w: root or manufacturer", ErrMalformed)
	}
	cert, why, err := v.certify(ek, e.Certificates, now)
	if err != nil {
		return Claim{}, fmt.Errorf("enrolment: %w", err)
	}
	return Claim{
		EK: e.EK, AK: e.AK, Root: e.Root, Certificate: cert, Certified: why == "", Why: why, Virtual: virtual(e, cert, why),
	}, nil
}

// EKName returns the Name of the endorsement key: the same chip, the same Name.
// Until Pending.Verify it is the client's word.
func (c Claim) EKName() []byte { return Name(c.EK) }
