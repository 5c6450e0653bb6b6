package strength

import (
	"math"
	"unicode"
)

// variety is how many characters there are of the kinds that occur: what a
// single one must be picked from.
func variety(typed []rune) float64 {
	var lower, upper, digits, symbols float64
	for _, r := range typed {
		switch {
		case unicode.IsLower(r):
			lower = 26
		case unicode.IsDigit(r):
			digits = 10
		case unicode.IsUpper(r):
			upper = 26
		default:
			symbols = 33
		}
	}
	return lower + upper + digits + symbols
}

// capitals is the price in bits of the capitals of a word: one bit for the
// usual ways (the first letter, all), else the number of ways to have so many.
func capitals(word []rune) float64 {
	var upper, lower float64
	for _, r := range word {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	switch {
	case upper == 0:
		return 0
	case int(upper) == len(word), upper == 1 && unicode.IsUpper(word[0]):
		return 1
	}
	return math.Log2(waysUpTo(upper+lower, min(upper, lower)))
}

// waysUpTo is the number of ways to pick at most k of n.
func waysUpTo(n, k float64) float64 {
	sum := 0.0
	for i := 0.0; i <= k; i++ {
		sum += choose(n, i)
	}
	return sum
}

// choose is the number of ways to pick k of n.
func choose(n, k float64) float64 {
	if k > n {
		return 0
	}
	ways := 1.0
	for i := 1.0; i <= k; i++ {
		ways = ways * (n - i + 1) / i
	}
	return ways
}
