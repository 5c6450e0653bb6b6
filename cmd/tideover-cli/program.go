package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/session"
)

// keptTries is how many wrong passwords a script leaves to the person.
const keptTries = 3

// program is one run: its streams, its flags, and what it has opened.
type program struct {
	in             io.Reader
	stdout, stderr io.Writer
	person         console
	getenv         func(string) string
	keys           fido.Platform // nil: the security keys of this computer. No flag sets it
	cost           cache.Cost    // of key derivations; zero: the cache's default. No flag sets it

	home, tpm, pin, ca string
	json               bool

	wording   sync.Once
	catalogue *present.Catalogue // once words was called

	opened *start.Client // nil until a command needs it
	shell  bool          // it outlives a command
}

// run carries out one command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	started := false
	root := newRoot(p, &started)
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !started { // cobra's own: an unknown command or flag, a missing argument
		if !errors.Is(err, vault.Usage) {
			err = vault.Fail(vault.Usage, "%w", err)
		}
		// Told as JSON too, though the flags were never parsed to their end.
		p.json = p.json || slices.Contains(args, "--json")
	}
	return p.fail(err)
}

// close locks and lets go of everything.
func (p *program) close() {
	if p.opened != nil {
		p.tellFailedBefore(p.opened)
		p.opened.Close()
		p.opened = nil
	}
}

// tellFailedBefore tells whoever has opened the cache, for whatever command, how
// many wrong passwords somebody tried before. Standard error is a courtesy: the
// journal has it too.
func (p *program) tellFailedBefore(client *start.Client) {
	if n := client.FailedBefore(); n > 0 {
		_, _ = fmt.Fprintln(p.stderr, p.words().Text("failed_before", map[string]any{"Count": n}))
	}
}

// words returns the catalogue of the person's language, read when it is first
// needed: that takes some milliseconds.
func (p *program) words() *present.Catalogue {
	p.wording.Do(func() { p.catalogue = present.Load(p.language()) })
	return p.catalogue
}

// language is the person's.
func (p *program) language() string { return present.Locale(p.getenv) }

// say prints a sentence of the catalogue on standard output, unless the result
// goes there as JSON.
func (p *program) say(key string, args map[string]any) {
	if !p.json {
		_, _ = fmt.Fprintln(p.stdout, p.words().Text(key, args)) // a closed pipe is no failure of the command
	}
}

// options are the flags that say what the client stands on.
func (p *program) options() start.Options {
	return start.Options{Home: p.home, TPM: p.tpm, Pin: p.pin, CA: p.ca, Getenv: p.getenv, Keys: p.keys, Cost: p.cost}
}

// client returns the client of this run, put together when it is first needed.
func (p *program) client(ctx context.Context) (*start.Client, error) {
	if p.opened != nil {
		return p.opened, nil
	}
	opened, err := p.options().Open(ctx)
	if err != nil {
		return nil, err
	}
	p.opened = opened
	return opened, nil
}

// askMaster returns how a session gets the master password: what came on
// standard input, or a prompt.
func (p *program) askMaster(s secrets) session.Ask {
	return func(ctx context.Context, status cache.Status) (vault.Secret, error) {
		if !s.master.IsEmpty() {
			return s.master.Clone(), nil
		}
		args := map[string]any{"Tries": status.Tries.Left, "TriesKnown": status.Tries.Known}
		return p.person.askSecret(ctx, p.words().Text("cli.ask.master", args), "--master-password-stdin")
	}
}

// unlocking returns the request that opens the cache with what was given.
func (p *program) unlocking(s secrets) session.UnlockRequest {
	r := session.UnlockRequest{Master: p.askMaster(s), Asker: p.asker(s)}
	if !s.master.IsEmpty() || !p.person.interactive() {
		r.KeepTries = keptTries
	}
	return r
}

// password returns the account password, asked for if it was not given and
// somebody can answer; else empty.
func (p *program) password(ctx context.Context, s secrets, user string) (vault.Secret, error) {
	if !s.password.IsEmpty() {
		return s.password.Clone(), nil
	}
	if !p.person.interactive() {
		return vault.Secret{}, nil
	}
	return p.person.askSecret(ctx, p.words().Text("cli.ask.password", map[string]any{"User": user}), "--password-stdin")
}

// item returns the entry that a path or an id means, where it was found, and
// the session to read it with.
func (p *program) item(ctx context.Context, s secrets, ref string) (*start.Client, *session.Listing, *session.Item, error) {
	client, listing, err := p.list(ctx, s)
	if err != nil {
		return nil, nil, nil, err
	}
	item, err := listing.Find(ref)
	return client, listing, item, err
}

// list returns what the user may see. While the client is offline the cache is
// opened for it, and so it is when the server is lost under our hands and the
// master password was given. A cache that does not open is what is told then.
func (p *program) list(ctx context.Context, s secrets) (*start.Client, *session.Listing, error) {
	client, err := p.client(ctx)
	if err != nil {
		return nil, nil, err
	}
	source, err := client.Source()
	if err != nil {
		return nil, nil, err
	}
	if source == session.FromServer {
		listing, err := client.List(ctx)
		if err == nil {
			return client, listing, nil
		}
		if !errors.Is(err, vault.Unreachable) || s.master.IsEmpty() && !p.person.interactive() {
			return client, nil, p.insteadOf(ctx, client, s, err)
		}
		if source, sourceErr := client.Source(); sourceErr != nil || source != session.FromCache {
			return client, nil, p.insteadOf(ctx, client, s, err)
		}
		_, _ = fmt.Fprintln(p.stderr, p.words().Explain(err).Message) // the cache answers in its place
	}
	if err := client.Unlock(ctx, p.unlocking(s)); err != nil {
		return client, nil, err
	}
	listing, err := client.List(ctx)
	return client, listing, err
}

// insteadOf returns what to tell in place of a server that could not be read:
// whoever gave the master password meant the cache, and hears what is the matter
// with that.
func (p *program) insteadOf(ctx context.Context, client *start.Client, s secrets, err error) error {
	if s.master.IsEmpty() || !errors.Is(err, vault.NotSignedIn) && !errors.Is(err, vault.Unreachable) {
		return err
	}
	if problem := client.CacheProblem(ctx); problem != nil {
		return problem
	}
	return err
}
