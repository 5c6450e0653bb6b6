// Command cache measures Disconnect/Cache, server included, with the programs
// as they ship: import a file of so many entries, sign in, cache.
//
// What it takes beyond a cache of one entry (so without program start, key
// derivation and chip) stands beside the limit of its parts, which is what the
// server cannot do without (packaging/bench/rows), writing the file once and
// opening it once (packaging/bench/limit), and beside what keepassxc-cli takes
// to open and save the same entries. Medians of whole processes in turns.
//
//	go run ./packaging/bench/cache [-bin bin] [-runs 3] [-sizes 1000,10000,100000]
//
// It needs the Debian packages keepassxc and swtpm.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
)

// The budget (design, "Budgets"): the most that ours may be of the limit, from
// so many entries on. Below, the fixed cost of requests outweighs the content.
const (
	budget     = 3
	budgetFrom = 10_000
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bin := flag.String("bin", "bin", "`folder` of the built programs")
	runs := flag.Int("runs", 3, "runs of each program")
	sizes := flag.String("sizes", "1000,10000,100000", "entries in the cache")
	flag.Parse()
	if err := measure(ctx, *bin, *runs, *sizes); err != nil {
		fmt.Fprintln(os.Stderr, "bench/cache:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, bin string, runs int, sizes string) error {
	fmt.Printf("%8s %12s %12s %12s %14s %16s\n", "entries", "cache ms", "limit ms", "keepassxc ms", "cache / limit", "cache / keepassxc")
	over := false
	for _, s := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("sizes: %w", err)
		}
		ours, limit, xc, err := one(ctx, bin, runs, n)
		if err != nil {
			return err
		}
		mark := ""
		if n >= budgetFrom && ours > budget*limit {
			mark, over = "!", true
		}
		fmt.Printf("%8d %12.0f %12.0f %12.0f %13.2f%1s %16.2f\n", n, ours, limit, xc, ours/limit, mark, ours/xc)
	}
	if over {
		return fmt.Errorf("over the budget of %d times the limit (marked !)", budget)
	}
	return nil
}
