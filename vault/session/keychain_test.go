package session_test

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"math/big"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// keychain is a system's keychain in memory.
type keychain struct {
	items map[string]string
	fails error
}

func (k *keychain) Get(service, name string) (string, error) {
	if k.fails != nil {
		return "", k.fails
	}
	if v, ok := k.items[service+"/"+name]; ok {
		return v, nil
	}
	return "", session.ErrNoItem
}

func (k *keychain) Set(service, name, value string) error {
	if k.fails != nil {
		return k.fails
	}
	k.items[service+"/"+name] = value
	return nil
}

func TestKeychain(t *testing.T) {
	store := &keychain{items: map[string]string{}}
	k := session.NewKeychain(store)
	ctx := t.Context()
	if _, err := k.Unprotect(ctx, []byte("anything")); !errors.Is(err, vault.NoSecretStore) || len(store.items) != 0 {
		t.Errorf("opening made a key: %v", err)
	}
	secret := bytes.Repeat([]byte("token"), 1000)
	blob, err := k.Protect(ctx, secret)
	if err != nil || bytes.Contains(blob, []byte("token")) {
		t.Fatalf("protect: %v", err)
	}
	for name, v := range store.items {
		if len(v) > 1000 {
			t.Errorf("item %s has %d bytes", name, len(v))
		}
	}
	got, err := session.NewKeychain(store).Unprotect(ctx, blob)
	if err != nil || !bytes.Equal(got, secret) {
		t.Errorf("unprotect: %v", err)
	}
	blob[20] ^= 1
	if _, err := k.Unprotect(ctx, blob); !errors.Is(err, vault.NoSecretStore) {
		t.Errorf("a changed blob: %v", err)
	}

	key, public, err := k.NewSigningKey(ctx)
	if err != nil {
		t.Fatal(err)
	}
	digest := [32]byte{1, 2, 3}
	sig, err := k.Sign(ctx, key, digest)
	if err != nil || len(sig) != 64 {
		t.Fatalf("%d bytes, %v", len(sig), err)
	}
	if r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]); !ecdsa.Verify(public, digest[:], r, s) {
		t.Error("the signature does not verify")
	}
}

// A keychain that is locked for a moment must not lose its key to a new one.
func TestLockedKeychainKeepsItsKey(t *testing.T) {
	store := &keychain{items: map[string]string{}}
	k := session.NewKeychain(store)
	blob, err := k.Protect(t.Context(), []byte("token"))
	if err != nil {
		t.Fatal(err)
	}
	store.fails = errors.New("locked")
	if _, err := k.Protect(t.Context(), []byte("x")); !errors.Is(err, vault.NoSecretStore) {
		t.Errorf("locked: %v", err)
	}
	store.fails = nil
	if got, err := k.Unprotect(t.Context(), blob); err != nil || string(got) != "token" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}
