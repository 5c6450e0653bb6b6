package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// budgets are the most that ours may be of KeePassXC's (design, "Budgets").
var budgets = map[work]float64{workWindow: 1.2, rssList: 0.4}

// budgetFrom is the number of entries from which the budget of the memory
// counts: below, it is the drawing that takes it.
const budgetFrom = 100_000

// table prints what was measured and returns whether anything is over its
// budget.
func table(entries int, ours, theirs figures) (over bool) {
	fmt.Printf("%-42s %4s %8s %8s   %8s %8s   %6s %6s\n", "", "n", "ours p50", "p95", "theirs", "p95", "p50 /", "p95 /")
	for _, w := range []work{
		workWindow, workStart, workUnlock, workFirst, workKey, workPage, workWheel, workRow, workLook,
		rssStart, pssStart, rssList, pssList, rssAfter, pssAfter,
	} {
		o, t := ours[w], theirs[w]
		if len(o) == 0 {
			continue
		}
		unit := " ms"
		if strings.Contains(string(w), "SS ") {
			unit = " MiB"
		}
		fmt.Printf("%-42s %4d %8.1f %8.1f   ", string(w)+","+unit, len(o), percentile(o, 50), percentile(o, 95))
		if len(t) == 0 {
			fmt.Printf("%8s %8s   %6s\n", "-", "-", "-")
			continue
		}
		ratio, mark := percentile(o, 50)/percentile(t, 50), ""
		if b := budgets[w]; b > 0 && (w == workWindow || entries >= budgetFrom) {
			mark = fmt.Sprintf(" (budget %.1f)", b)
			if ratio > b {
				mark, over = " !"+mark, true
			}
		}
		fmt.Printf("%8.1f %8.1f   %6.2f %6.2f%s\n", percentile(t, 50), percentile(t, 95), ratio, percentile(o, 95)/percentile(t, 95), mark)
	}
	return over
}

// percentile is that of the nearest rank.
func percentile(v []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// machine says what it was measured on, and how busy that was.
func machine() string {
	cpu := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range bytes.Lines(b) {
			if name, ok := bytes.CutPrefix(line, []byte("model name")); ok {
				cpu = strings.Trim(string(name), "\t :\n")
				break
			}
		}
	}
	load := "unknown"
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(b), " ")
	}
	version := "unknown"
	if out, err := exec.Command("keepassxc-cli", "--version").Output(); err == nil {
		version = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("%s, %d cores, %s, load %s; OpenGL by software; KeePassXC %s", cpu, runtime.NumCPU(), runtime.GOOS, load, version)
}
