package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// caLifetime is long because the root is what clients have pinned: a new
	// one is a new server for each of them.
	caLifetime = 30 * 365 * 24 * time.Hour
	// leafLifetime is what public authorities allow at most from 2029
	// (CA/Browser Forum ballot SC-081v3); renewal costs nothing here.
	leafLifetime = 47 * 24 * time.Hour
	// renewBefore is a third of the lifetime, as ACME clients do it.
	renewBefore = leafLifetime / 3
	// backdate lets clients in whose clocks are a little behind.
	backdate = time.Hour
	// maxLeaves bounds the certificates kept: one per name that clients used.
	// Beyond it all are dropped; making one anew costs two signatures.
	maxLeaves = 64
	// maxHostBytes is the longest host name (RFC 1035, section 2.3.4).
	maxHostBytes = 253
)

// openCA reads the certificate at path, or makes it. A certificate of another
// key is an error: the file does not belong to this identity.
func openCA(path string, root *ecdsa.PrivateKey, now time.Time) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return createCA(path, root, now)
	}
	if err != nil {
		return nil, fmt.Errorf("read CA certificate: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read CA certificate %s: no PEM in it", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read CA certificate %s: %w", path, err)
	}
	if !root.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("read CA certificate %s: it is not of this server's identity", path)
	}
	return cert, nil
}

func createCA(path string, root *ecdsa.PrivateKey, now time.Time) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "Tideover server identity"},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &root.PublicKey, root)
	if err != nil {
		return nil, fmt.Errorf("make CA certificate: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := replaceFile(path, text, 0o644); err != nil {
		return nil, fmt.Errorf("write CA certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// serial returns 127 random bits; RFC 5280 asks for a positive number of at
// most 20 bytes.
func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (Go 1.24)
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}

// issuer hands out TLS certificates under the identity, for whatever name or
// address the client used to get here. Such a certificate helps nobody else:
// its key is this process's own. It is safe for concurrent use.
type issuer struct {
	id  *Identity
	key *ecdsa.PrivateKey
	now func() time.Time

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

func newIssuer(id *Identity, now func() time.Time) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make TLS key: %w", err)
	}
	return &issuer{id: id, key: key, now: now, leaves: map[string]*tls.Certificate{}}, nil
}

// certificate is tls.Config.GetCertificate.
func (is *issuer) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := hostOf(hello)
	now := is.now()
	is.mu.Lock()
	defer is.mu.Unlock()
	if leaf := is.leaves[name]; leaf != nil && now.Before(leaf.Leaf.NotAfter.Add(-renewBefore)) {
		return leaf, nil
	}
	leaf, err := is.issue(name, now)
	if err != nil {
		return nil, fmt.Errorf("issue TLS certificate: %w", err)
	}
	if len(is.leaves) >= maxLeaves {
		clear(is.leaves)
	}
	is.leaves[name] = leaf
	return leaf, nil
}

func (is *issuer) issue(name string, now time.Time) (*tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "Tideover server"},
		NotBefore:    now.Add(-backdate),
		NotAfter:     now.Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if name != "" {
		template.DNSNames = append(template.DNSNames, name)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, is.id.ca, &is.key.PublicKey, is.id.root)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	// The root goes along: a client that knows the pin finds its key there.
	return &tls.Certificate{
		Certificate: [][]byte{der, is.id.ca.Raw}, PrivateKey: is.key, Leaf: leaf,
	}, nil
}

// hostOf returns the name that the client asked for, or the address that it
// reached where it sent none (an address is never sent as a server name).
func hostOf(hello *tls.ClientHelloInfo) string {
	if name := strings.ToLower(strings.TrimSuffix(hello.ServerName, ".")); isHostName(name) {
		return name
	}
	if hello.Conn == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(hello.Conn.LocalAddr().String())
	if err != nil {
		return ""
	}
	host, _, _ = strings.Cut(host, "%") // without the zone of a link-local address
	return host
}

// isHostName reports whether name is letters, digits, hyphens and dots only.
func isHostName(name string) bool {
	if name == "" || len(name) > maxHostBytes {
		return false
	}
	for _, label := range strings.Split(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
				return false
			}
		}
	}
	return true
}

// TLSConfig returns the server's configuration: TLS 1.2 at least, certificates
// under the identity, renewed by themselves.
func (id *Identity) TLSConfig(now func() time.Time) (*tls.Config, error) {
	is, err := newIssuer(id, now)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: is.certificate}, nil
}
