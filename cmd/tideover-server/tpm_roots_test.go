package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// TestParseRoots: what a file for --tpm-roots may hold.
func TestParseRoots(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := func(name string, ca bool) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
			IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: name},
		}
	}
	issue := func(leaf, above *x509.Certificate) string {
		der, err := x509.CreateCertificate(rand.Reader, leaf, above, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	root := template("root", true)
	between, leaf := template("between", true), template("leaf", false)
	for _, tt := range []struct {
		name, text     string
		roots, between int
		problem        string
	}{
		{"a root", issue(root, root), 1, 0, ""},
		{"words around it", "# Maker\n" + issue(root, root) + "\n", 1, 0, ""},
		{"one between", issue(root, root) + issue(between, root), 1, 1, ""},
		{"none between alone", issue(between, root), 0, 0, "signs itself"},
		{"a chip's", issue(root, root) + issue(leaf, root), 0, 0, "signs nothing"},
		{"nothing", "", 0, 0, "signs itself"},
		{"a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0, 0, "not a certificate"},
		{"garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0, 0, "certificate 1"},
	} {
		got, err := parseRoots([]byte(tt.text))
		if tt.problem != "" {
			if err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.problem)
			}
			continue
		}
		if err != nil || len(got.Roots) != tt.roots || len(got.Intermediates) != tt.between {
			t.Errorf("%s: %d roots, %d between, %v", tt.name, len(got.Roots), len(got.Intermediates), err)
		}
	}
}
