package apptest

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
)

func TestStageClearsUp(t *testing.T) {
	var ended []string
	var dir string
	err := On(t.Context(), func(s *Stage) {
		dir = s.TempDir()
		s.Cleanup(func() { ended = append(ended, "first") })
		s.Cleanup(func() { ended = append(ended, "second") })
		s.Must("do nothing", nil)
		s.Must("look", os.ErrNotExist)
		ended = append(ended, "went on")
	})
	if !errors.Is(err, os.ErrNotExist) || err.Error() != "look: file does not exist" {
		t.Errorf("failed with %v", err)
	}
	if want := []string{"second", "first"}; !slices.Equal(ended, want) {
		t.Errorf("ended %q, want %q", ended, want)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
	if err := On(t.Context(), func(s *Stage) { s.Fatalf("no %s", "screen") }); err == nil || err.Error() != "no screen" {
		t.Errorf("failed with %v", err)
	}
	if err := On(t.Context(), func(*Stage) {}); err != nil {
		t.Error(err)
	}
}

// Whoever waits for what is done there is not left with its programs.
func TestStageComesDownWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	down := make(chan struct{})
	if err := On(ctx, func(s *Stage) {
		s.Cleanup(func() { close(down) })
		cancel()
		<-down
	}); err != nil {
		t.Error(err)
	}
}

// A mistake in what is done there is no failure of what is looked at.
func TestStagePassesPanicsOn(t *testing.T) {
	defer func() {
		if r := recover(); r != "mistake" {
			t.Errorf("recovered %v", r)
		}
	}()
	_ = On(t.Context(), func(*Stage) { panic("mistake") }) // it does not return
}
