package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/auth"
)

func TestHasher(t *testing.T) {
	ctx := context.Background()
	h := auth.NewHasher(1)
	phc, err := h.Hash(ctx, vault.SecretText("Kranich 41 stolpert"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %q", phc)
	}
	again, err := h.Hash(ctx, vault.SecretText("Kranich 41 stolpert"))
	if err != nil || again == phc {
		t.Errorf("two hashes of one password: %v, equal %v", err, again == phc)
	}
	for _, c := range []struct {
		name, phc, password string
		want                auth.Match
		fail                bool
	}{
		{name: "right", phc: phc, password: "Kranich 41 stolpert", want: auth.Match{OK: true}},
		{name: "wrong", phc: phc, password: "Kranich 41 stolperte"},
		{name: "empty", phc: phc},
		{name: "no such user", password: "Kranich 41 stolpert"},
		{name: "no such user, the dummy's own password", password: ""},
		{name: "too long", phc: phc, password: strings.Repeat("a", auth.MaxPasswordBytes+1)},
		{
			// argon2 -id -t 3 -m 12 -p 1 -l 32, salt "somesaltsomesalt" (libargon2 0~20171227)
			name: "older cost", password: "password", want: auth.Match{OK: true, Outdated: true},
			phc: "$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$BvuA7SfebsIC3f4gSy7/Ei1s6+hsEfaOuCZMbl/y/Sg",
		},
		{name: "not a hash", phc: "plain", fail: true},
		{name: "another algorithm", phc: strings.Replace(phc, "argon2id", "argon2i", 1), fail: true},
		{name: "huge memory", phc: "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA", fail: true},
		{name: "huge time", phc: "$argon2id$v=19$m=19456,t=1000000,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA", fail: true},
		{name: "short tag", phc: "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA", fail: true},
	} {
		got, err := h.Verify(ctx, c.phc, vault.SecretText(c.password))
		if got != c.want || (err != nil) != c.fail {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
	}
}

// A password is the same on a keyboard that composes and on one that does not.
func TestHasherNormalises(t *testing.T) {
	ctx := context.Background()
	h := auth.NewHasher(0)
	phc, err := h.Hash(ctx, vault.SecretText("Mu\u0308nchen 1972 Olympia"))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := h.Verify(ctx, phc, vault.SecretText("M\u00fcnchen 1972 Olympia")); err != nil || !m.OK {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestHasherGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := auth.NewHasher(1).Hash(ctx, vault.SecretText("x")); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := auth.NewHasher(1).Hash(context.Background(), vault.SecretText(strings.Repeat("a", 5000))); !errors.Is(err, vault.Usage) {
		t.Errorf("a password of 5,000 bytes: %v", err)
	}
}
