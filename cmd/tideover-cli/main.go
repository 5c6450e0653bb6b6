// Command tideover-cli is the Tideover client in a terminal: it signs in at a
// password server, reads and changes entries, makes the offline cache, works
// with it, and comes back.
//
// It decides nothing: package session does, package present has the words. It
// reads flags, asks for passwords, prints, and ends with the exit code of what
// happened. It is not the window (cmd/tideover), though it does the same things,
// and it never links a simulator or a toolkit.
//
// The invariant: a secret comes in by a prompt or by standard input, never by an
// argument or by the environment, and goes out only where the user asked for it.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/process"
)

func main() {
	process.Harden()
	os.Exit(run(os.Args[1:], cache.Cost{}, nil))
}

// run is main with an exit code, the cost of key derivations, zero for the
// cache's default, and the security keys, nil for those of this computer; the
// tests start it as a process of its own.
func run(args []string, cost cache.Cost, keys fido.Platform) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// net/http quotes there what a server sends beyond its Content-Length,
	// which may be part of a secret. We log nothing by it ourselves.
	log.SetOutput(io.Discard)
	p := &program{
		in: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		person: console{in: os.Stdin, out: os.Stderr}, getenv: os.Getenv, keys: keys, cost: cost,
	}
	defer p.close()
	return p.run(ctx, args)
}
