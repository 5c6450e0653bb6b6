package lease_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

func TestSubKeys(t *testing.T) {
	root := newKey(t)
	old, newer, chip := newKey(t), newKey(t), newKey(t)
	var list []lease.SubKey
	for _, k := range []struct {
		use lease.Use
		key *ecdsa.PrivateKey
	}{{lease.UseLease, old}, {lease.UseTPM, chip}, {"tls", newKey(t)}, {lease.UseLease, newer}} {
		sub, err := lease.SignSubKey(root, k.use, &k.key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, sub)
	}
	set, err := lease.VerifySubKeys(spki(t, root), list)
	if err != nil {
		t.Fatal(err)
	}
	if pub, ok := set.Newest(lease.UseLease); !ok || !pub.Equal(&newer.PublicKey) {
		t.Error("Newest is not the last of its use")
	}
	if _, ok := set.Newest(lease.UseOrder); ok {
		t.Error("Newest of a use without keys")
	}
	if !set.Has(lease.UseTPM, &chip.PublicKey) || set.Has(lease.UseLease, &chip.PublicKey) || set.Has("tls", &chip.PublicKey) {
		t.Error("Has mixes up uses")
	}
	// A lease of the key before is good; one by a key for something else is not.
	for name, tt := range map[string]struct {
		key  *ecdsa.PrivateKey
		kid  string
		good bool
	}{"older key": {old, list[0].KID, true}, "newer key": {newer, list[3].KID, true}, "key for chips": {chip, list[1].KID, false}} {
		token, err := lease.Sign(tt.key, tt.kid, sample())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lease.Verify(token, set); (err == nil) != tt.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := lease.VerifySubKeys(spki(t, root), nil); err != nil {
		t.Errorf("no keys: %v", err)
	}
}

func TestSubKeysRefused(t *testing.T) {
	root := newKey(t)
	good, err := lease.SignSubKey(root, lease.UseLease, &newKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*lease.SubKey)) []lease.SubKey {
		k := good
		k.Public, k.Signature = bytes.Clone(k.Public), bytes.Clone(k.Signature)
		f(&k)
		return []lease.SubKey{k}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lease.SignSubKey(root, lease.UseLease, &p384.PublicKey); err == nil {
		t.Error("signed a key on P-384")
	}
	other, err := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		root []byte
		keys []lease.SubKey
		want vault.Cause
	}{
		"another use":      {spki(t, root), change(func(k *lease.SubKey) { k.Use = lease.UseTPM }), vault.IdentityChanged},
		"another id":       {spki(t, root), change(func(k *lease.SubKey) { k.KID = "0123456789abcdef" }), vault.IdentityChanged},
		"another key":      {spki(t, root), change(func(k *lease.SubKey) { k.Public = spki(t, newKey(t)); k.KID = lease.KeyID(k.Public) }), vault.IdentityChanged},
		"another root":     {spki(t, newKey(t)), []lease.SubKey{good}, vault.IdentityChanged},
		"signature cut":    {spki(t, root), change(func(k *lease.SubKey) { k.Signature = k.Signature[:63] }), vault.IdentityChanged},
		"no signature":     {spki(t, root), change(func(k *lease.SubKey) { k.Signature = nil }), vault.IdentityChanged},
		"one bad of three": {spki(t, root), append([]lease.SubKey{good, good}, change(func(k *lease.SubKey) { k.Signature[5] ^= 1 })...), vault.IdentityChanged},
		"too many":         {spki(t, root), make([]lease.SubKey, 65), vault.Hostile},
		"no root":          {nil, []lease.SubKey{good}, vault.Damaged},
		"root on P-384":    {other, []lease.SubKey{good}, vault.Damaged},
	} {
		if _, err := lease.VerifySubKeys(tt.root, tt.keys); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
