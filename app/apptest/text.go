package apptest

import (
	"image"
	"strings"
	"unicode"
)

// find returns where a text stands among words that were read. A reader
// mistakes letters for each other and joins or splits words, so the spaces do
// not count, look-alikes are one letter, and one letter in eight may be wrong.
func find(words []word, text string) (image.Rectangle, bool) {
	want := fold(text)
	if want == "" {
		return image.Rectangle{}, false
	}
	slack := len([]rune(want)) / 8
	for i := range words {
		var raw string
		var at image.Rectangle
		for j := i; j < len(words) && words[j].line == words[i].line; j++ {
			raw += words[j].text
			got := fold(raw) // as a whole, as want is: look-alikes may go over the space
			at = at.Union(words[j].at)
			if n := len(got) - len(want); n >= -slack && distance(got, want) <= slack {
				return at, true
			}
			if strings.HasPrefix(got, want) || j == i && strings.Contains(got, want) {
				return at, true
			}
			if len(got) > len(want)+slack {
				break
			}
		}
	}
	return image.Rectangle{}, false
}

// lookAlike maps letters that are hard to tell apart to one of them; a reader of
// English sees no dots above German ones.
var lookAlike = strings.NewReplacer("1", "l", "i", "l", "|", "l", "!", "l", "0", "o", "5", "s", "8", "b", "ä", "a", "ö", "o", "ü", "u", "ß", "b", "rn", "m", "vv", "w", "—", "-", "–", "-")

// fold makes texts comparable: lower case, no spaces, no punctuation that is
// lost in small type.
func fold(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("….,:;'’‘\"“”•·()[]{}<>_", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	return lookAlike.Replace(text)
}

// distance is the number of letters to insert, leave out or change (Levenshtein).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

// lines joins words to the lines that they stand in.
func lines(words []word) string {
	var out strings.Builder
	last := ""
	for _, w := range words {
		switch {
		case last == "":
		case w.line == last:
			out.WriteByte(' ')
		default:
			out.WriteByte('\n')
		}
		out.WriteString(w.text)
		last = w.line
	}
	return out.String()
}
