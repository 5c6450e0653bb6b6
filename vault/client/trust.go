package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// trust decides about the certificates of every connection, resumed ones too.
type trust struct {
	pin   string
	host  string
	roots *x509.CertPool // nil: the system's
	own   bool           // roots came from a CA file
}

// tlsConfig returns a configuration that leaves the decision to verify: the
// standard library's cannot know pins.
func (t *trust) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.host,
		InsecureSkipVerify: true, //nolint:gosec // verify, below, does the whole work and refuses by default
		VerifyConnection:   func(cs tls.ConnectionState) error { return t.verify(cs.PeerCertificates) },
	}
}

// verify accepts a chain that holds the pinned key, if the leaf stands under
// it; or, without a pin or with a CA file, a chain that ordinary verification
// accepts for the host. Everything else is an identity that nobody has vouched
// for, or another one than before. The presented pin is the problem's Detail.
func (t *trust) verify(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return vault.Fail(vault.BadAnswer, "the server has no certificate")
	}
	if root := t.pinned(chain); root != nil {
		return underPin(chain, root)
	}
	if t.pin == "" || t.own {
		opts := x509.VerifyOptions{DNSName: t.host, Roots: t.roots, Intermediates: pool(chain[1:])}
		_, err := chain[0].Verify(opts)
		if err == nil {
			return nil // with a pin and a CA file, Probe compares the pin
		}
		if t.pin == "" {
			return &vault.Problem{Cause: vault.IdentityUnknown, Detail: presentedPin(chain), Err: err}
		}
	}
	return &vault.Problem{
		Cause: vault.IdentityChanged, Detail: presentedPin(chain),
		Err: errors.New("the pinned key is not in the server's certificates"),
	}
}

// pinned returns the certificate of the chain that holds the pinned key.
func (t *trust) pinned(chain []*x509.Certificate) *x509.Certificate {
	for _, c := range chain {
		if t.pin != "" && lease.Pin(c.RawSubjectPublicKeyInfo) == t.pin {
			return c
		}
	}
	return nil
}

// underPin verifies the leaf under the pinned certificate alone. The host name
// is not compared: one identity is one server, whatever name or address leads
// to it, and its root signs for nobody else.
func underPin(chain []*x509.Certificate, root *x509.Certificate) error {
	opts := x509.VerifyOptions{Roots: pool([]*x509.Certificate{root}), Intermediates: pool(chain[1:])}
	_, err := chain[0].Verify(opts)
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &vault.Problem{
			Cause: vault.BadAnswer, Err: err,
			Detail: fmt.Sprintf("the server's certificate is not valid by this machine's clock (%s to %s)",
				chain[0].NotBefore.UTC().Format("2006-01-02"), chain[0].NotAfter.UTC().Format("2006-01-02")),
		}
	}
	return &vault.Problem{Cause: vault.IdentityChanged, Detail: presentedPin(chain), Err: err}
}

// presentedPin is the pin that a person may confirm: that of the last
// certificate, which is the identity root on a Tideover server and, on a server
// with one self-signed certificate, this one.
func presentedPin(chain []*x509.Certificate) string {
	return lease.Pin(chain[len(chain)-1].RawSubjectPublicKeyInfo)
}

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}
