package strength

import (
	"encoding/json"
	"sync"

	"github.com/ccojocar/zxcvbn-go/data"
)

// known is what every guesser knows. It never changes.
type known struct {
	words     *lexicon
	signs     signs
	keyboards []keyboard
}

// lists unpacks the lists when they are first needed.
var lists = sync.OnceValue(load)

// load takes some 60 ms, most of it for sorting 85,000 words.
func load() *known {
	k := &known{signs: signs{}}
	var words [][]string
	for _, name := range []string{"MaleNames", "FemaleNames", "Surnames", "English", "Passwords"} {
		words = append(words, unpack(name).List)
	}
	k.words = newLexicon(words...)
	for letter, stand := range unpack("L33t").Graph {
		for _, s := range stand {
			k.signs[first(letter)] = append(k.signs[first(letter)], first(s))
		}
	}
	typewriter, keypad := newKeyboard(unpack("Qwerty").Graph), newKeyboard(unpack("Keypad").Graph)
	// zxcvbn counts keys and neighbours of one keyboard of each kind only.
	k.keyboards = []keyboard{typewriter, typewriter.like(unpack("Dvorak").Graph), keypad, keypad.like(unpack("MacKeypad").Graph)}
	return k
}

// packed is a file of the library: a list of words, or neighbours by key.
type packed struct {
	List  []string
	Graph map[string][]string
}

// unpack reads a file that is part of the program: it cannot be missing or
// damaged unless the program is.
func unpack(name string) (p packed) {
	text, err := data.Asset("data/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		panic("strength: " + name + ": " + err.Error())
	}
	return p
}

func first(s string) rune { return []rune(s)[0] }
