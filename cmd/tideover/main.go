// Command tideover is the desktop app: it signs in at a password server, finds
// and uses entries, makes the offline cache, works with it, and comes back.
//
// It decides nothing: package app holds the window, package session does the
// work. It reads flags, puts the client together, brings the driver of the
// toolkit, and ends. The same client for a terminal is cmd/tideover-cli.
//
// The invariant: one window for each home. A second start shows the first one's
// window and ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/tideover/tideover/app/native"
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/process"
)

func main() {
	process.Harden()
	os.Exit(run(os.Args[1:], cache.Cost{}))
}

// run is main with an exit code and the cost of key derivations, zero for the
// cache's default; the tests start it as a process of its own.
func run(args []string, cost cache.Cost) int {
	words := present.Load(present.Locale(os.Getenv))
	options, version, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // flag has told
	case version:
		fmt.Println("tideover", start.Version())
		return 0
	}
	options.Cost = cost
	// Libraries quote there what they did not expect, which may be part of a
	// secret. We log nothing by it ourselves.
	log.SetOutput(io.Discard)
	if !hasDisplay(os.Getenv) {
		return complain(words.Text("start.no_display", nil), words.Text("start.no_display.remedy", nil))
	}
	native.StartNoBus()
	home, err := options.Folder()
	if err != nil {
		return fail(words, err)
	}
	instance, err := native.Claim(context.Background(), home)
	if errors.Is(err, native.ErrRunning) {
		return 0 // its window is in front now
	}
	if err != nil {
		return fail(words, err)
	}
	defer func() { _ = instance.Close() }() // the home is free once the process is gone
	end := listen()
	client, err := options.Open(end.wanted)
	if err != nil {
		return fail(words, err)
	}
	if end.wanted.Err() != nil {
		client.Close()
		return 0
	}
	show(end, shown{options: options, client: client, home: home, instance: instance, language: words.Language()})
	return 0
}

// parse reads the flags, which are those of the command line client.
func parse(args []string) (o start.Options, version bool, err error) {
	flags := flag.NewFlagSet("tideover", flag.ContinueOnError)
	flags.StringVar(&o.Home, "home", "", "`folder` of the client's state")
	flags.StringVar(&o.TPM, "tpm", "", "security chip: auto, a device, unix:PATH or none")
	flags.StringVar(&o.Pin, "pin", "", "fingerprint of the server's identity, 64 hex digits")
	flags.StringVar(&o.CA, "ca", "", "`file` with the certificates to trust")
	flags.BoolVar(&version, "version", false, "print the version and end")
	if err := flags.Parse(args); err != nil {
		return o, false, err
	}
	if flags.NArg() > 0 {
		_, _ = fmt.Fprintf(flags.Output(), "tideover: unexpected argument %q\n", flags.Arg(0)) // nobody else to tell
		flags.Usage()
		return o, false, errors.New("unexpected argument")
	}
	return o, version, nil
}

// fail tells of an error that left no window to tell it in.
func fail(words *present.Catalogue, err error) int {
	e := words.Explain(err)
	complain(e.Message, e.Remedy)
	return e.Exit
}

func complain(message, remedy string) int {
	_, _ = fmt.Fprintf(os.Stderr, "tideover: %s\n%s\n", message, remedy) // nobody else to tell
	return 1
}
