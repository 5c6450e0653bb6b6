package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// Files of the identity in the data directory. The key file is the one thing
// that no backup contains (security.md 10).
const (
	IdentityFile = "identity.key"
	CAFile       = "ca.pem"
)

// pemPrivateKey is the type of a PKCS #8 key in PEM (RFC 7468, section 10).
const pemPrivateKey = "PRIVATE KEY"

// Identity is the server's root key, which clients pin, and the certificate
// authority that has it as its key. It signs sub-keys and TLS certificates and
// nothing else. It is immutable and safe for concurrent use.
type Identity struct {
	root     *ecdsa.PrivateKey
	rootSPKI []byte
	ca       *x509.Certificate
}

// CreateIdentity makes a new identity in dir: the key file with mode 0600 and
// the CA certificate. It never replaces a key file, since every client has
// pinned its key: then the error is os.ErrExist.
func CreateIdentity(dir string, now time.Time) (*Identity, error) {
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make server identity: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(root)
	if err != nil {
		return nil, fmt.Errorf("make server identity: %w", err)
	}
	defer clear(der)
	text := pem.EncodeToMemory(&pem.Block{Type: pemPrivateKey, Bytes: der})
	defer clear(text)
	if err := writeNew(filepath.Join(dir, IdentityFile), text, 0o600); err != nil {
		return nil, fmt.Errorf("write server identity: %w", err)
	}
	return newIdentity(dir, root, now)
}

// OpenIdentity reads the identity of dir. A key file that is missing or that
// others may read is vault.NoSecretStore; one that holds anything else is
// vault.Damaged. A missing CA certificate is made again: it has the same key.
func OpenIdentity(dir string, now time.Time) (*Identity, error) {
	path := filepath.Join(dir, IdentityFile)
	text, err := readPrivate(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, vault.Fail(vault.NoSecretStore, "server identity: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read server identity: %w", err)
	}
	defer clear(text)
	root, err := parseRoot(text)
	if err != nil {
		return nil, vault.Fail(vault.Damaged, "server identity %s: %w", path, err)
	}
	return newIdentity(dir, root, now)
}

func parseRoot(text []byte) (*ecdsa.PrivateKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != pemPrivateKey || len(rest) > 0 {
		return nil, errors.New("not one private key in PEM")
	}
	defer clear(block.Bytes)
	return parseKey(block.Bytes)
}

// parseKey reads a P-256 key in PKCS #8.
func parseKey(der []byte) (*ecdsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("not a P-256 key")
	}
	return key, nil
}

func newIdentity(dir string, root *ecdsa.PrivateKey, now time.Time) (*Identity, error) {
	spki, err := x509.MarshalPKIXPublicKey(&root.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("server identity: %w", err)
	}
	ca, err := openCA(filepath.Join(dir, CAFile), root, now)
	if err != nil {
		return nil, err
	}
	return &Identity{root: root, rootSPKI: spki, ca: ca}, nil
}

// Pin returns what clients pin: the SHA-256 of the root's SPKI, 64 lower-case
// hex digits.
func (id *Identity) Pin() string { return lease.Pin(id.rootSPKI) }

// SPKI returns the root's public key, DER. The caller must not change it.
func (id *Identity) SPKI() []byte { return id.rootSPKI }

// CA returns the certificate of the root, which signs the TLS certificates.
func (id *Identity) CA() *x509.Certificate { return id.ca }
