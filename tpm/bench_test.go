package tpm_test

import (
	"testing"

	"github.com/tideover/tideover/tpm/binding"
)

// The figures are of swtpm on a Unix socket, root made anew in every call; a
// hardware chip is some hundred times slower.

func BenchmarkSeal(b *testing.B) {
	s := seal(b, binding.LevelB)
	for b.Loop() {
		s.make()
	}
}

func BenchmarkCheck(b *testing.B) {
	s := seal(b, binding.LevelB)
	for b.Loop() {
		if err := s.check(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnseal(b *testing.B) {
	s := seal(b, binding.LevelB)
	s.opens()
	for b.Loop() {
		if _, err := s.unseal(rightAuth); err != nil {
			b.Fatal(err)
		}
	}
}

// What level A costs beside BenchmarkCheck and BenchmarkUnseal.
func BenchmarkCheckLevelA(b *testing.B) {
	c := committed(b, false)
	for b.Loop() {
		if err := c.check(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnsealLevelA(b *testing.B) {
	c := committed(b, false)
	for b.Loop() {
		if _, err := c.unseal(rightAuth); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	c := committed(b, false)
	n := c.highest
	for b.Loop() {
		if n++; c.x.Commit(b.Context(), n) != nil {
			b.Fatal("not committed")
		}
	}
}

func BenchmarkProtect(b *testing.B) {
	s := seal(b, binding.LevelB)
	for b.Loop() {
		if _, err := s.chip.Protect(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMachine(b *testing.B) {
	s := seal(b, binding.LevelB)
	for b.Loop() {
		if _, err := s.chip.Machine(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
