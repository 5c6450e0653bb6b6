package generate_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/generate"
)

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func make1(t *testing.T, r generate.Rules) string {
	t.Helper()
	s, err := generate.Password(r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return s.Text()
}

func TestPasswordKeepsTheRules(t *testing.T) {
	tests := []struct {
		name    string
		rules   generate.Rules
		must    []string // one of each
		mustNot string
	}{
		{"default", generate.Default(), []string{lower, upper, digits, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}, " \t\n"},
		{"digits", generate.Rules{Length: 8, Digits: true}, []string{digits}, lower + upper + "-"},
		{"shortest of every class", generate.Rules{Length: 8, Lower: true, Upper: true, Digits: true, Symbols: true}, []string{lower, upper, digits}, ""},
		{"longest", generate.Rules{Length: 128, Lower: true}, []string{lower}, upper + digits},
		{"no look-alikes", generate.Rules{Length: 128, Lower: true, Upper: true, Digits: true, Symbols: true, NoLookAlikes: true}, []string{lower, upper, digits}, "O0l1I|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 50 {
				p := make1(t, tt.rules)
				if len(p) != tt.rules.Length {
					t.Fatalf("%d characters, want %d", len(p), tt.rules.Length)
				}
				for _, class := range tt.must {
					if !strings.ContainsAny(p, class) {
						t.Errorf("%q has none of %q", p, class)
					}
				}
				if strings.ContainsAny(p, tt.mustNot) {
					t.Errorf("%q has one of %q", p, tt.mustNot)
				}
			}
		})
	}
}

func TestRulesThatAllowNothing(t *testing.T) {
	for _, r := range []generate.Rules{
		{}, {Length: 20}, {Length: 7, Lower: true}, {Length: 129, Lower: true}, {Length: -1, Lower: true},
	} {
		if _, err := generate.Password(r); !errors.Is(err, vault.Usage) {
			t.Errorf("%+v: %v, want %s", r, err, vault.Usage)
		}
		if b := r.Bits(); b != 0 {
			t.Errorf("%+v: %v bits", r, b)
		}
	}
}

// A random source that breaks must never give a password.
func TestBrokenRandom(t *testing.T) {
	broken := errors.New("broken")
	if s, err := generate.FromRandom(iotest.ErrReader(broken), generate.Default()); !errors.Is(err, broken) || !s.IsEmpty() {
		t.Errorf("%v, %d bytes", err, s.Len())
	}
}

// The bytes 0 to 255 in turn are a perfectly even source. Ten does not divide
// 256: taken modulo, the digits 0 to 5 would come 26 times to 25 of the others.
func TestEveryCharacterIsAsLikely(t *testing.T) {
	count := map[rune]int{}
	source := &turn{}
	for range 1000 {
		s, err := generate.FromRandom(source, generate.Rules{Length: 25, Digits: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Text() {
			count[c]++
		}
	}
	for c, n := range count {
		if n != 2500 {
			t.Errorf("%q came %d times of 25000, want 2500", c, n)
		}
	}
}

// turn gives the bytes 0 to 255 again and again.
type turn struct{ next byte }

func (s *turn) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = s.next
		s.next++
	}
	return len(b), nil
}

func TestBits(t *testing.T) {
	tests := []struct {
		rules generate.Rules
		want  float64
	}{
		{generate.Rules{Length: 10, Digits: true}, 10 * math.Log2(10)},
		// 62^8 less those that lack a class: 52^8, 2·36^8; and back 2·26^8, 10^8
		{generate.Rules{Length: 8, Lower: true, Upper: true, Digits: true}, math.Log2(math.Pow(62, 8) - math.Pow(52, 8) - 2*math.Pow(36, 8) + 2*math.Pow(26, 8) + math.Pow(10, 8))},
	}
	for _, tt := range tests {
		if got := tt.rules.Bits(); math.Abs(got-tt.want) > 1e-6 {
			t.Errorf("%+v: %v bits, want %v", tt.rules, got, tt.want)
		}
	}
}

func TestAtLeast(t *testing.T) {
	got := generate.Rules{Length: 8, Digits: true}.AtLeast(12, 3)
	want := generate.Rules{Length: 12, Lower: true, Upper: true, Digits: true}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := generate.Default().AtLeast(8, 2); got != generate.Default() {
		t.Errorf("stronger rules became %+v", got)
	}
	if got := (generate.Rules{}).AtLeast(1000, 9); got.Length != generate.MaxLength || !got.Symbols {
		t.Errorf("a policy out of range: %+v", got)
	}
}
