package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
)

// run executes one command line and returns the exit code of cli.md.
func run(ctx context.Context, c *console, args []string) int {
	root, started := newRoot(c)
	root.SetArgs(args)
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	if !*started { // the command line itself was wrong
		err = vault.Fail(vault.Usage, "%w", err)
		c.json = c.json || slices.Contains(args, "--json")
	}
	return c.fail(err)
}

// exitCode ends a command that has printed its result already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit %d", int(c)) }

// newRoot returns the command tree. *started is set once a command was found
// and its flags and arguments were right.
func newRoot(c *console) (root *cobra.Command, started *bool) {
	started = new(bool)
	var shown bool
	root = &cobra.Command{
		Use:           "tideover-server",
		Short:         "Password server with governed offline caches",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) {
			*started = true
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if shown {
				return c.printVersion()
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&shown, "version", false, "print which version this program is")
	root.CompletionOptions.DisableDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVar(&c.dataDir, "data", os.Getenv("TIDEOVER_DATA"), "`directory` of the server's database and keys")
	flags.StringVar(&c.dbURL, "db", "", "PostgreSQL `URL` instead of the database in the data directory")
	flags.BoolVar(&c.json, "json", false, "print one JSON object")
	root.AddCommand(
		newInit(c), newServe(c), newDemo(c), newImport(c), newUser(c), newRole(c), newGrant(c), newComment(c),
		newDevice(c), newPolicy(c), newOffline(c), newAudit(c), newRecovery(c), newBackup(c), newRestore(c), newRekey(c), newDoctor(c), newVersion(c),
	)
	return root, started
}

// failure is the error object of --json.
type failure struct {
	ID        string     `json:"id"`
	Exit      int        `json:"exit"`
	Message   string     `json:"message"`
	Remedy    string     `json:"remedy"`
	TriesLeft *int       `json:"tries_left"`
	Until     *time.Time `json:"until"`
}

func newFailure(e present.Explanation) failure {
	f := failure{ID: e.ID, Exit: e.Exit, Message: e.Message, Remedy: e.Remedy, TriesLeft: e.TriesLeft}
	if !e.Until.IsZero() {
		until := e.Until.UTC()
		f.Until = &until
	}
	return f
}

// fail tells the error and returns its exit code.
func (c *console) fail(err error) int {
	e := explain(err)
	if c.json {
		// A second failure on the way out changes nothing for the caller.
		_ = writeJSON(c.stdout, struct {
			Error failure `json:"error"`
		}{newFailure(e)})
		return e.Exit
	}
	text := e.Sentence()
	if len(e.Candidates) > 0 {
		text += "\n" + strings.Join(e.Candidates, "\n")
	}
	_, _ = fmt.Fprintln(c.stderr, text) // nowhere is left to tell
	return e.Exit
}
