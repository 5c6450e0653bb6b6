//go:build linux && amd64

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
)

// hitsWanted is how often each step must have been hit in a full run.
const hitsWanted = 10

// histogram counts kills by step, an operation and what it was about to do.
// It can be kept in a file, and a run goes on from there.
type histogram struct {
	mu    sync.Mutex
	known map[string][]string // operation → its steps in order, as last seen
	path  string              // where it is kept; "": nowhere
	kept
}

// kept is what a run goes on from.
type kept struct {
	Seed     uint64         `json:"seed"`
	Drawn    int            `json:"drawn"` // points, each by a number of its own
	Hits     map[string]int `json:"hits"`
	Kills    int            `json:"kills"`
	Whole    int            `json:"whole"` // ended before the step drawn was reached
	Tries    int            `json:"tries"`
	Breaches int            `json:"breaches"`
	Told     map[string]int `json:"told"`
	Details  []string       `json:"details"`
}

// newHistogram starts one, or goes on with that of the file, of the same seed.
func newHistogram(path string, seed uint64, r *row) (*histogram, error) {
	h := &histogram{known: map[string][]string{}, path: path, kept: kept{Seed: seed, Hits: map[string]int{}}}
	if path == "" {
		return h, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return h, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &h.kept)
	}
	if err == nil && h.Seed != seed {
		err = fmt.Errorf("%s is of seed %d", path, h.Seed)
	}
	r.tries, r.breaches, r.told, r.details = h.Tries, h.Breaches, h.Told, h.Details
	return h, err
}

// keep writes down how far it is.
func (h *histogram) keep(r *row) error {
	if h.path == "" {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r.mu.Lock()
	h.Tries, h.Breaches, h.Told, h.Details = r.tries, r.breaches, r.told, r.details
	b, err := json.Marshal(h.kept)
	r.mu.Unlock()
	if err != nil {
		return err
	}
	if err := os.WriteFile(h.path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(h.path+".new", h.path)
}

func (h *histogram) learn(operation string, steps []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(steps) > len(h.known[operation]) {
		h.known[operation] = steps
	}
	for _, s := range steps {
		if key := operation + ": " + s; h.Hits[key] == 0 {
			h.Hits[key] = 0 // known from now on
		}
	}
}

// point is where to kill: before the nth step of a name, counted from 1.
type point struct {
	operation, step string
	nth             int
	after           bool // a chip has done the command, but nobody hears of it
}

// draw takes the next number below limit and picks its point: three times in
// four of the least-hit step that has not had its hits, else any.
func (h *histogram) draw(limit int, luck func(n int) *rand.Rand) (p point, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.Drawn >= limit {
		return p, false
	}
	h.Drawn++
	dice := luck(h.Drawn)
	rare := h.rarest()
	chosen := ""
	if len(rare) > 0 && dice.IntN(4) > 0 {
		chosen = rare[dice.IntN(len(rare))]
	}
	var all []point
	for _, operation := range operations {
		count := map[string]int{}
		for _, step := range h.known[operation] {
			count[step]++
			if chosen == "" || chosen == operation+": "+step {
				all = append(all, point{operation: operation, step: step, nth: count[step]})
			}
		}
	}
	if len(all) == 0 { // what was hit by chance, and is no usual step
		operation, step, _ := strings.Cut(chosen, ": ")
		all = []point{{operation: operation, step: step, nth: 1}}
	}
	p = all[dice.IntN(len(all))]
	p.after = dice.IntN(2) == 0
	return p, true
}

// rarest is the steps with the fewest hits, if those are too few.
func (h *histogram) rarest() (rare []string) {
	least := hitsWanted
	for _, key := range slices.Sorted(maps.Keys(h.Hits)) {
		switch n := h.Hits[key]; {
		case n < least:
			least, rare = n, []string{key}
		case n == least && n < hitsWanted:
			rare = append(rare, key)
		}
	}
	return rare
}

// short reports whether a step has had too few hits.
func (h *histogram) short() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.rarest()) > 0
}

func (h *histogram) hit(operation, step string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Kills++
	h.Hits[operation+": "+step]++
}

// late counts an operation that ended before its point.
func (h *histogram) late() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Whole++
}

// print says what was hit, and returns what was hit too rarely.
func (h *histogram) print() (rare []string) {
	fmt.Printf("         seed %d: %d kills, %d came too late; before these steps:\n", h.Seed, h.Kills, h.Whole)
	for _, operation := range operations {
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(h.Hits)) {
			if step, ok := strings.CutPrefix(key, operation+": "); ok {
				parts = append(parts, fmt.Sprintf("%s %d", step, h.Hits[key]))
				if h.Hits[key] < hitsWanted {
					rare = append(rare, fmt.Sprintf("%s (%d)", key, h.Hits[key]))
				}
			}
		}
		fmt.Printf("         %s: %s\n", operation, strings.Join(parts, " · "))
	}
	return rare
}
