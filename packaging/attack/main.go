//go:build linux && amd64

// Command attack attacks the built programs and says what came of it: copied
// folders, older files, flipped bytes, other chips, wrong clocks, false
// servers, full disks, kills at random points. `make attack` runs all of it, a
// smoke of it is in `make test`.
//
// It prints a table: attack, tries, breaches, what the user is told. A breach
// is that the planted secret is shown, that a cache opens which must not, or
// that something old is lost; any breach makes it exit 1. Each attack has its
// control in the same run: the cache opens without the attack, so a refusal is
// the defence's doing. An attack whose control fails gives no verdict, and the
// run exits 1 too.
//
// Attacks below the programs (single commands to the chip, single messages) are
// Go tests; those that assets/docs/threats.md names are run and counted here.
// It needs Linux on x86-64, since the hand (hand.go) reads registers.
// It holds no product code. It is not the place where a defence is explained:
// that is assets/docs/threats.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// attack is one row of the table. Its errors are failed controls.
type attack struct {
	name    string
	run     func(context.Context, *stage, *row) error
	smoke   bool   // part of the smoke
	remains string // set: it succeeds by design
}

func main() {
	if len(os.Args) > 3 && os.Args[1] == handWord {
		os.Exit(lead(os.Args[2], os.Args[3:]))
	}
	if len(os.Args) > 4 && os.Args[1] == ledWord {
		fmt.Fprintln(os.Stderr, "hand:", led(os.Args[2], os.Args[3], os.Args[4:]))
		os.Exit(125)
	}
	bin := flag.String("bin", "bin", "`folder` of the built programs")
	smoke := flag.Bool("smoke", false, "a short run of less than two minutes, by the client's test build")
	seed := flag.Uint64("seed", 0, "repeat the random choices of a run; 0: draw")
	kills := flag.Int("kills", 1000, "kills of the program, and as many power cuts of the chip; more, until each step was hit")
	resume := flag.String("resume", "", "keep count of the kills in `file`s that begin so, and go on from there; needs -seed")
	without := flag.Bool("mutate", false, "take out one defence after the other, and see that its attack succeeds then; -only means the defences")
	brief := flag.Bool("brief", false, "every attack on the programs, with few tries each, and no Go tests")
	only := flag.String("only", "", "attacks whose name matches this `expression`")
	level := flag.String("level", "A", "`level` of the caches, A or B, where an attack does not say it")
	samples := flag.Int("samples", 0, "versions of a damaged file, or kills, that a short run tries; 0: few")
	overlay := flag.String("overlay", "", "build with this `file` for go build's -overlay, as -mutate does")
	keep := flag.Bool("keep", false, "keep the working folder and say where it is")
	flag.Parse()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	do := run
	if *without {
		do = runMutations
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := do(ctx, *bin, *only, *keep, stage{smoke: *smoke || *brief, brief: *brief, seed: *seed, kills: *kills, resume: *resume, overlay: *overlay, samples: *samples, level: *level}); err != nil {
		fmt.Fprintln(os.Stderr, "\nattack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, only string, keep bool, with stage) (err error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	// A short path: a Unix socket's must stay under 108 characters.
	dir, err := os.MkdirTemp("", "tideover-attack-")
	if err != nil {
		return err
	}
	if keep {
		fmt.Println("Working folder:", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	s, err := newStage(ctx, dir, bin, with.overlay)
	if err != nil {
		return err
	}
	s.smoke, s.brief, s.seed, s.kills, s.resume, s.samples, s.level = with.smoke, with.brief, with.seed, with.kills, with.resume, with.samples, with.level
	defer func() { err = errors.Join(err, s.close()) }()
	fmt.Printf("seed %d\n", s.seed)
	var rows []*row
	var failed []error
	for _, a := range attacks() {
		if ctx.Err() != nil {
			break
		}
		if s.smoke && !s.brief && !a.smoke || !wanted.MatchString(a.name) {
			continue
		}
		r, start := &row{name: a.name, remains: a.remains}, time.Now()
		if err := a.run(ctx, s, r); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", a.name, err))
			r.note("no verdict: %v", err)
		}
		if a.remains != "" && r.breaches == 0 && r.tries > 0 {
			failed = append(failed, fmt.Errorf("%s: it failed, but the documents say that it succeeds", a.name))
		}
		rows = append(rows, r)
		fmt.Printf("%7.1fs  %s: %d tries, %d breaches\n", time.Since(start).Seconds(), a.name, r.tries, r.breaches)
	}
	if !s.smoke && ctx.Err() == nil { // make test runs them by themselves
		more, err := goTests(ctx, wanted, s.overlay)
		if err != nil {
			failed = append(failed, err)
		}
		rows = append(rows, more...)
	}
	if breaches := print(os.Stdout, rows); breaches > 0 {
		failed = append(failed, fmt.Errorf("%d breaches", breaches))
	}
	return errors.Join(append(failed, ctx.Err())...)
}

// runMutations is -mutate. It needs neither chip nor server of its own.
func runMutations(ctx context.Context, _, only string, keep bool, with stage) (err error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	if with.dir, err = os.MkdirTemp("", "tideover-mutate-"); err != nil {
		return err
	}
	if with.self, err = os.Executable(); err != nil {
		return err
	}
	if !keep {
		defer func() { err = errors.Join(err, os.RemoveAll(with.dir)) }()
	}
	fmt.Printf("seed %d\n", with.seed)
	return mutate(ctx, &with, wanted)
}

// attacks is the table, in the order in which it is run and printed.
func attacks() []attack {
	return []attack{
		{name: "other machine", run: otherMachine, smoke: true},
		{name: "copied home directory, used online too", run: copiedHome, smoke: true},
		{name: "older copy of the file put back", run: olderCopy, smoke: true},
		{name: "copy from before clear put back", run: copyBeforeClear, smoke: true},
		{name: "copy from before revoke put back", run: copyBeforeRevoke, smoke: true},
		{name: "copied .new put back after a wipe", run: copiedNew, smoke: true},
		{name: "whole older folder", run: wholeOlderFolderA, smoke: true},
		{name: "whole older folder after a receipt, without the server", run: afterReceipt},
		{name: "clone of machine, chip and home meets the server", run: clone},
		{name: "whole older folder, below level A", run: wholeOlderFolder, remains: "FORMAT.md 7 and 12; opens until its lease ends. At level A it does not"},
		{name: "whole older folder from before revoke, then online", run: wholeFolderOnline},
		{name: "files swapped between two caches", run: swappedFiles, smoke: true},
		{name: "record or lease swapped, client state made to match", run: swappedParts, smoke: true},
		{name: "byte flipped, cache", run: flipCache, smoke: true},
		{name: "length cut, cache", run: cutCache, smoke: true},
		{name: "byte flipped, client state made to match", run: flipHidden, smoke: true},
		{name: "byte flipped or length cut, client state", run: damageState, smoke: true},
		{name: "byte flipped or length cut, drafts", run: damageDrafts},
		{name: "byte flipped or length cut, journal", run: damageJournal},
		{name: "sidecar edited, shortened, older, taken away", run: sidecars},
		{name: "clock forward, back, frozen, forward once then back", run: clocks, smoke: true},
		{name: "power cuts of the TPM", run: powerCuts},
		{name: "guessing through the program", run: guessing, smoke: true},
		{name: "guessing against copies", run: guessingCopies},
		{name: "guessing against copies, level B", run: guessingCopiesB},
		{name: "guessing past the program, to the stop", run: guessingPast},
		{name: "reset loop with a stolen account password", run: resetLoop},
		{name: "server impersonated", run: impersonated, smoke: true},
		{name: "server made to look like Pleasant", run: lookalike},
		{name: "unknown certificate with a piped password", run: unknownCertificate, smoke: true},
		{name: "server rolled back to a backup with a leaver", run: rolledBack},
		{name: "database put back by hand", run: putBackByHand},
		{name: "overlay edits reaching the server", run: drafts, smoke: true},
		{name: "wipe order with the cache file moved away", run: movedAway, smoke: true},
		{name: "two clients on one cache", run: twoClients, smoke: true},
		{name: "disk full", run: fullDisk, smoke: true},
		{name: "disk read-only", run: readOnlyDisk, smoke: true},
		{name: "local user: files, sockets, arguments, memory", run: localUser, smoke: true},
		{name: "TPM bus read for secrets", run: bus, smoke: true},
		{name: "program killed", run: killProgram, smoke: true},
		{name: "TPM killed", run: killChip, smoke: true},
		{name: "insider seals anew with a changed client", run: reseal, remains: "security.md 1: the machine secret is his while it is open"},
		{name: "insider copies while unlocked", run: insider, smoke: true, remains: "security.md 1: whoever may read can copy"},
	}
}
