package main

import (
	"context"
	"fmt"
	"io"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// heardOfRecovery tells a person what the organisation's recovery key means for
// a cache, before it is made: on standard error, so that it is read where
// standard output is a program's.
type heardOfRecovery struct {
	p     *program
	heard *session.Recovery
}

func (h *heardOfRecovery) tell(_ context.Context, r session.Recovery) (bool, error) {
	if h.heard != nil && *h.heard == r {
		return true, nil // asked once more, after the account's password
	}
	key := "cli.recovery"
	if r.Withheld {
		key = "cli.recovery_withheld"
	}
	if _, err := fmt.Fprintln(h.p.stderr, h.p.words().Text(key, nil)); err != nil {
		return false, nil //nolint:nilerr // nobody reads it: nothing is handed over
	}
	h.heard = &r
	return true, nil
}

// outcome is what became of it, for --json.
func (h *heardOfRecovery) outcome() *string {
	if h.heard == nil {
		return nil
	}
	word := "escrowed"
	if h.heard.Withheld {
		word = "withheld"
	}
	return &word
}

// recoveryResult is what status has of it.
type recoveryResult struct {
	Escrowed bool                 `json:"escrowed"` // the machine secret of the cache in place was handed over
	Released *secretReleaseResult `json:"released"` // the newest release; null: none is known here
}

type secretReleaseResult struct {
	ID         vault.ID `json:"id"`
	At         *string  `json:"at"`
	Generation uint64   `json:"generation"`
	AskedBy    string   `json:"asked_by"`
	ApprovedBy string   `json:"approved_by"`
	Reason     string   `json:"reason"`
	InPlace    bool     `json:"in_place"` // of the cache that is there
}

func newRecoveryResult(r session.RecoveryStatus) recoveryResult {
	out := recoveryResult{Escrowed: r.Escrowed}
	if x := r.Released; x != nil {
		out.Released = &secretReleaseResult{
			ID: x.ID, At: moment(x.At), Generation: x.Generation, AskedBy: x.AskedBy, ApprovedBy: x.ApprovedBy,
			Reason: x.Reason, InPlace: x.InPlace,
		}
	}
	return out
}

func (p *program) printRecovery(w io.Writer, r session.RecoveryStatus) {
	if r.Escrowed {
		_, _ = fmt.Fprintln(w, p.words().Text("cli.recovery_escrowed", nil)) // a buffer
	}
	if x := r.Released; x != nil {
		_, _ = fmt.Fprintln(w, p.words().Text("cli.recovery_released", map[string]any{ // likewise
			"At": p.words().Time(x.At), "Asked": plain(x.AskedBy), "Approved": plain(x.ApprovedBy),
			"Generation": x.Generation, "Reason": plain(x.Reason),
		}))
	}
}
