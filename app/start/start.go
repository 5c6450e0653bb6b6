// Package start puts a client together from what a person says on a command
// line or in a dialogue: the folder of its state, the security chip or the
// keychain, the client of a server, the clock.
//
// The terminal (cmd/tideover-cli) and the window (cmd/tideover) both begin
// here, so that they keep their things in the same place under the same keys.
// It decides nothing about passwords or modes, which vault/session does, shows
// nothing, and knows no toolkit; app/present has the words.
//
// The invariant: nothing is read from the network, and nothing is written,
// until a command of the session asks for it; and no session stands on a weaker
// place for secrets than the machine has.
package start

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/session"
)

// Options are the flags that every program of the client has.
type Options struct {
	Home string // --home; empty: TIDEOVER_HOME, or "tideover" in the user's configuration directory
	TPM  string // --tpm: auto, a device, unix:PATH or none; empty: TIDEOVER_TPM, or auto
	Pin  string // --pin: of the server to sign in at, 64 hex digits; empty: none
	CA   string // --ca: file with the certificates to trust; empty: none

	// Getenv reads the environment; nil: os.Getenv.
	Getenv func(string) string
	// Keys are the security keys; nil: those that are plugged into this computer.
	Keys fido.Platform
	// Cost is that of key derivations of new caches; zero: the cache's default.
	Cost cache.Cost
}

func (o Options) getenv(name string) string {
	if o.Getenv == nil {
		return os.Getenv(name)
	}
	return o.Getenv(name)
}

// Folder returns the folder of the client's state, absolute. It need not be
// there.
func (o Options) Folder() (string, error) {
	if o.Home != "" {
		return filepath.Abs(o.Home)
	}
	if env := o.getenv("TIDEOVER_HOME"); env != "" {
		return filepath.Abs(env)
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for the client's state: %w", err)
	}
	return filepath.Join(config, "tideover"), nil
}

// Chip returns where the security chip is looked for, as tpm.Open takes it.
func (o Options) Chip() string {
	if o.TPM != "" {
		return o.TPM
	}
	if env := o.getenv("TIDEOVER_TPM"); env != "" {
		return env
	}
	return "auto"
}

// Target returns the server at a URL, with the identity that the flags name.
func (o Options) Target(url string) (session.Target, error) {
	t := session.Target{URL: url, Pin: o.Pin}
	if o.CA != "" {
		path, err := filepath.Abs(o.CA)
		if err != nil {
			return t, fmt.Errorf("--ca: %w", err)
		}
		t.CAFile = path
	}
	return t, nil
}

// Client is a session and what it stands on.
type Client struct {
	*session.Session

	// Chip is nil where there is none; ChipErr is why.
	Chip    *tpm.Chip
	ChipErr error
	// NoChip reports that there is none as far as this system tells, or that the
	// flags do without: then the keychain may bind caches. A chip that is busy, or
	// that this user may not use, is one.
	NoChip bool
}

// OpenChip opens the security chip of the flags. Errors are those of tpm.Open:
// binding.ErrUnavailable where there is none.
func (o Options) OpenChip(ctx context.Context) (*tpm.Chip, error) {
	return tpm.Open(ctx, o.Chip())
}

// Open puts a client together. A machine whose chip is missing or busy keeps its
// secrets in the keychain; one that does not answer is no place for them, and the
// session says so when it needs one. The caller closes the client.
func (o Options) Open(ctx context.Context) (*Client, error) {
	folder, err := o.Folder()
	if err != nil {
		return nil, err
	}
	cfg := session.Config{
		Home: folder, Dial: dial, Clock: clock{},
		Name: hostName(), OS: runtime.GOOS, Version: Version(), Cost: o.Cost,
	}
	c := &Client{}
	c.Chip, c.ChipErr = o.OpenChip(ctx)
	switch {
	case c.ChipErr == nil:
		cfg.Chip, cfg.Prover, cfg.Keeper, cfg.Indices = c.Chip, c.Chip, keeper{c.Chip}, indices{c.Chip}
	case !errors.Is(c.ChipErr, binding.ErrUnavailable) && !errors.Is(c.ChipErr, binding.ErrBusy):
		return nil, fmt.Errorf("open the TPM: %w", c.ChipErr)
	default:
		c.Chip = nil
		c.NoChip = o.Chip() == "none" || o.Chip() == "auto" && noChip()
		// One that is slow must not hold up the window.
		cfg.Keeper, cfg.Kept = session.NewKeychain(keychain{}), sync.OnceValue(keychainIsThere)
	}
	if reachable() { // also beside a chip: what was made before it came
		cfg.Keychain = keychain{}
	}
	cfg.NoChip = c.NoChip
	cfg.Keys, cfg.NoKeys = o.securityKeys()
	c.Session = session.New(cfg)
	return c, nil
}

// Close locks the cache and lets go of the chip.
func (c *Client) Close() {
	c.Session.Close()
	if c.Chip != nil {
		_ = c.Chip.Close() // nothing was left in it
	}
}

var _ session.Remote = (*client.Client)(nil)

// dial returns the client of a server. It uses no network.
func dial(t session.Target) (session.Remote, error) {
	c, err := client.New(client.Config{URL: t.URL, Pin: t.Pin, CAFile: t.CAFile, Kind: t.Kind})
	if err != nil {
		return nil, err // not c: a nil pointer in an interface is not nil
	}
	return c, nil
}

// clock is the computer's.
type clock struct{}

// Now returns the time.
func (clock) Now() time.Time { return time.Now() }

// hostName names this device to administrators.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return runtime.GOOS
	}
	return name
}
