package strength

import (
	"math"
	"strings"
)

// dates returns the dates in what was typed: 31.12.99, 12/31/1999, 1999-12-31,
// and 991231, 31121999, 19991231 in whatever order of day and month.
func dates(typed []rune) []found {
	d := dated(typed)
	var out []found
	for _, form := range []func(int) (int, []float64){d.yearLast, d.yearFirst, d.digitsOnly} {
		for from, to := 0, 0; from < len(typed); from = max(to, from+1) {
			var bits []float64
			to, bits = form(from)
			for _, b := range bits {
				out = append(out, found{from, to, b})
			}
		}
	}
	return out
}

// dated reads numbers in what was typed. Its forms return where one that
// begins at a place ends, even if it is no date, and its prices if it is.
type dated []rune

// yearLast reads day, month and year with signs between them.
func (d dated) yearLast(from int) (to int, bits []float64) {
	a, at := d.short(from)
	at = d.separator(at)
	b, at := d.short(at)
	at = d.separator(at)
	year, at := d.year(at)
	return at, separated(a, b, year, at)
}

// yearFirst reads year, month and day with signs between them.
func (d dated) yearFirst(from int) (to int, bits []float64) {
	year, at := d.year(from)
	at = d.separator(at)
	a, at := d.short(at)
	at = d.separator(at)
	b, at := d.short(at)
	return at, separated(a, b, year, at)
}

func separated(a, b, year, at int) []float64 {
	if at < 0 || !isDate(a, b, year) {
		return nil
	}
	return []float64{datePrice(year) + 2} // which sign
}

// digitsOnly reads a stretch of up to eight digits. zxcvbn's port knows dates
// of six, with the year first, and of eight.
func (d dated) digitsOnly(from int) (to int, bits []float64) {
	to = from
	for to < len(d) && to < from+8 && d.digit(to) {
		to++
	}
	switch to - from {
	case 6:
		if year := d.number(from, 2); isDate(d.number(from+2, 2), d.number(from+4, 2), year) {
			bits = append(bits, datePrice(year))
		}
	case 8:
		if year := d.number(from, 4); isDate(d.number(from+4, 2), d.number(from+6, 2), year) {
			bits = append(bits, datePrice(year))
		}
		if year := d.number(from+4, 4); isDate(d.number(from, 2), d.number(from+2, 2), year) {
			bits = append(bits, datePrice(year))
		}
	}
	return to, bits
}

// The readers take a place and return the one after what they read, or -1
// where there is none or where the place is -1 already.

// short reads one digit or two.
func (d dated) short(at int) (n, after int) {
	switch {
	case at < 0 || !d.digit(at):
		return 0, -1
	case d.digit(at + 1):
		return d.number(at, 2), at + 2
	}
	return d.number(at, 1), at + 1
}

// year reads a year of 1900 to 2019, or two digits.
func (d dated) year(at int) (n, after int) {
	if at < 0 || !d.digit(at) || !d.digit(at+1) {
		return 0, -1
	}
	if d.digit(at+2) && d.digit(at+3) {
		if n = d.number(at, 4); n >= 1900 && n <= 2019 {
			return n, at + 4
		}
	}
	return d.number(at, 2), at + 2
}

func (d dated) separator(at int) int {
	if at < 0 || at >= len(d) || !strings.ContainsRune(" \t\n\f\r-/\\_.", d[at]) {
		return -1
	}
	return at + 1
}

func (d dated) digit(at int) bool { return at < len(d) && d[at] >= '0' && d[at] <= '9' }

func (d dated) number(at, digits int) int {
	n := 0
	for _, r := range d[at : at+digits] {
		n = n*10 + int(r-'0')
	}
	return n
}

// isDate takes day and month in either order, and a year in full or short.
func isDate(a, b, year int) bool {
	return (a <= 31 && b <= 12 || a <= 12 && b <= 31) && (year <= 99 || year >= 1900 && year <= 2025)
}

// datePrice is the entropy of a day: of a century, or of the 119 years that
// zxcvbn counts.
func datePrice(year int) float64 {
	if year <= 99 {
		return math.Log2(31 * 12 * 100)
	}
	return math.Log2(31 * 12 * 119)
}
