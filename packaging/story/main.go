// Command story plays the whole way once, with the built programs and nothing
// in between: import a team's passwords, sign in, Disconnect/Cache, server
// gone, Work Offline, read a password, edit locally, Connect, edits listed and
// dropped, Clear offline cache.
//
// Each step is shown as its command, its output and its exit code; a step that
// does not end as it must fails the whole run. It holds no product code: what
// it shows is what a person at a terminal would see.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	bin := flag.String("bin", "bin", "`folder` of the built programs")
	transcript := flag.String("transcript", "", "write one JSON object per step to this `file`")
	keep := flag.Bool("keep", false, "keep the working folder and say where it is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *bin, *transcript, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "\nThe story broke:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, transcript string, keep bool) (err error) {
	bin, err = filepath.Abs(bin)
	if err != nil {
		return err
	}
	// A short path: a Unix socket's must stay under 108 characters.
	dir, err := os.MkdirTemp("", "tideover-story-")
	if err != nil {
		return err
	}
	if keep {
		fmt.Println("Working folder:", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	p, err := newPlayer(bin, dir, transcript)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return p.play(ctx)
}
