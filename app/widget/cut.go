package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
)

// ellipsis ends a text that was cut.
const ellipsis = "…"

// longestCell is how many bytes of a text are looked at: no cell shows more,
// and a megabyte of notes must cost no more than a short title.
const longestCell = 2048

// cutter cuts texts to a width on screen. It measures each character once and
// adds: a text object neither clips nor cuts by itself, counting characters
// fails for WWW and iii, and measuring every text of every row costs too much
// while scrolling.
type cutter struct {
	size   float32
	style  fyne.TextStyle
	widths map[rune]float32
}

// reset forgets the widths if the size of text has changed.
func (c *cutter) reset(size float32) {
	if c.size != size || c.widths == nil {
		c.size, c.widths = size, make(map[rune]float32)
	}
}

// width returns the width of one character.
func (c *cutter) width(r rune) float32 {
	w, ok := c.widths[r]
	if !ok {
		w = fyne.MeasureText(string(r), c.size, c.style).Width
		c.widths[r] = w
	}
	return w
}

// measure returns the width of a text.
func (c *cutter) measure(text string) float32 {
	var sum float32
	for _, r := range text {
		sum += c.width(r)
	}
	return sum
}

// cut returns the text if it fits, or as much of it as fits with an ellipsis,
// on one line. The second result tells whether it was cut.
func (c *cutter) cut(text string, room float32) (string, bool) {
	if room <= 0 {
		return "", text != ""
	}
	whole := len(text) <= longestCell
	if !whole {
		end := longestCell
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	text = oneLine(text)
	dots := c.width('…')
	var used float32
	keep := 0 // up to here an ellipsis fits too
	for i, r := range text {
		if used+dots <= room && !joins(r) {
			keep = i
		}
		if used += c.width(r); used > room {
			return strings.TrimRight(text[:keep], " ") + ellipsis, true
		}
	}
	if !whole {
		return text[:keep] + ellipsis, true
	}
	return text, false
}

// oneLine shows line ends and tabs as spaces and drops what cannot be painted.
func oneLine(text string) string {
	if strings.IndexFunc(text, present.Unpaintable) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case !present.Unpaintable(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, text)
}

// joins tells whether a character belongs to the one before it, so that no cut
// may come between.
func joins(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me) || r == '\u200d' || r >= 0xfe00 && r <= 0xfe0f || r >= 0x1f3fb && r <= 0x1f3ff
}

// cutStart returns the text if it fits, or as much of its end as fits after an
// ellipsis: of a path the end says what it is. The second result tells whether
// it was cut.
func (c *cutter) cutStart(text string, room float32) (string, bool) {
	if room <= 0 {
		return "", text != ""
	}
	whole := len(text) <= longestCell
	if !whole {
		at := len(text) - longestCell
		for at < len(text) && !utf8.RuneStart(text[at]) {
			at++
		}
		text = text[at:]
	}
	text = oneLine(text)
	dots := c.width('…')
	var used float32
	keep := len(text) // from here an ellipsis fits too
	for at := len(text); at > 0; {
		r, n := utf8.DecodeLastRuneInString(text[:at])
		at -= n
		if used += c.width(r); used > room {
			return ellipsis + text[keep:], true
		}
		if used+dots <= room && !joins(r) {
			keep = at
		}
	}
	if !whole {
		return ellipsis + text[keep:], true
	}
	return text, false
}
