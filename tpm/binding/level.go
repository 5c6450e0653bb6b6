package binding

import "fmt"

// Level says how strongly a cache is bound to its machine. It is measured,
// shown by name and recorded on the server; the text reaches disk and wire.
type Level string

// The levels, strongest first.
const (
	LevelA    Level = "A"  // copy-proof: sealed, own attempt counter, generation counter
	LevelB    Level = "B"  // hardware: sealed, guessing slowed by the chip's shared lockout
	LevelB0   Level = "B0" // hardware without attempt limit: sealed, outside the shared lockout
	LevelC    Level = "C"  // the system's keychain
	LevelNone Level = "D"  // nothing: no cache
)

// rank orders the levels; an unknown level ranks below all.
func (l Level) rank() int {
	switch l {
	case LevelA:
		return 5
	case LevelB:
		return 4
	case LevelB0:
		return 3
	case LevelC:
		return 2
	case LevelNone:
		return 1
	}
	return 0
}

// AtLeast reports whether l is as strong as least or stronger. An unknown
// level is weaker than every level, and nothing satisfies an unknown one.
func (l Level) AtLeast(least Level) bool { return least.rank() > 0 && l.rank() >= least.rank() }

// Sealed reports whether a cache of this level has a sealed object in a chip.
func (l Level) Sealed() bool { return l.AtLeast(LevelB0) }

// ParseLevel reads A, B, B0, C or D, exactly.
func ParseLevel(s string) (Level, error) {
	if l := Level(s); l.rank() > 0 {
		return l, nil
	}
	return "", fmt.Errorf("parse level: %q is none of A, B, B0, C, D", s)
}
