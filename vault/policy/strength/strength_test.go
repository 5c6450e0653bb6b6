package strength_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ccojocar/zxcvbn-go"
	"github.com/ccojocar/zxcvbn-go/adjacency"
	"github.com/ccojocar/zxcvbn-go/frequency"

	"github.com/tideover/tideover/vault/policy/strength"
)

// TestAsTheLibrary compares thousands of passwords of every kind that is looked
// for: score, entropy and time.
func TestAsTheLibrary(t *testing.T) {
	for _, p := range []string{
		"", "a", "A", "1", "ab", "abc", "aaa", "password", "Password", "PASSWORD", "passworD", "pASSword", "P@ssw0rd", "p4$$w0rd", "1l|7!i", "|7|7", "4@4@", "qwerty", "qwErtY",
		"zxcvbn", "1qaz2wsx", "!QAZ@WSX", "789456123", "147+-", "abcdefg", "gfedcba", "ABCxyz", "9876543210", "aAaAbBb", "1990-01-01x", "correct horse battery staple",
		"i'm don't f**k", "0.0.0.000", "19900101x", "900101", "x31.12.1999x", "99/12/31", "2025-01-01", "20250101", "20260101", "1234567", "0000000000000000000",
		"\x00\x01\t\n", "cba!", "210x", "ba", "10.10.1910", "\"\\'`~", strings.Repeat("aB3$", 9), strings.Repeat("ab", 60), strings.Repeat("1!|7", 5),
	} {
		compare(t, p, nil)
	}

	kinds := newKinds(rand.New(rand.NewPCG(2016, 4)))
	all := kinds.all()
	for _, name := range slices.Sorted(maps.Keys(all)) { // in one order, for the same passwords every time
		right, could, each := 0, 0, 300
		if name == "mixed" || name == "long" {
			each = 40 // the library takes its time for many signs
		}
		for range each {
			password, words := all[name]()
			r, c := compare(t, password, words)
			if r {
				right++
			}
			if c {
				could++
			}
		}
		t.Logf("%s: %d compared, %d of them as the library says, the others mended", name, could, right)
		if could < each*9/10 || right < each/10 {
			t.Errorf("%s: too few could be compared", name)
		}
	}
}

// kinds makes passwords.
type kinds struct {
	*rand.Rand
	words [][]string
}

func newKinds(r *rand.Rand) *kinds {
	k := &kinds{Rand: r}
	for _, name := range []string{"MaleNames", "FemaleNames", "Surname", "English", "Passwords"} {
		k.words = append(k.words, frequency.Lists[name].List)
	}
	return k
}

func (k *kinds) all() map[string]func() (string, []string) {
	plain := func(next func() string) func() (string, []string) {
		return func() (string, []string) { return next(), nil }
	}
	return map[string]func() (string, []string){
		"words":     plain(func() string { return k.word() + k.junk(2) + k.word() }),
		"capitals":  plain(func() string { return k.capitals(k.word()) + k.junk(1) + k.capitals(k.word()) }),
		"signs":     plain(func() string { return k.signs(k.capitals(k.word())) + k.junk(2) + k.signs(k.word()) }),
		"walks":     plain(func() string { return k.junk(2) + k.walk() + k.junk(2) + k.walk() }),
		"dates":     plain(func() string { return k.junk(2) + k.date() + k.junk(2) }),
		"digits":    plain(func() string { return k.from("0123456789", 1+k.IntN(14)) }),
		"repeats":   plain(func() string { return k.repeat() + k.junk(2) + k.repeat() }),
		"sequences": plain(func() string { return k.sequence() + k.junk(2) + k.sequence() }),
		"random":    plain(func() string { return k.junk(40) }),
		"mixed":     plain(func() string { return k.signs(k.word()) + k.date() + k.walk() + k.repeat() + k.sequence() }),
		"long":      plain(func() string { return strings.Repeat(k.word()+k.walk(), 12) }),
		"personal": func() (string, []string) {
			words := []string{"Zxyvania", k.word() + "qx", k.from("abcXYZ12", 5), ""}
			return k.word() + words[k.IntN(3)] + k.junk(2), words
		},
	}
}

