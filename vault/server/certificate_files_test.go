package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tideover/tideover/vault/server"
)

// writePair writes a self-signed certificate with that number, and its key.
func writePair(t *testing.T, files server.CertificateFiles, number int64, at time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(number), NotBefore: start, NotAfter: start.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	for path, block := range map[string]*pem.Block{
		files.Certificate: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		must(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		must(t, os.Chtimes(path, at, at))
	}
}

// Files are read again when they have changed; a pair that does not fit leaves
// the one that there was, and is taken once it is whole.
func TestCertificateFiles(t *testing.T) {
	dir := t.TempDir()
	files := server.CertificateFiles{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	if _, err := files.TLSConfig(time.Now); err == nil {
		t.Error("missing files were taken")
	}
	writePair(t, files, 1, start)
	now := start
	config, err := files.TLSConfig(func() time.Time { return now })
	must(t, err)
	serves := func(want int64) {
		t.Helper()
		pair, err := config.GetCertificate(&tls.ClientHelloInfo{})
		must(t, err)
		cert, err := x509.ParseCertificate(pair.Certificate[0])
		must(t, err)
		if cert.SerialNumber.Int64() != want {
			t.Errorf("certificate %d is served, want %d", cert.SerialNumber, want)
		}
	}
	serves(1)
	writePair(t, files, 2, start.Add(time.Hour))
	serves(1) // not yet looked at
	now = now.Add(2 * time.Minute)
	serves(2)
	must(t, os.WriteFile(files.Key, []byte("half"), 0o600))
	now = now.Add(2 * time.Minute)
	serves(2)
	writePair(t, files, 3, start.Add(2*time.Hour))
	now = now.Add(2 * time.Minute)
	serves(3)
}
