package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/vault"
)

// maxRootsBytes bounds the file: the roots of all makers of chips, and what
// stands between them and their chips, have some 200 KiB.
const maxRootsBytes = 4 << 20

// tpmRoots returns who is believed about chips: the certificates of a PEM file.
// Those that sign themselves are roots, the others stand between a root and a
// chip. nil: no file, so nobody is.
func (c *console) tpmRoots() (*attest.Verifier, error) {
	if c.rootsFile == "" {
		return nil, nil
	}
	info, err := os.Stat(c.rootsFile)
	if err != nil {
		return nil, vault.Fail(vault.Usage, "--tpm-roots: %w", err)
	}
	if info.Size() > maxRootsBytes {
		return nil, vault.Fail(vault.Usage, "--tpm-roots: more than %d bytes", maxRootsBytes)
	}
	text, err := os.ReadFile(c.rootsFile)
	if err != nil {
		return nil, vault.Fail(vault.Usage, "--tpm-roots: %w", err)
	}
	config, err := parseRoots(text)
	if err != nil {
		return nil, vault.Fail(vault.Usage, "--tpm-roots: %w", err)
	}
	return attest.New(config), nil
}

func parseRoots(text []byte) (attest.Config, error) {
	var config attest.Config
	for n := 1; ; n++ {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return config, fmt.Errorf("part %d is a %s, not a certificate", n, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return config, fmt.Errorf("certificate %d: %w", n, err)
		case !cert.IsCA:
			return config, fmt.Errorf("certificate %d signs nothing: %s", n, cert.Subject)
		case bytes.Equal(cert.RawSubject, cert.RawIssuer):
			config.Roots = append(config.Roots, cert)
		default:
			config.Intermediates = append(config.Intermediates, cert)
		}
	}
	if len(config.Roots) == 0 {
		return config, errors.New("no certificate that signs itself")
	}
	return config, nil
}
