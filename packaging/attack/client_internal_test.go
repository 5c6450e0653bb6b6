//go:build linux && amd64

package main

import (
	"errors"
	"testing"
)

// A server that was too busy to answer breaches nothing, whatever the command made
// of it.
func TestBusyServerIsNoBreach(t *testing.T) {
	for name, tt := range map[string]struct {
		a    answer
		args []string
		away bool
	}{
		"unreachable":       {answer{exit: 5, id: "unreachable"}, []string{"connect"}, true},
		"said by the way":   {answer{exit: 3, id: "no_cache", stderr: "There is no offline cache (and the server cannot be reached)."}, []string{"cache"}, true},
		"given up too much": {answer{exit: 9, id: "too_many_attempts"}, []string{"cache", "--password-stdin"}, true},
		"no tries left":     {answer{exit: 9, id: "too_many_attempts"}, []string{"show"}, false},
		"the chip is away":  {answer{exit: 8, id: "chip_missing", stderr: "The security chip (TPM) cannot be reached."}, []string{"show"}, false},
	} {
		if err := tt.a.control(tt.args); err == nil || errors.Is(err, errAway) != tt.away {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (answer{}).control(nil); err != nil {
		t.Errorf("done: %v", err)
	}
}
