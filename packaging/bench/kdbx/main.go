// Command kdbx measures vault/kdbx against keepassxc-cli and against the limit
// program beside it: whole processes, one after the other in turns, medians,
// wall time and peak memory, printed as ratios. The budgets stand in the
// table; a figure over its budget makes the exit status 1.
//
//	go run ./packaging/bench/kdbx [-runs 5] [-sizes 1000,10000,100000] [-argon2=false]
//
// It needs the Debian packages keepassxc and argon2. It runs itself for the
// product's part (see work.go).
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "work-") {
		err = work(ctx, os.Args[1], os.Args[2:])
	} else {
		err = measure(ctx, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/kdbx:", err)
		os.Exit(1)
	}
}

// measure reads the flags and prints the tables.
func measure(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("kdbx", flag.ContinueOnError)
	runs := flags.Int("runs", 5, "runs of each program on each file")
	sizes := flags.String("sizes", "1000,10000,100000", "entries in the files")
	withArgon2 := flags.Bool("argon2", true, "measure Argon2 too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := newBench(ctx, *runs)
	if err != nil {
		return err
	}
	defer b.close()
	over := false
	fmt.Printf("wall time in ms, peak memory in MiB, medians of %d runs; ratios are ours / theirs\n\n", *runs)
	fmt.Println(header())
	for _, s := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("sizes: %w", err)
		}
		rows, err := b.size(ctx, n)
		if err != nil {
			return err
		}
		for _, r := range rows {
			fmt.Println(r)
			over = over || r.over()
		}
	}
	if *withArgon2 {
		if err := b.argon2(ctx); err != nil {
			return err
		}
	}
	if over {
		return fmt.Errorf("over budget (marked !)")
	}
	return nil
}
