//go:build linux && amd64

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
)

// row is one attack and what came of it. Safe for concurrent use.
type row struct {
	name    string
	remains string // set: the attack succeeds by design, and this says where it is written

	mu       sync.Mutex
	tries    int
	breaches int
	told     map[string]int
	details  []string // of breaches, and what else is worth a line
}

// a breach is told with what happened, the first few of each attack.
const detailLimit = 5

// try counts an attempt; breach says what went wrong, "" that it was refused;
// told is what the user heard, "" for nothing.
func (r *row) try(told, breach string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	if told != "" {
		if r.told == nil {
			r.told = map[string]int{}
		}
		r.told[told]++
	}
	if breach != "" {
		r.breaches++
		if len(r.details) < detailLimit {
			r.details = append(r.details, "breach: "+breach)
		}
	}
}

// note adds a line below the row.
func (r *row) note(format string, a ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.details = append(r.details, fmt.Sprintf(format, a...))
}

// refused counts an answer that must show nothing.
func (r *row) refused(a answer, what string) {
	breach := ""
	switch {
	case a.shows(`"source":"server"`):
		breach = what + ": the server answered"
	case a.shows(planted):
		breach = what + ": the planted secret was shown"
	case a.exit == 0:
		breach = what + ": it was done, not refused"
	case a.crashed():
		breach = what + ": the program crashed: " + a.stderr
	}
	r.try(a.words(), breach)
}

// words returns what the user heard, the commonest first.
func (r *row) words(limit int) string {
	keys := slices.Collect(maps.Keys(r.told))
	sort.Slice(keys, func(i, k int) bool {
		if r.told[keys[i]] != r.told[keys[k]] {
			return r.told[keys[i]] > r.told[keys[k]]
		}
		return keys[i] < keys[k]
	})
	var parts []string
	for i, k := range keys {
		if i == limit {
			parts = append(parts, fmt.Sprintf("and %d more", len(keys)-i))
			break
		}
		if len(keys) > 1 {
			k = fmt.Sprintf("%s ×%d", k, r.told[k])
		}
		parts = append(parts, k)
	}
	return strings.Join(parts, " · ")
}

// print writes the table and returns the sum of breaches.
func print(w io.Writer, rows []*row) int {
	width, sum, tries := len("attack"), 0, 0
	for _, r := range rows {
		width = max(width, len([]rune(r.name)))
	}
	line := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format+"\n", a...) } // a terminal that is gone needs no table
	line("")
	line("%-*s  %6s  %8s  %s", width, "attack", "tries", "breaches", "what the user is told")
	line("%s", strings.Repeat("-", width+42))
	for _, r := range rows {
		breaches := fmt.Sprint(r.breaches)
		if r.remains != "" {
			breaches = "known"
		} else {
			sum += r.breaches
		}
		tries += r.tries
		line("%-*s  %6d  %8s  %s", width, r.name, r.tries, breaches, r.words(3))
		if r.remains != "" {
			line("%-*s  %16s  %s", width, "", "", "succeeds, as written: "+r.remains)
		}
		for _, d := range r.details {
			line("%-*s  %16s  %s", width, "", "", d)
		}
	}
	line("%s", strings.Repeat("-", width+42))
	line("%-*s  %6d  %8d", width, "all", tries, sum)
	return sum
}
