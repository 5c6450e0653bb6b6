package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/tideover/tideover/app/apptest"
)

// The screen in points: that of a small notebook, without the edges that it
// gives to other things.
const screenWidth, screenHeight = 1280, 820

// stage is what a screen needs of a test, without one.
type stage struct {
	mu   sync.Mutex
	ends []func()
}

// failure is why a stage came down; it travels as a panic, as that of a test
// does.
type failure struct{ error }

// on has a part played at a fresh desk, and clears up after it, at once if the
// context ends.
func on(ctx context.Context, o options, v variant, p places, play func(*desk)) (err error) {
	s := &stage{}
	defer s.clear()
	stop := context.AfterFunc(ctx, s.clear)
	defer stop()
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(failure)
			if !ok {
				panic(r)
			}
			err = errors.Join(err, f.error)
		}
	}()
	play(newDesk(s, o, v, p))
	return nil
}

// screen is a fresh one.
func (s *stage) screen(o options, v variant) *apptest.Screen {
	return apptest.Start(s, apptest.Options{
		Width: screenWidth * v.scale, Height: screenHeight * v.scale, Failed: filepath.Join(o.out, "failed"),
	})
}

// Helper does nothing: there are no lines to tell.
func (s *stage) Helper() {}

// Fatalf ends what is done on the stage.
func (s *stage) Fatalf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// Logf tells the person who waits.
func (s *stage) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Cleanup has something done in the end, last first.
func (s *stage) Cleanup(end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = append(s.ends, end)
}

func (s *stage) clear() {
	s.mu.Lock()
	ends := s.ends
	s.ends = nil
	s.mu.Unlock()
	for i := range ends {
		ends[len(ends)-1-i]()
	}
}

// TempDir returns a new folder that ends with the stage.
func (s *stage) TempDir() string {
	dir, err := os.MkdirTemp("", "tideover-")
	if err != nil {
		s.Fatalf("make a folder: %v", err)
	}
	s.Cleanup(func() { _ = os.RemoveAll(dir) }) // a temporary folder
	return dir
}

// must ends what is done on the stage if there is an error.
func (s *stage) must(what string, err error) {
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}
