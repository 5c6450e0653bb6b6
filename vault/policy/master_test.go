package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
)

func TestMasterRules(t *testing.T) {
	rules := policy.MasterRules{MinLength: 12, MinClasses: 2, MinScore: 3, Differs: true}
	for _, c := range []struct {
		name, master, account string
		words                 []string
		want                  string // in the detail; empty: accepted
	}{
		{name: "good", master: "Kranich stolpert 41 Leiter", account: "other"},
		{name: "empty", want: "0 characters"},
		{name: "short", master: "Ab3$efgh", want: "8 characters"},
		{name: "letters count, not bytes", master: "äöüßäöüßäöü", want: "11 characters"},
		{name: "decomposed letters count once", master: strings.Repeat("a\u0308", 11), want: "11 characters"},
		{name: "one class", master: "ranichstolpertleiter", want: "of lower case"},
		{name: "as the account", master: "Kranich stolpert 41 Leiter", account: "Kranich stolpert 41 Leiter", want: "account password"},
		{name: "guessable", master: "Password1234", want: "too easy"},
		{name: "made of the user's name", master: "Annabelle.Winterbottom1", words: []string{"annabelle", "winterbottom"}, want: "too easy"},
		{name: "not text", master: "\xff\xfe\xfdabcdefghijkl", want: "UTF-8"},
	} {
		err := rules.Check(vault.SecretText(c.master), vault.SecretText(c.account), c.words...)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if !errors.Is(err, vault.WeakPassword) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want weak password: %s", c.name, err, c.want)
		}
		if c.master != "" && err != nil && strings.Contains(err.Error(), c.master) {
			t.Errorf("%s: the error shows the password", c.name)
		}
	}
}

func TestMasterRulesWithoutStrength(t *testing.T) {
	rules := policy.MasterRules{MinLength: 8}
	if err := rules.Check(vault.SecretText("password"), vault.SecretText("password")); err != nil {
		t.Errorf("no strength and no difference asked for: %v", err)
	}
}

// Nothing that a person types may make it panic or hang.
func FuzzScore(f *testing.F) {
	for _, s := range []string{"", "a", "äöü", "\xff", "correct horse battery staple", strings.Repeat("aB3$", 500), "1990-01-01", "2001\u0301x"} {
		f.Add(s, "alice")
	}
	f.Fuzz(func(t *testing.T, s, word string) {
		if n := policy.Score(vault.SecretText(s), word); n < 0 || n > 4 {
			t.Errorf("score %d", n)
		}
	})
}
