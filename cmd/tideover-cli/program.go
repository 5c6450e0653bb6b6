package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
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
	cost           cache.Cost // of key derivations; zero: the cache's default. No flag sets it

	home, tpm, pin, ca string
	json               bool

	chip    *tpm.Chip
	chipErr error // why there is no chip
	session *session.Session
	shell   bool // the session outlives a command
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
		err = vault.Fail(vault.Usage, "%s", err)
		// Told as JSON too, though the flags were never parsed to their end.
		p.json = slices.Contains(args, "--json")
	}
	return p.fail(err)
}

// close locks and lets go of everything.
func (p *program) close() {
	if p.session != nil {
		p.session.Close()
		p.session = nil
	}
	if p.chip != nil {
		_ = p.chip.Close() // nothing was left in it
		p.chip = nil
	}
}

// words returns the catalogue of the person's language.
func (p *program) words() *present.Catalogue { return present.Load(p.language()) }

// language is the person's, from the environment as POSIX has it.
func (p *program) language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := p.getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// say prints a sentence of the catalogue on standard output, unless the result
// goes there as JSON.
func (p *program) say(key string, args map[string]any) {
	if !p.json {
		_, _ = fmt.Fprintln(p.stdout, p.words().Text(key, args)) // a closed pipe is no failure of the command
	}
}

// folder returns the folder of the client's state.
func (p *program) folder() (string, error) {
	if p.home != "" {
		return filepath.Abs(p.home)
	}
	if env := p.getenv("TIDEOVER_HOME"); env != "" {
		return filepath.Abs(env)
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for the client's state: %w", err)
	}
	return filepath.Join(config, "tideover"), nil
}

// chipSpec returns where the chip is to be looked for.
func (p *program) chipSpec() string {
	if p.tpm != "" {
		return p.tpm
	}
	if env := p.getenv("TIDEOVER_TPM"); env != "" {
		return env
	}
	return "auto"
}

// openChip returns the chip, or nil and why there is none.
func (p *program) openChip(ctx context.Context) (*tpm.Chip, error) {
	if p.chip != nil || p.chipErr != nil {
		return p.chip, p.chipErr
	}
	p.chip, p.chipErr = tpm.Open(ctx, p.chipSpec())
	if p.chipErr != nil {
		p.chip = nil
	}
	return p.chip, p.chipErr
}

// client returns the session of this run, over the chip if there is one.
func (p *program) client(ctx context.Context) (*session.Session, error) {
	if p.session != nil {
		return p.session, nil
	}
	folder, err := p.folder()
	if err != nil {
		return nil, err
	}
	cfg := session.Config{
		Home: folder, Dial: dial, Clock: systemClock{},
		Name: hostName(), OS: runtime.GOOS, Version: version(), Cost: p.cost,
	}
	chip, err := p.openChip(ctx)
	switch {
	case err == nil:
		cfg.Chip, cfg.Keeper = chip, chip
	case !errors.Is(err, binding.ErrUnavailable) && !errors.Is(err, binding.ErrBusy):
		return nil, fmt.Errorf("open the TPM: %w", err)
	default:
		if store := (systemKeychain{}); store.available() {
			cfg.Keeper = session.NewKeychain(store)
		}
	}
	p.session = session.New(cfg)
	return p.session, nil
}

// hostName names this device to administrators.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return runtime.GOOS
	}
	return name
}

// version is the module's, as the build recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// target is the server of the flags; it has no URL but that of sign-in.
func (p *program) target(url string) (session.Target, error) {
	t := session.Target{URL: url, Pin: p.pin}
	if p.ca != "" {
		path, err := filepath.Abs(p.ca)
		if err != nil {
			return t, fmt.Errorf("--ca: %w", err)
		}
		t.CAFile = path
	}
	return t, nil
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
	r := session.UnlockRequest{Master: p.askMaster(s)}
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
func (p *program) item(ctx context.Context, s secrets, ref string) (*session.Session, *session.Listing, *session.Item, error) {
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
func (p *program) list(ctx context.Context, s secrets) (*session.Session, *session.Listing, error) {
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
		_, _ = fmt.Fprintln(p.stderr, present.Explain(err, p.language()).Message) // the cache answers in its place
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
func (p *program) insteadOf(ctx context.Context, client *session.Session, s secrets, err error) error {
	if s.master.IsEmpty() || !errors.Is(err, vault.NotSignedIn) && !errors.Is(err, vault.Unreachable) {
		return err
	}
	if problem := client.CacheProblem(ctx); problem != nil {
		return problem
	}
	return err
}
