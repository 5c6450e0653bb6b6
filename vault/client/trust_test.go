package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/lease"
)

// The system's certificates are read once in a process, so the authority that
// these tests call public is made before the first of them.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "trust")
		if err != nil {
			log.Print(err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }() // what stays lies in the system's folder for that
		public, err := authority("Public authority")
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "key"), mustKey(public.key), 0o600)
		}
		file := filepath.Join(dir, "public.pem")
		if err == nil {
			err = os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public.cert.Raw}), 0o600)
		}
		for name, value := range map[string]string{"SSL_CERT_FILE": file, "SSL_CERT_DIR": dir, "TEST_PUBLIC_KEY": filepath.Join(dir, "key")} {
			if err == nil {
				err = os.Setenv(name, value)
			}
		}
		if err != nil {
			log.Print(err)
			return 1
		}
		return m.Run()
	}())
}

// issuer is a certificate that signs others.
type issuer struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func mustKey(key *ecdsa.PrivateKey) []byte {
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return b
}

func authority(name string) (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return authorityOf(key, name)
}

func authorityOf(key *ecdsa.PrivateKey, name string) (*issuer, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &issuer{key, cert}, err
}

// public returns the authority of TestMain.
func public(t *testing.T) *issuer {
	t.Helper()
	der, err := os.ReadFile(os.Getenv("TEST_PUBLIC_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(os.Getenv("SSL_CERT_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{key.(*ecdsa.PrivateKey), cert}
}

func root(t *testing.T, o *own) *issuer {
	t.Helper()
	i, err := authorityOf(o.root, "Server identity")
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// leaf is what a server certificate says.
type leaf struct {
	host  string
	after time.Duration // the end of its life from now; 0: an hour
}

// issue makes a certificate and the chain that the server presents: the leaf
// and what else is given.
func (i *issuer) issue(t *testing.T, l leaf, rest ...*x509.Certificate) tls.Certificate {
	t.Helper()
	if l.after == 0 {
		l.after = time.Hour
	}
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(l.after),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(l.host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{l.host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.cert, &key.PublicKey, i.key)
	if err != nil {
		t.Fatal(err)
	}
	chain := [][]byte{der}
	for _, c := range rest {
		chain = append(chain, c.Raw)
	}
	return tls.Certificate{Certificate: chain, PrivateKey: key}
}

// selfSigned is a certificate that stands alone, as many Pleasant servers have
// it, and its pin.
func selfSigned(t *testing.T, host string) (tls.Certificate, string) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{host},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, lease.Pin(spki(t, key))
}

// serveTLS starts a server with a certificate. Refused handshakes are not
// worth a line of the log.
func serveTLS(t *testing.T, h http.Handler, cert tls.Certificate) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}} //nolint:gosec // the default minimum is 1.2
	srv.Config.ErrorLog = log.New(quiet{}, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

type quiet struct{}

func (quiet) Write(b []byte) (int, error) { return len(b), nil }

func caFile(t *testing.T, certs ...*x509.Certificate) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	var text []byte
	for _, c := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const here = "127.0.0.1"

func TestTrust(t *testing.T) {
	o := newOwn(t)
	identity, stranger := root(t, o), root(t, newOwn(t))
	vendor := public(t)
	ours := identity.issue(t, leaf{host: here}, identity.cert)
	otherHost := identity.issue(t, leaf{host: "vault.example"}, identity.cert)
	alone, alonePin := selfSigned(t, "pps.example")
	expired := identity.issue(t, leaf{host: here, after: -24 * time.Hour}, identity.cert)
	// The root certificate is public: anybody can show it beside a leaf of
	// their own.
	forged := stranger.issue(t, leaf{host: here}, identity.cert)
	bought := vendor.issue(t, leaf{host: here})
	boughtForOther := vendor.issue(t, leaf{host: "vault.example"})
	// A rogue authority, shown together with the pinned root.
	boughtForged := vendor.issue(t, leaf{host: here}, vendor.cert, identity.cert)
	pleasant := &replay{t: t, versions: "6"}

	for _, tc := range []struct {
		name    string
		handler http.Handler
		cert    tls.Certificate
		cfg     client.Config
		want    vault.Cause // empty: accepted
		detail  string
		pin     string // what Probe says was proved
	}{
		{name: "nobody vouches", handler: o, cert: ours, want: vault.IdentityUnknown, detail: o.pin()},
		{name: "pinned", handler: o, cert: ours, cfg: client.Config{Pin: o.pin()}, pin: o.pin()},
		{name: "pinned in capitals", handler: o, cert: ours, cfg: client.Config{Pin: strings.ToUpper(o.pin())}, pin: o.pin()},
		{name: "pinned, by another name of the machine", handler: o, cert: otherHost, cfg: client.Config{Pin: o.pin()}, pin: o.pin()},
		{name: "another key than the pinned one", handler: o, cert: stranger.issue(t, leaf{host: here}, stranger.cert), cfg: client.Config{Pin: o.pin()}, want: vault.IdentityChanged, detail: lease.Pin(stranger.cert.RawSubjectPublicKeyInfo)},
		{name: "the pinned root beside a foreign leaf", handler: o, cert: forged, cfg: client.Config{Pin: o.pin()}, want: vault.IdentityChanged},
		{name: "a public authority in place of the pin", handler: o, cert: bought, cfg: client.Config{Pin: o.pin()}, want: vault.IdentityChanged},
		{name: "a public authority beside the pinned root", handler: o, cert: boughtForged, cfg: client.Config{Pin: o.pin()}, want: vault.IdentityChanged},
		{name: "out of date under the pin", handler: o, cert: expired, cfg: client.Config{Pin: o.pin()}, want: vault.BadAnswer},

		{name: "CA file", handler: o, cert: ours, cfg: client.Config{CAFile: caFile(t, identity.cert)}, pin: o.pin()},
		{name: "CA file, the chain without its root", handler: o, cert: identity.issue(t, leaf{host: here}), cfg: client.Config{CAFile: caFile(t, identity.cert)}},
		{name: "CA file, another name", handler: o, cert: otherHost, cfg: client.Config{CAFile: caFile(t, identity.cert)}, want: vault.IdentityUnknown, detail: o.pin()},
		{name: "CA file of somebody else", handler: o, cert: ours, cfg: client.Config{CAFile: caFile(t, stranger.cert)}, want: vault.IdentityUnknown, detail: o.pin()},
		{name: "CA file, but a public authority", handler: o, cert: bought, cfg: client.Config{CAFile: caFile(t, identity.cert)}, want: vault.IdentityUnknown},
		{name: "CA file, out of date", handler: o, cert: expired, cfg: client.Config{CAFile: caFile(t, identity.cert)}, want: vault.IdentityUnknown},
		{name: "CA file and pin, own certificate", handler: o, cert: stranger.issue(t, leaf{host: here}), cfg: client.Config{CAFile: caFile(t, stranger.cert), Pin: o.pin()}},
		{name: "CA file and another pin", handler: o, cert: ours, cfg: client.Config{CAFile: caFile(t, identity.cert), Pin: alonePin}, want: vault.IdentityChanged},

		{name: "publicly trusted", handler: o, cert: bought},
		{name: "publicly trusted for another name", handler: o, cert: boughtForOther, want: vault.IdentityUnknown},

		{name: "Pleasant, publicly trusted", handler: pleasant, cert: bought},
		{name: "Pleasant, self-signed", handler: pleasant, cert: alone, want: vault.IdentityUnknown, detail: alonePin},
		{name: "Pleasant, self-signed and pinned", handler: pleasant, cert: alone, cfg: client.Config{Pin: alonePin}, pin: alonePin},
		{name: "Pleasant, CA file and another pin", handler: pleasant, cert: stranger.issue(t, leaf{host: here}), cfg: client.Config{CAFile: caFile(t, stranger.cert), Pin: o.pin()}, want: vault.IdentityChanged},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o.calls = nil
			pleasant.requests()
			tc.cfg.URL = serveTLS(t, tc.handler, tc.cert).URL
			c, err := client.New(tc.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.SignIn(context.Background(), credentials())
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if who, err := c.Probe(context.Background()); err != nil || who.Pin != tc.pin {
					t.Errorf("proved pin %q, %v; want %q", who.Pin, err, tc.pin)
				}
				return
			}
			want(t, "sign-in", err, tc.want)
			var p *vault.Problem
			if tc.detail != "" && (!errors.As(err, &p) || p.Detail != tc.detail) {
				t.Errorf("got %v, want the detail %q", err, tc.detail)
			}
			for _, line := range append(o.calls, pleasant.requests()...) {
				if strings.Contains(line, "Token") || tc.want == vault.IdentityUnknown {
					t.Errorf("the server received %s", line)
				}
			}
		})
	}
}

