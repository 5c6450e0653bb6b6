// Command tideover-server serves a password vault to Tideover clients and to
// clients of Pleasant Password Server's REST API, and manages it: users,
// roles, grants, policy, audit. Every command works while serve runs.
//
// It holds no rules: those are vault/server/catalog's. A command parses,
// opens the data directory, calls and prints.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/tideover/tideover/vault/process"
)

func main() {
	process.Harden()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, &console{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}
