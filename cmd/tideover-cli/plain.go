package main

import (
	"strings"
	"unicode"
)

// plain returns text that is safe to print on a terminal: control characters,
// which could move the cursor or rename the window, and the marks that turn the
// reading direction, which could hide them, become U+FFFD. What an entry holds
// was typed by somebody else.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// plainLines is plain for text of several lines.
func plainLines(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.ReplaceAll(plain(strings.ReplaceAll(l, "\t", "    ")), "\r", "")
	}
	return strings.Join(lines, "\n")
}
