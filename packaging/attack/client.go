//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// patience bounds one command; one that hangs is a failure of its own.
const patience = 2 * time.Minute

// client is one installation: a folder, a chip, and the program.
type client struct {
	program string // path of tideover-cli
	self    string // path of this program, which is the hand
	home    string
	spec    string // of the chip
	url     string
	pin     string
	user    string
	account string // password of the account
	master  string // of the cache
	level   string // of the caches that it makes
}

// at is the same client with caches of that level.
func (c client) at(level string) client {
	c.level = level
	return c
}

// request is one command and the conditions that it runs under.
type request struct {
	args   []string
	lines  []string // on standard input
	hand   *handOrder
	blocks int    // largest file that it may write, in blocks of 512 bytes, plus one; 0: any
	uid    uint32 // another user; 0: this one
}

// answer is how a command ended.
type answer struct {
	exit           int
	stdout, stderr string
	id, message    string // of the error, if it told one
}

// ask runs a command with --json and the lines as standard input.
func (c client) ask(ctx context.Context, args []string, lines ...string) (answer, error) {
	return c.do(ctx, request{args: args, lines: lines})
}

func (c client) do(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	argv := append(append([]string{c.program}, r.args...), "--json")
	if r.hand != nil {
		order, err := json.Marshal(r.hand)
		if err != nil {
			return answer{}, err
		}
		argv = append([]string{c.self, handWord, string(order)}, argv...)
	}
	if r.blocks > 0 {
		argv = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$@"`, r.blocks-1), "sh"}, argv...)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = c.environment()
	cmd.Stdin = strings.NewReader(strings.Join(r.lines, "\n") + "\n")
	if r.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: r.uid, Gid: r.uid}}
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return answer{}, fmt.Errorf("%s: %w", strings.Join(r.args, " "), errors.Join(err, ctx.Err()))
	}
	a := answer{exit: cmd.ProcessState.ExitCode(), stdout: out.String(), stderr: errOut.String()}
	if a.exit == 125 && r.hand != nil {
		return a, fmt.Errorf("%s: %s", strings.Join(r.args, " "), a.stderr)
	}
	var told struct {
		Error struct{ ID, Message string }
	}
	if json.Unmarshal(out.Bytes(), &told) == nil {
		a.id, a.message = told.Error.ID, told.Error.Message
	}
	return a, nil
}

