package present

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Other people choose names, and a server may give anything a name of a
// megabyte, or one that reads as another. What is shown of them goes through
// here; what is stored, copied and searched does not.

// longName is how many bytes of a name a sentence, a heading or a label takes:
// more than a person reads, and nothing that has to be laid out at length.
const longName = 240

// longPath is likewise of the names of groups from the root.
const longPath = 1000

// Unpaintable reports whether a character would be painted as a box, begin
// another line, or turn what stands beside it around, so that a name reads as
// another one: the control characters, and the separators, embeddings,
// overrides and isolates of Unicode (UAX #9, section 2).
func Unpaintable(r rune) bool {
	return unicode.IsControl(r) || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Shown returns what is shown of a name: one line, not too long.
func Shown(name string) string { return shownTo(name, longName) }

// Typable returns what of a name can be put into a field of one line to be
// edited: all of it, but for a name so long that every key would take seconds.
func Typable(name string) string {
	if len(name) <= longLine {
		return name
	}
	return cut(name, longLine)
}

func shownTo(name string, most int) string {
	if len(name) > most {
		name = cut(name, most)
	}
	return paintable(name, func(rune) rune { return ' ' })
}

// shownText returns what is shown of a text of several lines.
func shownText(text string) string {
	return paintable(text, func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return -1
	})
}

// paintable returns text without what cannot be painted; space says what
// becomes of line ends and the like.
func paintable(text string, space func(rune) rune) string {
	if strings.IndexFunc(text, Unpaintable) < 0 && utf8.ValidString(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case !Unpaintable(r):
			return r // of what is not UTF-8, the replacement character
		case unicode.IsSpace(r):
			return space(r)
		}
		return -1
	}, text)
}
