package present

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns a text as searches compare it: in lower case, without accents,
// and with the letters that no accent makes ("ß", "ø", "æ") spelt out.
func Fold(text string) string { return string(appendFolded(nil, []byte(text))) }

// appendFolded appends Fold of text. ASCII, which nearly everything is, takes
// the short way.
func appendFolded(dst, text []byte) []byte {
	for i, c := range text {
		if c >= utf8.RuneSelf {
			return appendFoldedRunes(dst, text[i:])
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func appendFoldedRunes(dst, text []byte) []byte {
	for _, r := range string(norm.NFKD.Bytes(text)) {
		if r >= 0x0300 && r <= 0x036f { // combining diacritical marks (Unicode block)
			continue
		}
		switch r = unicode.ToLower(r); r {
		case 'ß':
			dst = append(dst, "ss"...)
		case 'æ':
			dst = append(dst, "ae"...)
		case 'œ':
			dst = append(dst, "oe"...)
		case 'ø':
			dst = append(dst, 'o')
		case 'đ', 'ð':
			dst = append(dst, 'd')
		case 'ł':
			dst = append(dst, 'l')
		case 'þ':
			dst = append(dst, "th"...)
		case 'ı':
			dst = append(dst, 'i')
		case 'ς': // the final form of σ
			dst = append(dst, "σ"...)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// compareNatural compares folded texts as people order them: digits by the
// number that they make, so that "web 9" stands before "web 10". It returns a
// number below, equal to or above zero.
func compareNatural(a, b []byte) int {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		ca, cb := a[i], b[j]
		if digit(ca) && digit(cb) {
			if d := compareNumbers(a, b, &i, &j); d != 0 {
				return d
			}
			continue
		}
		if ca != cb {
			return int(ca) - int(cb)
		}
		i, j = i+1, j+1
	}
	return (len(a) - i) - (len(b) - j)
}

// compareNumbers compares the runs of digits at i and j, which it moves behind
// them. Zeros in front do not count.
func compareNumbers(a, b []byte, i, j *int) int {
	runA, runB := digits(a, i), digits(b, j)
	if len(runA) != len(runB) {
		return len(runA) - len(runB)
	}
	for k := range runA {
		if runA[k] != runB[k] {
			return int(runA[k]) - int(runB[k])
		}
	}
	return 0
}

// digits returns the run of digits at i without zeros in front, and moves i
// behind it.
func digits(text []byte, i *int) []byte {
	for *i < len(text) && text[*i] == '0' {
		*i++
	}
	start := *i
	for *i < len(text) && digit(text[*i]) {
		*i++
	}
	return text[start:*i]
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
