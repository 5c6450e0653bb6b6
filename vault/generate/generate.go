// Package generate makes passwords at random.
//
// It judges no password that a person thought of (vault/policy does) and stores
// nothing. Its only neighbour is vault, for the Secret that it returns.
//
// The invariant it keeps: among the passwords that the rules allow, each is as
// likely as any other.
package generate

import (
	"crypto/rand"
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/tideover/tideover/vault"
)

// The characters of each class. Symbols are the printable ASCII characters that
// are neither letters nor digits nor the space, which ends of lines swallow.
const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	symbols = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

// lookAlikes are left out on request: the characters that people confuse when
// they type a password from paper. It is KeePass 2's list
// (https://keepass.info/help/base/pwgenerator.html, "Exclude look-alike").
const lookAlikes = "O0l1I|"

// Bounds of Rules.Length, in characters.
const (
	// MinLength: below 8 a password falls to a search within hours, whatever it
	// is made of, and fewer than 4 could not hold every class.
	MinLength = 8
	// MaxLength: longer ones gain nothing over 39 random characters (256 bits),
	// and many sites refuse more than this.
	MaxLength = 128
)

// Rules say what a password is made of. The zero Rules allow none; Default are
// good ones.
type Rules struct {
	Length  int // characters, MinLength to MaxLength
	Lower   bool
	Upper   bool
	Digits  bool
	Symbols bool
	// NoLookAlikes leaves out O, 0, l, 1, I and |.
	NoLookAlikes bool
}

// Default returns the rules for somebody who chose none: 20 characters of
// every class, 130 bits.
func Default() Rules {
	return Rules{Length: 20, Lower: true, Upper: true, Digits: true, Symbols: true}
}

// AtLeast returns rules that are no weaker than a policy asks for: at least so
// many characters of at least so many classes. Classes are added in the order
// of Rules.
func (r Rules) AtLeast(length, classes int) Rules {
	r.Length = min(max(r.Length, length, MinLength), MaxLength)
	for _, class := range []*bool{&r.Lower, &r.Upper, &r.Digits, &r.Symbols} {
		if len(r.classes()) >= min(classes, 4) {
			break
		}
		*class = true
	}
	return r
}

// Bits returns how many bits of randomness a password of these rules has, 0 if
// they allow none. It is a lower bound: that every class occurs is counted as
// if it told a searcher everything it could.
func (r Rules) Bits() float64 {
	if r.check() != nil {
		return 0
	}
	// The passwords without some class are subtracted (inclusion and
	// exclusion), in shares of all strings of the length.
	classes := r.classes()
	all := 0
	for _, c := range classes {
		all += len(c)
	}
	share := 0.0
	for missing := range 1 << len(classes) {
		left := all
		for i, c := range classes {
			if missing>>i&1 == 1 {
				left -= len(c)
			}
		}
		part := math.Pow(float64(left)/float64(all), float64(r.Length))
		if bits.OnesCount(uint(missing))%2 == 1 {
			part = -part
		}
		share += part
	}
	return float64(r.Length)*math.Log2(float64(all)) + math.Log2(share)
}

// Password returns a new password by the rules, which holds at least one
// character of each class. The caller wipes it. Rules that allow none are a
// Usage problem.
func Password(r Rules) (vault.Secret, error) { return FromRandom(rand.Reader, r) }

// FromRandom is Password with a source of random bytes, for tests.
func FromRandom(random io.Reader, r Rules) (vault.Secret, error) {
	if err := r.check(); err != nil {
		return vault.Secret{}, err
	}
	classes := r.classes()
	var all []byte
	for _, c := range classes {
		all = append(all, c...)
	}
	word := make([]byte, r.Length)
	for {
		for i := range word {
			n, err := below(random, len(all))
			if err != nil {
				clear(word)
				return vault.Secret{}, fmt.Errorf("make a password: %w", err)
			}
			word[i] = all[n]
		}
		// A word that lacks a class is thrown away whole: putting a character
		// of the class into it would make some passwords likelier than others.
		if holdsEach(word, classes) {
			return vault.NewSecret(word), nil
		}
	}
}

// below returns a number from 0 to n-1, n at most 256. Bytes beyond the last
// multiple of n are thrown away: taken modulo n they would favour small numbers.
func below(random io.Reader, n int) (int, error) {
	var b [1]byte
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return 0, err
		}
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n, nil
		}
	}
}

func holdsEach(word []byte, classes []string) bool {
	for _, class := range classes {
		if !holdsOne(word, class) {
			return false
		}
	}
	return true
}

func holdsOne(word []byte, class string) bool {
	for _, c := range word {
		for i := range len(class) {
			if class[i] == c {
				return true
			}
		}
	}
	return false
}

func (r Rules) check() error {
	switch {
	case r.Length < MinLength || r.Length > MaxLength:
		return vault.Fail(vault.Usage, "a password of %d characters: %d to %d can be made", r.Length, MinLength, MaxLength)
	case len(r.classes()) == 0:
		return vault.Fail(vault.Usage, "a password of no characters at all")
	}
	return nil
}

// classes returns the characters of each class that is wanted.
func (r Rules) classes() []string {
	var list []string
	for _, c := range []struct {
		wanted bool
		chars  string
	}{{r.Lower, lower}, {r.Upper, upper}, {r.Digits, digits}, {r.Symbols, symbols}} {
		if !c.wanted {
			continue
		}
		if r.NoLookAlikes {
			c.chars = without(c.chars, lookAlikes)
		}
		list = append(list, c.chars)
	}
	return list
}

func without(chars, those string) string {
	var kept []byte
	for i := range len(chars) {
		if !holdsOne([]byte(those), chars[i:i+1]) {
			kept = append(kept, chars[i])
		}
	}
	return string(kept)
}
