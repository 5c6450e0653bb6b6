package strength

import (
	"math"
	"unicode"
)

// repeats returns the stretches of one letter in any capitals, three and more.
func repeats(typed []rune) []found {
	var out []found
	for from, to := 0, 0; from < len(typed); from = to {
		for to = from + 1; to < len(typed) && unicode.ToLower(typed[to]) == unicode.ToLower(typed[from]); to++ {
		}
		if n := to - from; n > 2 {
			out = append(out, found{from, to, math.Log2(variety(typed[from:to]) * float64(n))})
		}
	}
	return out
}

// sequences returns the stretches of neighbours in an alphabet, up or down,
// three and more. They do not share their ends.
func sequences(typed []rune) []found {
	var out []found
	for from, to := 0, 0; from < len(typed); from = to {
		to = from + 1
		if to == len(typed) {
			break
		}
		step := neighbours(typed[from], typed[to])
		if step == 0 {
			continue
		}
		for to++; to < len(typed) && neighbours(typed[to-1], typed[to]) == step; to++ {
		}
		if n := to - from; n > 2 {
			out = append(out, found{from, to, sequencePrice(typed[from], step) + math.Log2(float64(n))})
		}
	}
	return out
}

// sequencePrice is the entropy of where a sequence begins and where it goes.
func sequencePrice(begin rune, step int) float64 {
	bits := 0.0
	switch {
	case begin == 'a' || begin == '1': // where everybody begins
	case begin <= '9':
		bits = math.Log2(10)
	case begin >= 'a':
		bits = math.Log2(26)
	default: // a capital is one bit more
		bits = math.Log2(26) + 1
	}
	if step < 0 {
		bits++
	}
	return bits
}

// neighbours returns 1 where b follows a in an alphabet or among the digits,
// -1 where it comes before, else 0.
func neighbours(a, b rune) int {
	for _, set := range [...][2]rune{{'a', 'z'}, {'A', 'Z'}, {'0', '9'}} {
		if a >= set[0] && a <= set[1] && b >= set[0] && b <= set[1] && (b == a+1 || b == a-1) {
			return int(b - a)
		}
	}
	return 0
}
