package main

import (
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// runResult is a wire.DryRun as dry-run prints it: times in whole seconds, and
// no list or map that is null.
type runResult struct {
	User      string         `json:"user"`
	Server    string         `json:"server"`
	Total     int            `json:"total"`
	Cached    int            `json:"cached"`
	Excluded  int            `json:"excluded"`
	ExpiresAt *string        `json:"expires_at"`
	ByReason  map[string]int `json:"by_reason"`
	Entries   []runEntry     `json:"entries"`
}

type runEntry struct {
	ID     vault.ID `json:"id"`
	Path   string   `json:"path"`
	Cached bool     `json:"cached"`
	Reason *string  `json:"reason"`
	Detail *string  `json:"detail"`
}

func newRunResult(run wire.DryRun) runResult {
	r := runResult{
		User: run.User, Server: run.Server, Total: run.Total, Cached: run.Cached, Excluded: run.Excluded,
		ByReason: map[string]int{}, Entries: []runEntry{},
	}
	if run.ExpiresAt != nil {
		r.ExpiresAt = moment(*run.ExpiresAt)
	}
	for reason, n := range run.ByReason {
		r.ByReason[reason] = n
	}
	for _, e := range run.Entries {
		r.Entries = append(r.Entries, runEntry(e))
	}
	return r
}
