package apptest

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// Stage is what a Screen needs of a test, for programs that are none: what they
// leave ends with it, and what fails ends what is done on it.
type Stage struct {
	mu   sync.Mutex
	ends []func()
}

// failure is why a stage came down; it travels as a panic, as that of a test
// does.
type failure struct{ error }

// On has something done on a fresh stage and clears up after it, at once if the
// context ends. What failed there is the error.
func On(ctx context.Context, do func(*Stage)) (err error) {
	s := &Stage{}
	defer s.clear()
	stop := context.AfterFunc(ctx, s.clear)
	defer stop()
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			err = f.error
		}
	}()
	do(s)
	return nil
}

// Helper does nothing: there are no lines to tell.
func (s *Stage) Helper() {}

// Fatalf ends what is done on the stage.
func (s *Stage) Fatalf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// Must ends what is done on the stage if there is an error.
func (s *Stage) Must(what string, err error) {
	if err != nil {
		panic(failure{fmt.Errorf("%s: %w", what, err)})
	}
}

// Logf tells the person who waits.
func (s *Stage) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Cleanup has something done in the end, last first.
func (s *Stage) Cleanup(end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = append(s.ends, end)
}

// TempDir returns a new folder that ends with the stage.
func (s *Stage) TempDir() string {
	dir, err := os.MkdirTemp("", "tideover-")
	s.Must("make a folder", err)
	s.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			s.Logf("leave a folder behind: %v", err)
		}
	})
	return dir
}

func (s *Stage) clear() {
	s.mu.Lock()
	ends := s.ends
	s.ends = nil
	s.mu.Unlock()
	for i := range ends {
		ends[len(ends)-1-i]()
	}
}
