package policy

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy/strength"
)

// MasterRules says which master passwords an offline cache accepts.
type MasterRules struct {
	MinLength  int  // characters after NFC, 8–128
	MinClasses int  // of lower case, upper case, digits, others: 0–4; 0 asks for none
	MinScore   int  // zxcvbn's 0–4; 0 asks for none
	Differs    bool // must differ from the account password
}

// MasterRulesOf returns the rules that a lease carries.
func MasterRulesOf(p lease.Policy) MasterRules {
	r := p.MasterPassword
	return MasterRules{MinLength: r.MinLength, MinClasses: r.MinClasses, MinScore: r.MinScore, Differs: !r.Account}
}

// Check returns a WeakPassword problem that names the first rule that master
// breaks, or nil. account is the account password, empty if it is not known.
// words are the user's name and the like, which make a password guessable.
// Both passwords must be in NFC, as they are when keys are derived from them.
func (r MasterRules) Check(master, account vault.Secret, words ...string) error {
	if !utf8.Valid(master.Bytes()) {
		return vault.Fail(vault.WeakPassword, "not valid UTF-8")
	}
	if n := utf8.RuneCount(norm.NFC.Bytes(master.Bytes())); n < r.MinLength || n == 0 {
		return vault.Fail(vault.WeakPassword, "%d characters, at least %d are required", n, max(r.MinLength, 1))
	}
	if n := classes(master.Bytes()); n < r.MinClasses {
		return vault.Fail(vault.WeakPassword, "%d of lower case, upper case, digits and other characters, at least %d are required", n, r.MinClasses)
	}
	if r.Differs && !account.IsEmpty() && master.Equal(account) {
		return vault.Fail(vault.WeakPassword, "the same as the account password")
	}
	if r.MinScore > 0 {
		if got := Score(master, words...); got < r.MinScore {
			return vault.Fail(vault.WeakPassword, "too easy to guess: strength %d of 4, at least %d is required", got, r.MinScore)
		}
	}
	return nil
}

// Score returns zxcvbn's 0 (guessed at once) to 4 (strong). words are as in
// Check. It makes no copy of the password that stays. The first call of a
// program takes some 60 ms more than the others, to unpack lists of words.
func Score(password vault.Secret, words ...string) int {
	return strength.Of(password.Bytes(), words...).Score
}

func classes(password []byte) int {
	var lower, upper, digit, other int
	for _, c := range string(password) {
		switch {
		case unicode.IsLower(c):
			lower = 1
		case unicode.IsUpper(c):
			upper = 1
		case unicode.IsDigit(c):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}

// validate reports a rule that no password could meet, or that is out of range.
func (r MasterRules) validate() error {
	switch {
	case r.MinLength < 8 || r.MinLength > 128:
		return fmt.Errorf("master_min_length: %d is not 8–128", r.MinLength)
	case r.MinClasses < 0 || r.MinClasses > 4:
		return fmt.Errorf("master_min_classes: %d is not 0–4", r.MinClasses)
	case r.MinScore < 0 || r.MinScore > 4:
		return fmt.Errorf("master_min_score: %d is not 0–4", r.MinScore)
	}
	return nil
}
