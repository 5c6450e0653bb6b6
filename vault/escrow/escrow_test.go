package escrow_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/escrow"
)

func newKey(t *testing.T, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newBinding() escrow.Binding {
	return escrow.Binding{
		Device: vault.NewID(), Cache: vault.NewID(), Generation: 7, Record: [32]byte{1, 2, 3}, User: vault.NewID(),
	}
}

func secret() vault.Secret { return vault.NewSecret(bytes.Repeat([]byte{0xa5}, 32)) }

func wrap(t *testing.T, key *ecdsa.PrivateKey, b escrow.Binding) []byte {
	t.Helper()
	wrapped, err := escrow.Wrap(&key.PublicKey, b, secret())
	if err != nil || len(wrapped) != escrow.WrappedSize {
		t.Fatalf("wrapped %d bytes, %v", len(wrapped), err)
	}
	return wrapped
}

func TestOpen(t *testing.T) {
	key, b := newKey(t, elliptic.P256()), newBinding()
	first, second := wrap(t, key, b), wrap(t, key, b)
	if bytes.Equal(first, second) {
		t.Error("the same secret is wrapped the same way twice")
	}
	for _, w := range [][]byte{first, second} {
		if bytes.Contains(w, secret().Bytes()[:8]) {
			t.Error("the wrapping shows the secret")
		}
		got, err := escrow.Open(key, b, w)
		if err != nil || !got.Equal(secret()) {
			t.Errorf("opened: %v, equal %v", err, got.Equal(secret()))
		}
	}
}

// TestElsewhere opens a wrapping in every place but its own.
func TestElsewhere(t *testing.T) {
	key, b := newKey(t, elliptic.P256()), newBinding()
	wrapped := wrap(t, key, b)
	for name, change := range map[string]func(*escrow.Binding){
		"device":     func(b *escrow.Binding) { b.Device[15] ^= 1 },
		"cache":      func(b *escrow.Binding) { b.Cache[0] ^= 1 },
		"generation": func(b *escrow.Binding) { b.Generation++ },
		"record":     func(b *escrow.Binding) { b.Record[31] ^= 1 },
		"user":       func(b *escrow.Binding) { b.User = vault.ID{} },
		"exchanged":  func(b *escrow.Binding) { b.Device, b.Cache = b.Cache, b.Device },
	} {
		other := b
		change(&other)
		if _, err := escrow.Open(key, other, wrapped); !errors.Is(err, vault.Damaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := escrow.Open(newKey(t, elliptic.P256()), b, wrapped); !errors.Is(err, vault.Damaged) {
		t.Errorf("another key: %v", err)
	}
}

func TestEveryByteFlipped(t *testing.T) {
	key, b := newKey(t, elliptic.P256()), newBinding()
	wrapped := wrap(t, key, b)
	for i := range wrapped {
		w := bytes.Clone(wrapped)
		w[i] ^= 0x10
		if _, err := escrow.Open(key, b, w); !errors.Is(err, vault.Damaged) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	for n := range len(wrapped) {
		if _, err := escrow.Open(key, b, wrapped[:n]); !errors.Is(err, vault.Damaged) {
			t.Errorf("cut to %d: %v", n, err)
		}
	}
	if _, err := escrow.Open(key, b, append(bytes.Clone(wrapped), 0)); !errors.Is(err, vault.Damaged) {
		t.Errorf("one byte more: %v", err)
	}
}

func TestWrapRefuses(t *testing.T) {
	b := newBinding()
	if _, err := escrow.Wrap(&newKey(t, elliptic.P384()).PublicKey, b, secret()); !errors.Is(err, vault.BadAnswer) {
		t.Errorf("another curve: %v", err)
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := escrow.Wrap(&newKey(t, elliptic.P256()).PublicKey, b, vault.NewSecret(make([]byte, n))); !errors.Is(err, vault.Internal) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// The file is what an earlier version wrote: it must open for ever. vectors.py
// beside it opens it without a line of ours and without crypto/hpke.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Key, Device, Cache, Record, User, Secret, Wrapped string
		Generation                                        uint64
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(unhex(t, v.Key))
	if err != nil {
		t.Fatal(err)
	}
	b := escrow.Binding{
		Device: vault.ID(unhex(t, v.Device)), Cache: vault.ID(unhex(t, v.Cache)), Generation: v.Generation,
		Record: [32]byte(unhex(t, v.Record)), User: vault.ID(unhex(t, v.User)),
	}
	got, err := escrow.Open(parsed.(*ecdsa.PrivateKey), b, unhex(t, v.Wrapped))
	if err != nil || hex.EncodeToString(got.Bytes()) != v.Secret {
		t.Errorf("opened: %v", err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
