package strength

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"
)

// maxCharacters bounds what is looked at, as zxcvbn's authors advise: the work
// grows with the square of it. A longer password is judged by its beginning,
// which can only make the answer stricter.
const maxCharacters = 100

// secondsPerGuess is 10 ms for each guess on each of 100 cores: a slow hash,
// stolen (zxcvbn).
const secondsPerGuess = 0.010 / 100

// Estimate says how hard a password is to guess. The zero value is that of the
// empty password.
type Estimate struct {
	Bits    float64 // entropy of the cheapest way to put it together
	Seconds float64 // until a thief of a slow hash has tried half of it
	Score   int     // 0 guessed at once, 1 in hours, 2 in days, 3 in years, 4 later
}

// found is a stretch of a password that a guesser would try as a whole.
type found struct {
	from, to int // characters, to is not in it
	bits     float64
}

// Of estimates a password in UTF-8; bytes that are not count as symbols. words
// are what a guesser knows of the person, the likeliest first. The first call
// that has a password unpacks the lists. It is safe for concurrent use.
func Of(password []byte, words ...string) Estimate {
	typed := characters(password)
	defer clear(typed)
	if len(typed) == 0 {
		return Estimate{}
	}
	known := lists()
	all := newLexicon(words).find(typed, nil)
	all = append(all, known.words.find(typed, known.signs)...)
	for _, k := range known.keyboards {
		all = append(all, k.walks(typed)...)
	}
	all = append(all, repeats(typed)...)
	all = append(all, sequences(typed)...)
	all = append(all, dates(typed)...)

	bits := cheapest(typed, all)
	seconds := math.Pow(2, bits) / 2 * secondsPerGuess
	return Estimate{Bits: bits, Seconds: seconds, Score: score(seconds)}
}

// characters decodes the beginning of a password. The caller wipes the result.
func characters(password []byte) []rune {
	out := make([]rune, 0, maxCharacters)
	for len(password) > 0 && len(out) < maxCharacters {
		r, n := utf8.DecodeRune(password)
		out, password = append(out, r), password[n:]
	}
	return out
}

// cheapest returns the entropy of the cheapest way to put the characters
// together from what was found and from single ones.
func cheapest(typed []rune, all []found) float64 {
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(a.to, b.to) })
	single := math.Log2(variety(typed))
	upTo := make([]float64, len(typed)+1) // the best for the characters before
	for end := 1; end <= len(typed); end++ {
		upTo[end] = upTo[end-1] + single
		for ; len(all) > 0 && all[0].to == end; all = all[1:] {
			upTo[end] = min(upTo[end], upTo[all[0].from]+all[0].bits)
		}
	}
	return upTo[len(typed)]
}

// score puts a time on zxcvbn's scale. Thousandths are rounded, as there.
func score(seconds float64) int {
	seconds = math.Round(seconds*1000) / 1000
	for n, below := range [...]float64{100, 1e4, 1e6, 1e8} {
		if seconds < below {
			return n
		}
	}
	return 4
}
