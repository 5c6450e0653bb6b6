package main

import (
	"os"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// usualColumns is the width of a terminal that does not tell its own.
const usualColumns = 80

// narrowest is what a column keeps, however little room there is: less says
// nothing.
const narrowest = 8

// columns returns how wide a line may be: that of the terminal, or 0 for no
// limit where the output goes into a file or another program.
func (p *program) columns() int {
	f, ok := p.stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return usualColumns
}

// table lays rows of equal length out in columns, two blanks apart, and cuts the
// widest ones until a line fits into limit; 0: there is none. The first column
// holds paths, whose end says most, so they lose their beginning.
func table(rows [][]string, limit int) string {
	if len(rows) == 0 {
		return ""
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], cells(cell))
		}
	}
	for limit > 0 && lineWidth(widths) > limit {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= narrowest {
			break
		}
		widths[widest]--
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if widths[i] == 0 {
				continue
			}
			if i > 0 {
				line.WriteString("  ")
			}
			cell = cut(cell, widths[i], i == 0)
			line.WriteString(cell + strings.Repeat(" ", widths[i]-cells(cell)))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// lineWidth is how wide columns and the gaps between them are together.
func lineWidth(widths []int) int {
	total := 0
	for i, w := range widths {
		if w > 0 && i > 0 {
			total += 2
		}
		total += w
	}
	return total
}

// cut shortens text to at most limit cells, at its beginning or at its end.
func cut(text string, limit int, beginning bool) string {
	if cells(text) <= limit {
		return text
	}
	runes := []rune(text)
	for cells(string(runes)) > limit-1 { // the mark takes one
		if beginning {
			runes = runes[1:]
		} else {
			runes = runes[:len(runes)-1]
		}
	}
	if beginning {
		return "…" + string(runes)
	}
	return string(runes) + "…"
}

// cells is how many columns of a terminal a text takes: two for a character of
// East Asia, none for a mark that stands on the one before it.
func cells(text string) int {
	n := 0
	for _, r := range text {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
