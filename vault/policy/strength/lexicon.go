package strength

import (
	"math"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexicon is a set of words in small letters, with their places in the lists
// that they come from, 1 for the likeliest. It is sorted, so that words which
// begin alike lie together, and never changes.
type lexicon struct {
	text  string   // one word after the other
	ends  []uint32 // of each word in text, after a 0
	ranks []uint32
}

// newLexicon joins lists that have the likeliest word first. A word in several
// places keeps its best.
func newLexicon(lists ...[]string) *lexicon {
	type ranked struct {
		word string
		rank int
	}
	var all []ranked
	for _, l := range lists {
		all = slices.Grow(all, len(l))
		for i, w := range l {
			if w != "" {
				all = append(all, ranked{strings.ToLower(w), i + 1})
			}
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		if c := strings.Compare(a.word, b.word); c != 0 {
			return c
		}
		return a.rank - b.rank
	})
	all = slices.CompactFunc(all, func(a, b ranked) bool { return a.word == b.word })

	x := &lexicon{ends: make([]uint32, 1, len(all)+1), ranks: make([]uint32, 0, len(all))}
	var text strings.Builder
	for _, r := range all {
		text.WriteString(r.word)
		x.ends = append(x.ends, uint32(text.Len()))
		x.ranks = append(x.ranks, uint32(r.rank))
	}
	x.text = text.String()
	return x
}

func (x *lexicon) word(i int) string { return x.text[x.ends[i]:x.ends[i+1]] }

// span is the words from lo to hi, which share their first depth bytes.
type span struct{ lo, hi, depth int }

// narrow keeps the words that go on with a character.
func (x *lexicon) narrow(s span, r rune) span {
	var buf [utf8.UTFMax]byte
	for _, c := range buf[:utf8.EncodeRune(buf[:], r)] {
		// The word that ends here comes first of its span.
		s.lo += sort.Search(s.hi-s.lo, func(i int) bool { w := x.word(s.lo + i); return len(w) > s.depth && w[s.depth] >= c })
		s.hi = s.lo + sort.Search(s.hi-s.lo, func(i int) bool { return x.word(s.lo + i)[s.depth] > c })
		s.depth++
	}
	clear(buf[:])
	return s
}

// find returns every word in what was typed, in any capitals, also where signs
// stand for letters.
func (x *lexicon) find(typed []rune, signs signs) []found {
	s := search{words: x, typed: typed, spelled: make([]rune, len(typed))}
	defer clear(s.spelled)
	s.signs, s.readings = signs.readings(typed)
	for s.start = range typed {
		s.grow(s.start, span{0, len(x.ranks), 0}, s.readings)
	}
	return s.out
}

// search looks for the words of a lexicon.
type search struct {
	words    *lexicon
	typed    []rune
	signs    []rune
	readings []reading
	start    int    // of the word
	spelled  []rune // the word so far, signs replaced
	out      []found
}

// grow takes the character at a place into the word, in each way that one of
// the readings has for it.
func (s *search) grow(at int, words span, readings []reading) {
	if at == len(s.typed) {
		return
	}
	sign := slices.Index(s.signs, s.typed[at])
	if sign < 0 {
		s.take(at, s.typed[at], words, readings)
		return
	}
	for len(readings) > 0 {
		as := readings[0][sign]
		var alike, others []reading
		for _, r := range readings {
			if r[sign] == as {
				alike = append(alike, r)
			} else {
				others = append(others, r)
			}
		}
		letter := as
		if as == itself {
			letter = s.typed[at]
		}
		s.take(at, letter, words, alike)
		readings = others
	}
}

func (s *search) take(at int, letter rune, words span, readings []reading) {
	words = s.words.narrow(words, unicode.ToLower(letter))
	if words.lo == words.hi {
		return
	}
	n := at - s.start
	s.spelled[n] = letter
	if len(s.words.word(words.lo)) == words.depth {
		rank := float64(s.words.ranks[words.lo])
		s.out = append(s.out, found{s.start, at + 1, math.Log2(rank) + capitals(s.spelled[:n+1])})
	}
	s.grow(at+1, words, readings)
}
