package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server"
)

// start is when the tests' servers were made.
var start = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func TestIdentitySurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	made, err := server.CreateIdentity(dir, start)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, server.IdentityFile))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("key file has mode %04o, want 0600", info.Mode().Perm())
	}
	opened, err := server.OpenIdentity(dir, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if made.Pin() != opened.Pin() {
		t.Errorf("pin %s became %s", made.Pin(), opened.Pin())
	}
	if diff := cmp.Diff(made.CA().Raw, opened.CA().Raw); diff != "" {
		t.Error("the CA certificate changed:", diff)
	}
	if _, err := server.CreateIdentity(dir, start); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second identity: %v, want os.ErrExist", err)
	}
	if again, err := server.OpenIdentity(dir, start); err != nil || again.Pin() != made.Pin() {
		t.Error("the refused creation changed the identity")
	}
}

func TestIdentityIsRefused(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string)
	}{
		{"others may read the key", func(t *testing.T, dir string) {
			must(t, os.Chmod(filepath.Join(dir, server.IdentityFile), 0o640))
		}},
		{"cut short", func(t *testing.T, dir string) {
			path := filepath.Join(dir, server.IdentityFile)
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, text[:len(text)-100], 0o600))
		}},
		{"more than one key", func(t *testing.T, dir string) {
			path := filepath.Join(dir, server.IdentityFile)
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, append(text, text...), 0o600))
		}},
		{"the certificate in place of the key", func(t *testing.T, dir string) {
			text, err := os.ReadFile(filepath.Join(dir, server.CAFile))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, server.IdentityFile), text, 0o600))
		}},
		{"empty", func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, server.IdentityFile), nil, 0o600))
		}},
		{"certificate of another identity", func(t *testing.T, dir string) {
			other := t.TempDir()
			_, err := server.CreateIdentity(other, start)
			must(t, err)
			text, err := os.ReadFile(filepath.Join(other, server.CAFile))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, server.CAFile), text, 0o644))
		}},
		{"missing", func(t *testing.T, dir string) {
			must(t, os.Remove(filepath.Join(dir, server.IdentityFile)))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := server.CreateIdentity(dir, start)
			must(t, err)
			tt.spoil(t, dir)
			if _, err := server.OpenIdentity(dir, start); err == nil {
				t.Error("it was opened")
			}
		})
	}
}

// A client that knows the pin alone, and one that knows ca.pem alone, must
// both get in, under whatever name or address they use, and go on getting in
// when the certificate was due for renewal.
func TestCertificatesStandUnderTheIdentity(t *testing.T) {
	dir := t.TempDir()
	id, err := server.CreateIdentity(dir, start)
	must(t, err)
	text, err := os.ReadFile(filepath.Join(dir, server.CAFile))
	must(t, err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatal("ca.pem holds no certificate")
	}
	now := start
	config, err := id.TLSConfig(func() time.Time { return now })
	must(t, err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).Handshake() // the client's side tells what went wrong
			_ = conn.Close()
		}
	}()

	connect := func(name string) *x509.Certificate {
		t.Helper()
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{
			RootCAs: roots, ServerName: name, Time: func() time.Time { return now },
		})
		if err != nil {
			t.Fatalf("%s at %s: %v", name, now, err)
		}
		defer func() { _ = conn.Close() }()
		chain := conn.ConnectionState().PeerCertificates
		if last := chain[len(chain)-1]; lease.Pin(last.RawSubjectPublicKeyInfo) != id.Pin() {
			t.Errorf("%s: the root is not in the chain", name)
		}
		return chain[0]
	}
	for _, name := range []string{"localhost", "127.0.0.1", "vault.example.org", "VAULT.Example.org", "nas"} {
		connect(name)
	}
	first := connect("vault.example.org")
	if again := connect("vault.example.org"); first.SerialNumber.Cmp(again.SerialNumber) != 0 {
		t.Error("every handshake makes a certificate")
	}
	now = now.AddDate(0, 3, 0)
	if later := connect("vault.example.org"); later.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("the certificate was not renewed")
	}

	conn, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	old := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "localhost", MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}) //nolint:gosec // what is refused
	if err := old.Handshake(); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	must(t, conn.Close())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
