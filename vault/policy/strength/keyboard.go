package strength

import (
	"math"
	"strings"
)

// keyboard knows which keys lie beside which.
type keyboard struct {
	beside map[rune][]string // by direction; a key is its characters, the shifted one second
	keys   float64           // to begin at
	degree float64           // mean number of neighbours
}

// newKeyboard makes one of the neighbours of each character.
func newKeyboard(graph map[string][]string) keyboard {
	var characters, places float64
	for _, beside := range graph {
		for _, key := range beside {
			characters += float64(len(key))
			places++
		}
	}
	k := keyboard{keys: float64(len(graph)), degree: characters / places}
	return k.like(graph)
}

// like returns another layout that is priced as k.
func (k keyboard) like(graph map[string][]string) keyboard {
	k.beside = make(map[rune][]string, len(graph))
	for from, beside := range graph {
		k.beside[first(from)] = beside
	}
	return k
}

// walks returns what was typed by going from key to key, three and more.
func (k keyboard) walks(typed []rune) []found {
	var out []found
	for from, to := 0, 0; from < len(typed); from = to {
		turns, shifted, last := 0, 0, -1
		for to = from + 1; to < len(typed); to++ {
			direction, shift, ok := k.step(typed[to-1], typed[to])
			if !ok {
				break
			}
			if direction != last { // so the first step is a turn too
				turns++
				last = direction
			}
			if shift {
				shifted++
			}
		}
		if n := to - from; n > 2 {
			out = append(out, found{from, to, k.price(float64(n), float64(turns), float64(shifted))})
		}
	}
	return out
}

// step says in which direction one character lies from another, and whether it
// is the shifted one of its key.
func (k keyboard) step(a, b rune) (direction int, shift, ok bool) {
	for direction, key := range k.beside[a] {
		if at := strings.IndexRune(key, b); at >= 0 {
			return direction, at == 1, true
		}
	}
	return 0, false, false
}

// price is the entropy of a walk: every shorter one and every one with fewer
// turns comes before it, and each way to shift so many of its characters.
func (k keyboard) price(length, turns, shifted float64) float64 {
	walks := 0.0
	for n := 2.0; n <= length+1; n++ {
		for t := 1.0; t <= min(turns, n-1)+1; t++ {
			walks += choose(n-1, t-1) * k.keys * math.Pow(k.degree, t)
		}
	}
	bits := math.Log2(walks)
	if shifted > 0 {
		bits += math.Log2(waysUpTo(length, min(shifted, length-shifted)))
	}
	return bits
}
