package session

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// Keeper keeps small secrets on this machine without a password: the session's
// token, the device key. *tpm.Chip is one, Keychain the other.
type Keeper interface {
	// Protect returns a blob that only this machine can open.
	Protect(ctx context.Context, secret []byte) (blob []byte, err error)
	// Unprotect opens a blob of Protect. The caller wipes the result.
	Unprotect(ctx context.Context, blob []byte) ([]byte, error)
	// NewSigningKey makes a P-256 key and returns it as a blob.
	NewSigningKey(ctx context.Context) (blob []byte, public *ecdsa.PublicKey, err error)
	// Sign signs with a key of NewSigningKey; 64 bytes, r‖s.
	Sign(ctx context.Context, blob []byte, digest [32]byte) ([]byte, error)
}

// SecretStore is the operating system's keychain: text by service and name.
type SecretStore interface {
	Get(service, name string) (string, error) // ErrNoItem if there is no such item
	Set(service, name, value string) error
}

// ErrNoItem is how a keychain that answers says that it does not have an item. It
// is no error of the file system: a keychain that cannot be reached may give
// one of those, and would have its item replaced.
var ErrNoItem = cache.ErrNoItem

// The one item of the Keeper in a keychain. Some keychains hold no more than
// 2.5 KB an item (Windows), so it is a key, and what it seals is in our files.
const (
	keychainService = "tideover"
	keychainName    = "client key"
	keychainKeySize = 32
)

// Keychain is a Keeper for machines without a chip: a random key in the
// system's keychain seals what is kept. It is as strong as that keychain.
type Keychain struct{ store SecretStore }

// NewKeychain returns a Keeper over the store. Nothing is read or written yet.
func NewKeychain(store SecretStore) *Keychain { return &Keychain{store: store} }

// aead returns the cipher under the keychain's key, which is made if there is
// none and make is set.
func (k *Keychain) aead(mayMake bool) (cipher.AEAD, error) {
	text, err := k.store.Get(keychainService, keychainName)
	if err != nil {
		// A keychain that is locked must not lose its item to a new one.
		if !mayMake || !errors.Is(err, ErrNoItem) {
			return nil, vault.Fail(vault.NoSecretStore, "%w", err)
		}
		key := make([]byte, keychainKeySize)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("keychain: %w", err)
		}
		text = base64.StdEncoding.EncodeToString(key)
		if err := k.store.Set(keychainService, keychainName, text); err != nil {
			return nil, vault.Fail(vault.NoSecretStore, "%w", err)
		}
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != keychainKeySize {
		return nil, vault.Fail(vault.NoSecretStore, "the keychain's item %q is not ours", keychainName)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("keychain: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Protect seals secret with AES-256-GCM under the keychain's key.
func (k *Keychain) Protect(_ context.Context, secret []byte) ([]byte, error) {
	aead, err := k.aead(true)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, secret, nil), nil
}

// Unprotect opens a blob of Protect; vault.NoSecretStore if the key is gone or
// another one.
func (k *Keychain) Unprotect(_ context.Context, blob []byte) ([]byte, error) {
	aead, err := k.aead(false)
	if err != nil {
		return nil, err
	}
	secret, err := aead.Open(nil, nil, blob, nil)
	if err != nil {
		return nil, vault.Fail(vault.NoSecretStore, "the keychain's key has changed")
	}
	return secret, nil
}

// NewSigningKey makes a P-256 key in this process and seals it.
func (k *Keychain) NewSigningKey(ctx context.Context) ([]byte, *ecdsa.PublicKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("keychain: make signing key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("keychain: make signing key: %w", err)
	}
	defer clear(der)
	blob, err := k.Protect(ctx, der)
	if err != nil {
		return nil, nil, err
	}
	return blob, &key.PublicKey, nil
}

// Sign opens the sealed key and signs with it.
func (k *Keychain) Sign(ctx context.Context, blob []byte, digest [32]byte) ([]byte, error) {
	der, err := k.Unprotect(ctx, blob)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	key, err := x509.ParseECPrivateKey(der)
	if err != nil || key.Curve != elliptic.P256() {
		return nil, errors.New("keychain: sign: not a P-256 key")
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("keychain: sign: %w", err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return sig, nil
}
