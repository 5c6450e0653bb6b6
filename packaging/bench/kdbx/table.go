package main

import "fmt"

// Budgets count from this size on: below it, processes mostly start.
const budgetedEntries = 10_000

// row is one line of the table. A program that does not do the work, and a
// budget that does not exist, are zero.
type row struct {
	n                                   int
	work                                string
	ours, keepassxc, limit              result
	wallBudget, limitBudget, peakBudget float64
}

func header() string {
	return fmt.Sprintf("%8s %-10s %8s %10s %8s   %-14s %-14s %7s %7s   %s",
		"entries", "work", "ours", "keepassxc", "limit", "/keepassxc", "/limit", "ours", "theirs", "peak ratio")
}

// String formats the row; ratios over their budget are marked.
func (r row) String() string {
	return fmt.Sprintf("%8d %-10s %8.1f %10.1f %8.1f   %-14s %-14s %7.1f %7.1f   %s",
		r.n, r.work, r.ours.wallMS, r.keepassxc.wallMS, r.limit.wallMS,
		r.ratio(r.ours.wallMS, r.keepassxc.wallMS, r.wallBudget),
		r.ratio(r.ours.wallMS, r.limit.wallMS, r.limitBudget),
		r.ours.peakMiB, r.keepassxc.peakMiB,
		r.ratio(r.ours.peakMiB, r.keepassxc.peakMiB, r.peakBudget))
}

func (r row) ratio(ours, theirs, budget float64) string {
	switch {
	case theirs == 0:
		return "-"
	case budget == 0:
		return fmt.Sprintf("%.2f", ours/theirs)
	case r.n >= budgetedEntries && ours > budget*theirs:
		return fmt.Sprintf("%.2f ! (%.1f)", ours/theirs, budget)
	}
	return fmt.Sprintf("%.2f (%.1f)", ours/theirs, budget)
}

// over reports whether a budget is broken.
func (r row) over() bool {
	broken := func(ours, theirs, budget float64) bool {
		return theirs > 0 && budget > 0 && ours > budget*theirs
	}
	return r.n >= budgetedEntries && (broken(r.ours.wallMS, r.keepassxc.wallMS, r.wallBudget) ||
		broken(r.ours.wallMS, r.limit.wallMS, r.limitBudget) ||
		broken(r.ours.peakMiB, r.keepassxc.peakMiB, r.peakBudget))
}
