// Command gui measures the window as a person meets it, beside KeePassXC's on
// the same entries: from an input until the screen came to rest, and memory. It
// uses both as they ship, on a screen of their own drawn without a graphics
// card, and knows nothing of their insides (app/apptest).
//
// Our window opens an offline cache that was made from the file which KeePassXC
// opens, and whose key costs as much. Making it needs a server, a client and a
// software TPM, and takes a minute or two for 100,000 entries: a folder given
// by -keep holds it for the next time.
//
//	go run ./packaging/bench/gui [-bin bin] [-entries 100000] [-keep folder] [-reps 30] [-loads 5]
//
// A figure over its budget (design, "Budgets") makes the exit status 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// options are what the flags say.
type options struct {
	bin, keep, pictures  string
	entries, reps, loads int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "`folder` of the built programs")
	flag.StringVar(&o.keep, "keep", "", "`folder` for the prepared data, to be used again")
	flag.StringVar(&o.pictures, "pictures", "", "`folder` for pictures of what was measured")
	flag.IntVar(&o.entries, "entries", 100_000, "entries in the list")
	flag.IntVar(&o.reps, "reps", 30, "repetitions of what is quick")
	flag.IntVar(&o.loads, "loads", 5, "repetitions of start to list")
	flag.Parse()
	if err := measure(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/gui:", err)
		os.Exit(1)
	}
}

// startsInTurn is how often a program starts before it is the other's turn: a
// screen of its own takes a second.
const startsInTurn = 3

func measure(ctx context.Context, o options) (err error) {
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "tideover-gui-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	p, err := prepare(ctx, dir, o.bin, o.entries)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	defer func() { err = errors.Join(err, p.close()) }()
	fmt.Printf("%d entries in %d groups: imported in %.1f s, cached in %.1f s; cache %.1f MiB, file %.1f MiB; key: Argon2id, %.0f MiB, %d passes, %d lanes\n",
		p.Entries, groupsInFile, p.ImportS, p.CacheS, p.CacheMiB, p.FileMiB, p.MemoryMiB, p.Passes, p.Parallelism)
	fmt.Println(machine())
	ours, theirs := figures{}, figures{}
	programs := []program{tideover(o.bin, p), keepassxc(p)}
	for left := o.reps; left > 0; left -= startsInTurn { // in turns: the machine may be busier now than later
		for i, f := range []figures{ours, theirs} {
			if err := starts(ctx, o, programs[i], f, min(left, startsInTurn)); err != nil {
				return fmt.Errorf("start %s: %w", programs[i].name, err)
			}
		}
	}
	for n := range o.loads { // in turns
		for i, f := range []figures{ours, theirs} {
			if err := loads(ctx, o, programs[i], f, n == o.loads-1); err != nil {
				return fmt.Errorf("use %s: %w", programs[i].name, err)
			}
		}
	}
	if table(p.Entries, ours, theirs) {
		return errors.New("over budget (marked !)")
	}
	return nil
}