func (k *kinds) word() string {
	l := k.words[k.IntN(len(k.words))]
	return l[k.IntN(len(l))]
}

func (k *kinds) from(set string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = set[k.IntN(len(set))]
	}
	return string(out)
}

// junk is up to n printing characters.
func (k *kinds) junk(n int) string {
	out := make([]byte, k.IntN(n+1))
	for i := range out {
		out[i] = byte(' ' + k.IntN('~'-' '+1))
	}
	return string(out)
}

func (k *kinds) capitals(w string) string {
	switch k.IntN(5) {
	case 0:
		return strings.ToUpper(w)
	case 1:
		return strings.ToUpper(w[:1]) + w[1:]
	case 2:
		return w[:len(w)-1] + strings.ToUpper(w[len(w)-1:])
	}
	out := []byte(w)
	for i := range out {
		if k.IntN(3) == 0 {
			out[i] = strings.ToUpper(w[i : i+1])[0]
		}
	}
	return string(out)
}

// signs writes some letters as signs, not always the same way.
func (k *kinds) signs(w string) string {
	var out strings.Builder
	for _, r := range w {
		if stand := adjacency.GraphMap["l33t"].Graph[string(r)]; len(stand) > 0 && k.IntN(3) > 0 {
			out.WriteString(stand[k.IntN(len(stand))])
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func (k *kinds) walk() string {
	graph := adjacency.GraphMap[[]string{"qwerty", "dvorak", "keypad", "macKeypad"}[k.IntN(4)]].Graph
	out := k.from("qwertzasdfgh123456789", 1)
	for range 2 + k.IntN(8) {
		var beside []string
		for _, key := range graph[out[len(out)-1:]] {
			if key != "" {
				beside = append(beside, key)
			}
		}
		if len(beside) == 0 {
			break
		}
		key := beside[k.IntN(min(2, len(beside)))]
		out += key[k.IntN(len(key)):][:1]
	}
	return out
}

func (k *kinds) date() string {
	y, m, d := 1890+k.IntN(140), k.IntN(14), k.IntN(33)
	s := k.from(" -/\\_.", 1)
	switch k.IntN(8) {
	case 0:
		return fmt.Sprintf("%d%s%d%s%d", d, s, m, s, y)
	case 1:
		return fmt.Sprintf("%d%s%d%s%02d", m, s, d, s, y%100)
	case 2:
		return fmt.Sprintf("%d%s%02d%s%02d", y, s, m, s, d)
	case 3:
		return fmt.Sprintf("%02d%s%d%s%d", y%100, s, d, s, m)
	case 4:
		return fmt.Sprintf("%04d%02d%02d", y, m, d)
	case 5:
		return fmt.Sprintf("%02d%02d%04d", d, m, y)
	case 6:
		return fmt.Sprintf("%02d%02d%02d", y%100, d, m)
	}
	return fmt.Sprintf("%d%d%d", d, m, y%100)
}

func (k *kinds) repeat() string {
	c := k.junk(1)
	return k.capitals(strings.Repeat(c, 2+k.IntN(6)) + "x")
}

func (k *kinds) sequence() string {
	set := []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"}[k.IntN(3)]
	from := k.IntN(len(set) - 2)
	out := set[from : from+2+k.IntN(len(set)-from-1)]
	if k.IntN(2) == 0 {
		return out
	}
	var down strings.Builder
	for i := len(out) - 1; i >= 0; i-- {
		down.WriteByte(out[i])
	}
	return down.String()
}

// TestWhereTheLibraryErrs says what this package answers instead.
func TestWhereTheLibraryErrs(t *testing.T) {
	day, single := math.Log2(31*12*119), math.Log2(10+33)
	for _, c := range []struct {
		password string
		bits     float64
	}{
		{"12/31/1999", day + 2},                       // the library: ten single characters
		{"12/31/1999~", day + 2 + single},             // the library: the ~ is free
		{"03171958~~03171958~", 2*day + 3*single},     // the library: one date
		{"3210~", math.Log2(10) + 1 + 2 + single},     // the library: the ~ belongs to it
		{"3210abc", math.Log2(40) + 1 + math.Log2(3)}, // the library misses abc
	} {
		got := strength.Of([]byte(c.password))
		if math.Abs(got.Bits-c.bits) > 1e-9 {
			t.Errorf("%s: %f bits, want %f", c.password, got.Bits, c.bits)
		}
		if library := zxcvbn.PasswordStrength(c.password, nil); thousandths(got.Bits) == library.Entropy {
			t.Errorf("%s: the library is right now", c.password)
		}
	}
}

// TestBeyondASCII: what stands beside an umlaut is found, and a character
// counts once however many bytes it has.
func TestBeyondASCII(t *testing.T) {
	lower, day := math.Log2(26), math.Log2(31*12*119)
	for _, c := range []struct {
		password string
		words    []string
		bits     float64
	}{
		{"äpassword", nil, lower}, // password itself is the first of its list
		{"passwordä", nil, lower},
		{"äpasswordö", nil, 2 * lower},
		{"中p@ssword文", nil, 2 * math.Log2(26+33)},
		{"ä12/31/1999", nil, math.Log2(26+10+33) + day + 2},
		{"ффф", nil, math.Log2(26 * 3)},
		{"äÄä", nil, math.Log2(52 * 3)},
		{"ангстрём", []string{"Ангстрём"}, 0},
		{"ёАнгстрём", []string{"", "АНГСТРЁМ"}, math.Log2(52) + 2},
		{"\xff\xfe\xfd", nil, math.Log2(33 * 3)},
	} {
		if got := strength.Of([]byte(c.password), c.words...); math.Abs(got.Bits-c.bits) > 1e-9 {
			t.Errorf("%q with %q: %f bits, want %f", c.password, c.words, got.Bits, c.bits)
		}
	}
}

// TestLong: no more than the first hundred characters are looked at.
func TestLong(t *testing.T) {
	typed := strings.Repeat("4@8({[<3691!|1|70$5+7%2", 5)[:100]
	if a, b := strength.Of([]byte(typed)), strength.Of([]byte(typed+strings.Repeat("x", 1<<20))); a != b {
		t.Errorf("%v, with more behind it %v", a, b)
	}
	umlauts := strings.Repeat("äöü~", 25)
	if a, b := strength.Of([]byte(umlauts)), strength.Of([]byte(umlauts+"ß~ß")); a != b {
		t.Errorf("%v, with more behind it %v", a, b)
	}
}

// FuzzOf: nothing that is typed makes it panic, and more knowledge never makes
// a password harder.
func FuzzOf(f *testing.F) {
	for _, s := range []string{"", "a", "äöü", "\xff", "correct horse battery staple", strings.Repeat("aB3$", 500), "1990-01-01", "2001\u0301x", "31.12.", "99-1-", "4@8({[<3691!|1|70$5+7%2"} {
		f.Add([]byte(s), "alice", "\xffÄ")
	}
	f.Fuzz(func(t *testing.T, s []byte, first, second string) {
		before := string(s)
		plain, personal := strength.Of(s), strength.Of(s, first, second)
		if personal.Bits > plain.Bits || personal.Score > plain.Score {
			t.Errorf("%q: %v, but %v with %q, %q", s, plain, personal, first, second)
		}
		if plain.Score < 0 || plain.Score > 4 || !(plain.Bits >= 0 && plain.Bits <= 100*math.Log2(95)+1e-9) || !(plain.Seconds >= 0) {
			t.Errorf("%q: %v", s, plain)
		}
		if string(s) != before {
			t.Errorf("%q was changed", before)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	for _, p := range []string{"Kranich stolpert 41 Leiter", strings.Repeat("4@8({[<3691!|1|70$5+7%2", 5)} {
		strength.Of([]byte(p)) // unpack the lists
		b.Run(p[:8], func(b *testing.B) {
			for b.Loop() {
				strength.Of([]byte(p), "alice")
			}
		})
	}
}
