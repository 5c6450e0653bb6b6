package strength_test

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ccojocar/zxcvbn-go/entropy"
	"github.com/ccojocar/zxcvbn-go/match"
	"github.com/ccojocar/zxcvbn-go/matching"
	"github.com/ccojocar/zxcvbn-go/scoring"

	"github.com/tideover/tideover/vault/policy/strength"
)

// The library counts some places wrong. This package does not; mended sets them
// right in what the library found, for comparing all the rest.
//
//   - A date is said to end one character after its end. One at the end of a
//     password, where dates are, therefore never counts, and one within makes
//     the next character free. A date that occurs twice is found in one place.
//   - A sequence that falls to a, A or 0 takes the character after it in.
//   - Words are found by character and priced by byte, so that anything after
//     an ä is in the wrong place (TestBeyondASCII).
//   - A word said twice keeps its worse rank.
//
// ok is false where the library missed a sequence because it began at the
// character that another took in.
func mended(password string, found []match.Match) (out []match.Match, ok bool) {
	for _, m := range found {
		switch m.Pattern {
		case "": // dates have no name
			date := password[m.I:m.J]
			for from := 0; ; {
				at := strings.Index(password[from:], date)
				if at < 0 {
					break
				}
				m.I, m.J = from+at, from+at+len(date)-1
				out = append(out, m)
				from = m.J + 1
			}
			continue
		case "sequence":
			if !tookTooMuch.MatchString(m.Token) {
				break
			}
			if after := m.J + 1; after < len(password) && neighbours(password[m.J], password[after]) {
				return nil, false
			}
			m.J--
			m.Token = m.Token[:len(m.Token)-1]
			if len(m.Token) < 3 {
				continue
			}
			alphabet := 26
			if m.DictionaryName == "digits" {
				alphabet = 10
			}
			m.Entropy = entropy.SequenceEntropy(m, alphabet, false)
		}
		out = append(out, m)
	}
	return out, true
}

var tookTooMuch = regexp.MustCompile(`(?s)^(?:[a-z]+[^a-z]|[A-Z]+[^A-Z]|[0-9]+[^0-9])$`)

func neighbours(a, b byte) bool { return a == b+1 || b == a+1 }

// compare holds an estimate of ASCII against the library's. It reports whether
// the library was right without mending, and whether it could be compared.
func compare(t *testing.T, password string, words []string) (right, could bool) {
	t.Helper()
	if len(password) > 100 {
		password = password[:100]
	}
	found := matching.Omnimatch(password, words)
	whole, ok := mended(password, slices.Clone(found))
	if !ok {
		return false, false
	}
	want := scoring.MinimumEntropyMatchSequence(password, whole) // as zxcvbn.PasswordStrength calls it
	right = slices.Equal(found, whole)
	got := strength.Of([]byte(password), words...)
	if got.Score != want.Score || thousandths(got.Bits) != want.Entropy || math.Abs(thousandths(got.Seconds)-want.CrackTime) > want.CrackTime*1e-12 {
		t.Errorf("%q with %q: score %d, %.4f bits, %g s; the library says %d, %.3f bits, %g s\n%+v",
			password, words, got.Score, got.Bits, got.Seconds, want.Score, want.Entropy, want.CrackTime, want.MatchSequence)
	}
	return right, true
}

// thousandths rounds as the library does.
func thousandths(x float64) float64 {
	whole, part := math.Modf(x * 1000)
	if part >= 0.5 {
		whole++
	}
	return whole / 1000
}