// A server may change its TLS key whenever it likes; whoever takes over the
// address may not change it once.
func TestEveryConnectionIsJudged(t *testing.T) {
	o := newOwn(t)
	identity, stranger := root(t, o), root(t, newOwn(t))
	var now atomic.Pointer[tls.Certificate]
	show := func(c tls.Certificate) { now.Store(&c) }
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		o.ServeHTTP(w, r)
	}))
	srv.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { //nolint:gosec // the default minimum is 1.2
		return &tls.Config{Certificates: []tls.Certificate{*now.Load()}}, nil //nolint:gosec // as above
	}}
	srv.Config.ErrorLog = log.New(quiet{}, "", 0)
	srv.StartTLS()
	defer srv.Close()
	c, err := client.New(client.Config{URL: srv.URL, Pin: o.pin()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.UseToken(vault.SecretText(accessToken))
	show(identity.issue(t, leaf{host: here}, identity.cert))
	if _, err := c.Tree(context.Background()); err != nil {
		t.Fatal(err)
	}
	show(identity.issue(t, leaf{host: "elsewhere.example"}, identity.cert))
	if _, err := c.Tree(context.Background()); err != nil {
		t.Errorf("a new key of the same identity: %v", err)
	}
	show(stranger.issue(t, leaf{host: here}, stranger.cert))
	_, err = c.Tree(context.Background())
	want(t, "another identity on a later connection", err, vault.IdentityChanged)
}

func TestWrongScheme(t *testing.T) {
	o := newOwn(t)
	identity := root(t, o)
	secure := serveTLS(t, o, identity.issue(t, leaf{host: here}, identity.cert)).URL
	_, err := open(t, strings.Replace(secure, "https", "http", 1)).Probe(context.Background())
	want(t, "http to https", err, vault.BadAnswer)
	_, err = open(t, strings.Replace(o.start().URL, "http", "https", 1)).Probe(context.Background())
	want(t, "https to http", err, vault.BadAnswer)
}

func TestOldTLSIsRefused(t *testing.T) {
	o := newOwn(t)
	identity := root(t, o)
	srv := httptest.NewUnstartedServer(o)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{identity.issue(t, leaf{host: here}, identity.cert)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // on purpose
	srv.Config.ErrorLog = log.New(quiet{}, "", 0)
	srv.StartTLS()
	defer srv.Close()
	c, err := client.New(client.Config{URL: srv.URL, Pin: o.pin()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SignIn(context.Background(), credentials()); err == nil || len(o.calls) > 0 {
		t.Errorf("TLS 1.1 was accepted: %v, %v", err, o.calls)
	}
}
