package strength

import (
	"maps"
	"slices"
)

// signs names the characters that may stand for a letter ("l33t").
type signs map[rune][]rune

// reading says, for each sign of a password, the letter that it stands for.
type reading []rune

// itself is the letter of a sign that stands for itself.
const itself rune = 0

// readings returns the signs in what was typed and every way to read them, the
// plain one first. One who writes so keeps to it: a sign stands for the same
// letter throughout, and a letter has one sign, though others that could stand
// for it may occur. A reading leaves out no letter that has a sign.
func (s signs) readings(typed []rune) (in []rune, all []reading) {
	for _, r := range typed {
		if len(s.letters(r)) > 0 && !slices.Contains(in, r) {
			in = append(in, r)
		}
	}
	if len(in) > 0 {
		s.share(in, nil, &all)
	}
	slices.SortFunc(all, slices.Compare)
	all = slices.CompactFunc(all, slices.Equal)
	return in, slices.Insert(all, 0, make(reading, len(in)))
}

// letters returns what a sign may stand for, in order.
func (s signs) letters(sign rune) []rune {
	var out []rune
	for _, letter := range slices.Sorted(maps.Keys(s)) {
		if slices.Contains(s[letter], sign) {
			out = append(out, letter)
		}
	}
	return out
}

// share gives each sign to one letter, in every way there is, and has choose
// make the readings of each. At most three signs have two letters.
func (s signs) share(in, owners []rune, out *[]reading) {
	if len(owners) == len(in) {
		letters := slices.Compact(slices.Sorted(slices.Values(owners)))
		pick(letters, owners, make(reading, len(in)), out)
		return
	}
	for _, letter := range s.letters(in[len(owners)]) {
		s.share(in, append(slices.Clone(owners), letter), out)
	}
}

// pick has each letter use one of the signs it owns, in every way there is.
func pick(letters, owners []rune, so reading, out *[]reading) {
	if len(letters) == 0 {
		*out = append(*out, slices.Clone(so))
		return
	}
	for sign, owner := range owners {
		if owner == letters[0] {
			so[sign] = owner
			pick(letters[1:], owners, so, out)
			so[sign] = itself
		}
	}
}
