package session_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
)

// A state file that cannot be understood is left alone.
func TestUnreadableState(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(string) string
		want   vault.Cause
	}{
		"newer":     {func(s string) string { return strings.Replace(s, `"v": 1`, `"v": 2`, 1) }, vault.Unsupported},
		"cut short": {func(s string) string { return s[:len(s)/2] }, vault.Damaged},
		"mode":      {func(s string) string { return strings.Replace(s, `"online"`, `"onlime"`, 1) }, vault.Damaged},
		"huge":      {func(s string) string { return s + strings.Repeat(" ", 5<<20) }, vault.Hostile},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.signIn()
			broken := []byte(tt.change(string(w.stateBytes())))
			w.must(os.WriteFile(w.home+"/state.json", broken, 0o600))
			_, err := w.s.Mode(w.ctx())
			w.refused(err, tt.want)
			if err := w.s.SignOut(w.ctx()); !errors.Is(err, tt.want) {
				t.Errorf("sign out: %v", err)
			}
			if string(w.stateBytes()) != string(broken) {
				t.Error("the state was written over")
			}
		})
	}
}

// Changes from several processes do not undo each other, and leave no other
// file behind.
func TestStateIsSharedAndWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	const n = 8
	done := make(chan error)
	for range n {
		go func() { done <- w.start().LockEverywhere(w.ctx()) }()
	}
	for range n {
		w.must(<-done)
	}
	if !strings.Contains(string(w.stateBytes()), `"lock_seq": 8`) {
		t.Errorf("a change was lost: %s", w.stateBytes())
	}
	entries, err := os.ReadDir(w.home)
	w.must(err)
	for _, e := range entries {
		info, err := e.Info()
		w.must(err)
		if strings.Contains(e.Name(), ".new-") || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s %v", e.Name(), info.Mode())
		}
	}
}
