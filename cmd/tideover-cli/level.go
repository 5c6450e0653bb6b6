package main

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/tideover/tideover/tpm/binding"
)

// levelFlag is --level: how a new cache is to be bound. Empty: as well as can be,
// and never below level A once there was a cache of it. A lower one is the word
// of the person that level A is given up.
type levelFlag struct{ binding.Level }

var _ pflag.Value = (*levelFlag)(nil)

// Set reads A or B: lower ones are those of the machine, and nobody asks for them.
func (l *levelFlag) Set(text string) error {
	level, err := binding.ParseLevel(text)
	if err != nil || level != binding.LevelA && level != binding.LevelB {
		return errors.New("it is A or B")
	}
	l.Level = level
	return nil
}

// String returns the level.
func (l *levelFlag) String() string { return string(l.Level) }

// Type names the value in the help.
func (l *levelFlag) Type() string { return "A|B" }

func (l *levelFlag) add(f *pflag.FlagSet) {
	f.Var(l, "level", "A: copy-proof, or no cache; B: at most that, which gives level A up")
}

// sayLevel says at which level a cache was made, and why not at level A.
func (p *program) sayLevel(level binding.Level, why []string) {
	if level == "" {
		return
	}
	p.say("cli.cached_level", map[string]any{"Level": level, "Why": p.words().Blocked(why)})
}