// environment is that of every command: no keychain, and nothing else changed.
func (c client) environment() []string {
	return append(os.Environ(), "TIDEOVER_HOME="+c.home, "TIDEOVER_TPM="+c.spec, "LANG=C", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus")
}

func (a answer) shows(secret string) bool {
	return strings.Contains(a.stdout, secret) || strings.Contains(a.stderr, secret)
}

func (a answer) crashed() bool {
	return a.exit > 19 || strings.Contains(a.stderr, "goroutine ") || strings.Contains(a.stderr, "panic:")
}

// words is what a user heard, without what differs from one run to the next.
func (a answer) words() string {
	if a.id == "" {
		return fmt.Sprintf("(exit %d)", a.exit)
	}
	message, _, _ := strings.Cut(a.message, " (")
	return fmt.Sprintf("%s [%s, exit %d]", strings.TrimRight(message, "."), a.id, a.exit)
}

// show is the request that reads the planted secret from the cache.
func (c client) show() request {
	return request{args: []string{"show", plantedPath, "--reveal", "--master-password-stdin"}, lines: []string{c.master}}
}

// must runs a command that has to succeed: the control of an attack.
func (c client) must(ctx context.Context, args []string, lines ...string) (answer, error) {
	a, err := c.ask(ctx, args, lines...)
	for again := 0; again < 3 && err == nil && a.exit != 0 && strings.Contains(a.stderr, "cannot be reached"); again++ {
		a, err = c.ask(ctx, args, lines...) // a busy machine, and no attack
	}
	if err == nil {
		err = a.control(args)
	}
	return a, err
}

// control is the error of a command that had to succeed and did not.
func (a answer) control(args []string) error {
	if a.exit == 0 {
		return nil
	}
	err := fmt.Errorf("control: %s: exit %d: %s", strings.Join(args, " "), a.exit, a.stderr)
	// A sign-in that was given up half-way counts as one that failed.
	if a.id == "unreachable" || strings.Contains(a.stderr, "server cannot be reached") || a.id == "too_many_attempts" && slices.Contains(args, "--password-stdin") {
		err = errors.Join(err, errAway)
	}
	return err
}

// errAway is a server that has not answered in the time that the client gives
// it, or lets nobody in for a while since that has happened too often: on a
// machine with much to do that is nobody's attack.
var errAway = errors.New("the server did not answer")

// workOffline is the request that opens the cache and nothing else: unlike show
// it never asks the server.
func (c client) workOffline() request {
	return request{args: []string{"work-offline", "--master-password-stdin"}, lines: []string{c.master}}
}

// cache is the request that makes a cache of the client's level, where nothing
// is asked.
func (c client) cache() request { return c.making("cache") }

// connect is the request that goes online, drops what was edited, and renews the
// cache at the client's level.
func (c client) connect() request { return c.making("connect", "--yes") }

// making gives both passwords to a command, and the word for level B: without
// it a cache is made of the best level that can be had.
func (c client) making(args ...string) request {
	args = append(args, "--password-stdin", "--master-password-stdin")
	if c.level == "B" {
		args = append(args, "--level", "B")
	}
	return request{args: args, lines: []string{c.account, c.master}}
}

// fromCache is in an answer that a cache has given, and no server.
const fromCache = `"source":"cache"`

// opens is the commonest control: the cache shows the planted secret.
func (c client) opens(ctx context.Context) error {
	a, err := c.do(ctx, c.show())
	if err == nil && (a.exit != 0 || !a.shows(planted) || !a.shows(fromCache)) {
		err = fmt.Errorf("control: the cache does not open: exit %d: %s", a.exit, a.stderr)
	}
	return err
}

// status is what `status` says, in part.
type status struct {
	Mode     string
	SignedIn bool `json:"signed_in"`
	Device   *struct{ ID, State string }
	Cache    *struct {
		State      string
		Path       string
		ExpiresAt  string  `json:"expires_at"`
		EndedBy    *string `json:"ended_by"`
		Generation uint64
		Level      string
		Edits      int `json:"overlay_edits"`
		TriesLeft  *int
	}
}

func (s status) cache() string {
	if s.Cache == nil {
		return "none"
	}
	return s.Cache.State
}

func (c client) status(ctx context.Context, more ...string) (status, error) {
	return c.statusUnder(ctx, nil, more...)
}

// statusUnder asks for the status under a hand; that must always be answered.
func (c client) statusUnder(ctx context.Context, h *handOrder, more ...string) (status, error) {
	a, err := c.do(ctx, request{args: append([]string{"status"}, more...), hand: h})
	if err != nil {
		return status{}, err
	}
	var s status
	if err := json.Unmarshal([]byte(a.stdout), &s); err != nil || a.exit != 0 {
		return s, fmt.Errorf("control: status: exit %d: %s%s", a.exit, a.stdout, a.stderr)
	}
	return s, nil
}

func (c client) signIn(ctx context.Context) error {
	_, err := c.must(ctx, []string{"sign-in", "--server", c.url, "--pin", c.pin, "--user", c.user, "--password-stdin"}, c.account)
	return err
}

// makeCache signs in where need be, caches, and opens it once.
func (c client) makeCache(ctx context.Context) error {
	if err := c.online(ctx); err != nil {
		return err
	}
	q := c.cache()
	a, err := c.must(ctx, q.args, q.lines...)
	if err == nil && !a.shows(fmt.Sprintf(`"level":%q`, c.level)) {
		err = fmt.Errorf("control: the cache is not of level %s: %s", c.level, a.stdout)
	}
	if err != nil {
		return err
	}
	return c.opens(ctx)
}

// renew makes the next generation and goes offline with it.
func (c client) renew(ctx context.Context) error {
	q := c.connect()
	if _, err := c.must(ctx, q.args, q.lines...); err != nil {
		return err
	}
	if _, err := c.must(ctx, []string{"work-offline", "--master-password-stdin"}, c.master); err != nil {
		return err
	}
	return c.opens(ctx)
}

// online makes the client stand online, whatever it was before.
func (c client) online(ctx context.Context) error {
	s, err := c.status(ctx)
	switch {
	case err != nil:
		return err
	case s.Mode == "online" && s.SignedIn:
		return nil
	case s.Mode == "offline":
		_, err = c.must(ctx, []string{"connect", "--password-stdin", "--yes"}, c.account)
		return err
	}
	return c.signIn(ctx)
}

// folder returns the folder of the client's only account.
func (c client) folder() (string, error) {
	found, err := filepath.Glob(filepath.Join(c.home, "accounts", "*"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d account folders in %s", len(found), c.home)
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// copied returns the same client with a copy of its folder.
func (c client) copied(home string) (client, error) {
	err := copyTree(home, c.home)
	c.home = home
	return c, err
}

// copyTree copies a folder with the modes that a client's folder has; what
// stands at to goes.
func copyTree(to, from string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		if !d.Type().IsRegular() { // a socket
			return nil
		}
		return copyFile(filepath.Join(to, rel), path)
	})
}

func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}
