package cache

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// SecretStore is the operating system's keychain: text by service and name. It
// asks no person: a keychain that is locked is an error. Safe for concurrent use.
type SecretStore interface {
	Get(service, name string) (string, error) // ErrNoItem if there is no such item
	Set(service, name, value string) error
	Delete(service, name string) error // ErrNoItem if there is no such item
}

// ErrNoItem is how a keychain that answers says that it does not have an item. It
// is no error of the file system: a keychain that cannot be reached may give
// one of those, and would have its item replaced.
var ErrNoItem = errors.New("the keychain has no such item")

// Sizes and names of level C. FORMAT.md 4.1.
const (
	itemService    = "tideover"
	itemBytes      = 32
	objectKind     = 1 // the first byte of the public part
	infoSeal       = "tideover/keychain seal"
	infoCheck      = "tideover/keychain check"
	nonceBytes     = 12
	sealedBytes    = nonceBytes + secretBytes + 16 // with the tag of GCM
	keychainPublic = 1 + sha256.Size
	keychainSealed = sealedBytes + sha256.Size
)

// keychainSealer is the Sealer of level C. FORMAT.md 4.1.
type keychainSealer struct{ store SecretStore }

var _ Sealer = keychainSealer{}

// itemName names the item of one generation.
func itemName(id vault.ID, generation uint64) string {
	return "cache " + id.String() + "/" + strconv.FormatUint(generation, 10)
}

// keychainTerms returns the public part of an object under t.
func keychainTerms(t binding.Terms) []byte {
	h := sha256.New()
	h.Write([]byte("tideover/keychain"))
	governed := byte(0)
	if t.Governed {
		governed = 1
	}
	h.Write([]byte{governed})
	h.Write(t.Device[:])
	h.Write(t.Cache[:])
	h.Write(binary.BigEndian.AppendUint64(nil, t.Generation))
	return h.Sum([]byte{objectKind})
}

// Pin does nothing: a keychain has no name, its items have.
func (k keychainSealer) Pin([]byte) error { return nil }

// Seal writes a new item and seals secret under it and auth. NoSecretStore if
// the keychain does not take it.
func (k keychainSealer) Seal(_ context.Context, t binding.Terms, auth, secret []byte) (binding.Object, error) {
	key := make([]byte, itemBytes)
	defer clear(key)
	rand.Read(key) //nolint:errcheck // never returns an error (Go 1.24)
	name := itemName(t.Cache, t.Generation)
	if err := k.store.Set(itemService, name, base64.StdEncoding.EncodeToString(key)); err != nil {
		return binding.Object{}, vault.Fail(vault.NoSecretStore, "%w", err)
	}
	o := binding.Object{Public: keychainTerms(t)}
	aead, err := sealingKey(key, auth)
	if err != nil {
		return binding.Object{}, err
	}
	nonce := make([]byte, nonceBytes)
	rand.Read(nonce) //nolint:errcheck // as above
	sealed := aead.Seal(nonce, nonce, secret, o.Public)
	sum, err := checksum(key, o.Public, sealed)
	if err != nil {
		return binding.Object{}, err
	}
	o.Private = append(sealed, sum...)
	return o, nil
}

// Check reports whether this keychain has the item, and whether the object was
// made with it: ErrOtherMachine, ErrTampered, NoSecretStore.
func (k keychainSealer) Check(_ context.Context, o binding.Object, t binding.Terms, _ *binding.Approval) error {
	key, err := k.item(o, t)
	clear(key)
	return err
}

// Unseal returns the secret; ErrWrongAuth costs nothing, and is not counted.
func (k keychainSealer) Unseal(_ context.Context, use binding.SealedUse) ([]byte, error) {
	key, err := k.item(use.Object, use.Terms)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := sealingKey(key, use.Auth)
	if err != nil {
		return nil, err
	}
	sealed := use.Object.Private[:sealedBytes]
	secret, err := aead.Open(nil, sealed[:nonceBytes], sealed[nonceBytes:], use.Object.Public)
	if err != nil {
		return nil, fmt.Errorf("keychain: unseal: %w", binding.ErrWrongAuth)
	}
	return secret, nil
}

// item reads the item that o was sealed with, and checks o with it. The caller
// wipes it.
func (k keychainSealer) item(o binding.Object, t binding.Terms) ([]byte, error) {
	if !isKeychainObject(o, t) {
		return nil, fmt.Errorf("keychain: not the object of this generation: %w", binding.ErrTampered)
	}
	text, err := k.store.Get(itemService, itemName(t.Cache, t.Generation))
	if errors.Is(err, ErrNoItem) {
		return nil, fmt.Errorf("%w: %w", err, binding.ErrOtherMachine)
	}
	if err != nil {
		return nil, vault.Fail(vault.NoSecretStore, "%w", err)
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != itemBytes {
		return nil, fmt.Errorf("keychain: the item is not ours: %w", binding.ErrTampered)
	}
	sealed := o.Private[:sealedBytes]
	sum, err := checksum(key, o.Public, sealed)
	if err == nil && !hmac.Equal(sum, o.Private[sealedBytes:]) {
		err = fmt.Errorf("keychain: object and item do not belong together: %w", binding.ErrTampered)
	}
	if err != nil {
		clear(key)
		return nil, err
	}
	return key, nil
}

// isKeychainObject reports whether o has the form and the terms of an object of
// level C.
func isKeychainObject(o binding.Object, t binding.Terms) bool {
	return len(o.Private) == keychainSealed && bytes.Equal(o.Public, keychainTerms(t))
}

func sealingKey(key, auth []byte) (cipher.AEAD, error) {
	k, err := hkdf.Key(sha256.New, key, auth, infoSeal, keyBytes)
	if err != nil {
		return nil, err
	}
	defer clear(k)
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func checksum(key, public, sealed []byte) ([]byte, error) {
	k, err := hkdf.Key(sha256.New, key, nil, infoCheck, keyBytes)
	if err != nil {
		return nil, err
	}
	defer clear(k)
	h := hmac.New(sha256.New, k)
	h.Write(public)
	h.Write(sealed)
	return h.Sum(nil), nil
}
