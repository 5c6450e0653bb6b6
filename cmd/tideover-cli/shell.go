package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// keepInterval is how often an open shell looks whether it may stay open: often
// enough that a "lock" elsewhere is felt at once, seldom enough to cost nothing.
const keepInterval = time.Second

// maxCommandBytes bounds one line of a shell.
const maxCommandBytes = 64 << 10

func shellCommand(p *program) *cobra.Command {
	var flags secretFlags
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Unlock once, then run many commands, one a line",
		Args:  cobra.NoArgs,
		RunE: p.reading(&flags, func(ctx context.Context, s secrets, _ []string) error {
			if p.shell {
				return usage("not_in_shell", map[string]any{"Command": "shell"})
			}
			return p.runShell(ctx, s)
		}),
	}
	flags.addMaster(cmd.Flags())
	return cmd
}

// runShell reads commands until the input, "exit", or the session of the cache
// ends. It returns the error of the last command, which has been told already.
func (p *program) runShell(ctx context.Context, s secrets) error {
	client, err := p.client(ctx)
	if err != nil {
		return err
	}
	source, err := client.Source()
	switch {
	case err != nil:
		return err
	case source == session.FromCache:
		if err := client.Unlock(ctx, p.unlocking(s)); err != nil {
			return err
		}
		p.tellFailedBefore(client) // it may stay open all day
	case !s.master.IsEmpty(): // the cache was meant, unless there is a session
		st, err := client.Status(ctx)
		if err != nil {
			return err
		}
		if !st.SignedIn {
			if err := client.CacheProblem(ctx); err != nil {
				return err
			}
		}
	}
	s.wipe() // a shell may stay open all day
	p.shell = true
	defer func() { p.shell = false }()
	// What ends the session wipes at once, also while nobody types.
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go p.keep(ctx, stop, client)
	governed := make(chan struct{})
	go func() {
		defer close(governed)
		client.Govern(ctx, func(session.News) {}) // what ends the shell is what Keep says
	}()
	defer func() {
		stop(nil)
		<-governed
	}()

	// One line is read only when it is wanted: a command may read secrets from
	// the lines after it.
	type line struct {
		text string
		err  error
	}
	wanted, lines := make(chan struct{}), make(chan line)
	defer close(wanted)
	go func() {
		for range wanted {
			text, err := readCommand(p.in)
			select {
			case lines <- line{text, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	var last error
	for {
		p.prompt()
		select {
		case wanted <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case l := <-lines:
			if errors.Is(l.err, io.EOF) {
				return last
			}
			words, err := split(l.text)
			switch {
			case l.err != nil:
				return l.err
			case err == nil && len(words) == 0:
				continue
			case err == nil && (words[0] == "exit" || words[0] == "quit"):
				return last
			}
			last = p.runLine(ctx, words, err)
		}
	}
}

// keep ends the shell when the open cache must be locked.
func (p *program) keep(ctx context.Context, stop context.CancelCauseFunc, client *start.Client) {
	tick := time.NewTicker(keepInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := client.Keep(ctx); err != nil && ctx.Err() == nil {
			stop(err)
			return
		}
	}
}

func (p *program) prompt() {
	if p.person.interactive() {
		_, _ = fmt.Fprint(p.stderr, "tideover> ") // a prompt that is lost is seen
	}
}

// runLine carries out one line as a command line of its own, and tells its
// error at once.
func (p *program) runLine(ctx context.Context, words []string, err error) error {
	wasJSON := p.json
	defer func() { p.json = wasJSON }()
	code := 0
	if err != nil {
		code = p.fail(err)
	} else {
		code = p.run(ctx, words)
	}
	if code != 0 {
		return told(code)
	}
	return nil
}

// told is an error that has been told already: only its exit code is left.
type told int

// Error names the code, for logs.
func (t told) Error() string { return fmt.Sprintf("exit code %d", int(t)) }

// readCommand reads one line, a byte a call, as readLine does; io.EOF when
// there is none.
func readCommand(in io.Reader) (string, error) {
	var text []byte
	var one [1]byte
	for {
		n, err := in.Read(one[:])
		switch {
		case n == 1 && one[0] == '\n':
			return string(text), nil
		case n == 1 && len(text) == maxCommandBytes:
			return "", vault.Fail(vault.Usage, "a line of a shell is longer than %d bytes", maxCommandBytes)
		case n == 1:
			text = append(text, one[0])
		case errors.Is(err, io.EOF) && len(text) > 0:
			return string(text), nil
		case err != nil:
			return "", err
		}
	}
}

// split cuts a line into words: at blanks, but not inside '…' or "…", and not
// after a backslash. In '…' everything stands for itself; in "…" a backslash
// stands before " and \ only, so that paths can be typed with one pair of quotes.
// A line that begins with # is a remark.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	escaped := false
	if strings.HasPrefix(strings.TrimSpace(text), "#") {
		return nil, nil
	}
	for _, r := range strings.TrimSuffix(text, "\r") {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				word.WriteRune('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 || escaped {
		return nil, usage("open_quote", map[string]any{"Line": plain(text)})
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
