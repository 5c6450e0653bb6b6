package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

// Files in the data directory, beside those of server.Identity.
const (
	databaseFile = "tideover.db"
	kekFile      = "kek.key"
	// kekCredential is the systemd credential that takes the place of kekFile
	// (systemd.exec(5), LoadCredential=).
	kekCredential = "tideover-kek"
)

// site is an open data directory.
type site struct {
	dir     string
	lock    *os.File // shared by all who use the directory; nil: the caller has it
	kek     *keyring.File
	store   *sqlstore.Store
	keys    *keyring.Keyring
	catalog *catalog.Catalog
}

// checkData returns the data directory, which every command must be given:
// there is no place that is right for a service and for a trial.
func (c *console) checkData() (string, error) {
	if c.dataDir == "" {
		return "", vault.Fail(vault.Usage, "--data says where the server keeps its database and keys")
	}
	return c.dataDir, nil
}

// openSite opens the data directory of a server that init has made.
func (c *console) openSite(ctx context.Context) (*site, error) {
	dir, err := c.checkData()
	if err != nil {
		return nil, err
	}
	if !c.isSite(dir) {
		return nil, &wordedError{"no_server", vault.Fail(vault.NotFound, "%s", dir)}
	}
	roots, err := c.tpmRoots()
	if err != nil {
		return nil, err
	}
	s, err := c.openParts(ctx, dir, openKEK)
	if err != nil {
		return nil, err
	}
	if s.catalog, err = catalog.Open(ctx, catalog.Config{Store: s.store, Keys: s.keys, Attest: roots}); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// isSite reports whether a directory has anything of a server: the database,
// or the key file where the database is elsewhere. One of the two without the
// other is a server that is broken, not none.
func (c *console) isSite(dir string) bool {
	for _, name := range []string{databaseFile, kekFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	if c.dbURL == "" {
		return false
	}
	_, err := os.Stat(dir)
	return !errors.Is(err, fs.ErrNotExist)
}

// openParts opens database and keys, which init does before there is a
// catalog. The KEK comes first: without it a database must not even be made.
func (c *console) openParts(ctx context.Context, dir string, kek func(dir string) (*keyring.File, error)) (*site, error) {
	key, err := kek(dir)
	if err != nil {
		return nil, err
	}
	lock, err := hold(dir, false)
	if err != nil {
		return nil, err
	}
	target := c.dbURL
	if target == "" {
		target = filepath.Join(dir, databaseFile)
	}
	s := &site{dir: dir, kek: key, lock: lock}
	if s.store, err = sqlstore.Open(ctx, target); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if s.keys, err = keyring.Open(ctx, keyring.Config{Store: s.store, KEK: key}); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openKEK opens the key-encryption key: systemd's credential if there is one,
// else the file.
func openKEK(dir string) (*keyring.File, error) {
	if credentials := os.Getenv("CREDENTIALS_DIRECTORY"); credentials != "" {
		if _, err := os.Stat(filepath.Join(credentials, kekCredential)); err == nil {
			return keyring.OpenCredential(credentials, kekCredential)
		}
	}
	return keyring.OpenFile(filepath.Join(dir, kekFile))
}

// makeKEK is openKEK for init: it makes the file if there is none.
func makeKEK(dir string) (*keyring.File, error) {
	key, err := openKEK(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return keyring.CreateFile(filepath.Join(dir, kekFile))
	}
	return key, err
}

// close writes down how often the data keys were used and closes everything.
func (s *site) close() error {
	var err error
	if s.catalog != nil {
		_, uses := s.keys.Maintain(context.Background()) // the command's own context may be over
		err = errors.Join(uses, s.catalog.Close())
	}
	err = errors.Join(err, s.store.Close())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// action is what a command does with an open site, for the operator.
type action func(ctx context.Context, s *site, by *catalog.Caller) error

// do opens the data directory, runs the action and closes it. name is how the
// audit calls the command.
func (c *console) do(ctx context.Context, name string, act action) (err error) {
	s, err := c.openSite(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	before, err := s.catalog.LastOrder(ctx)
	if err != nil {
		return err
	}
	if err := act(ctx, s, catalog.Operator(name)); err != nil {
		return err
	}
	return s.keepList(context.WithoutCancel(ctx), before)
}

// on returns a cobra function that runs an action on the data directory.
func (c *console) on(act func(args []string) action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return c.do(cmd.Context(), cmd.CommandPath(), act(args))
	}
}

// group returns a command that only has sub-commands. Without one it is an
// error, not a help text with exit code 0.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return vault.Fail(vault.Usage, "%s needs one of its sub-commands", cmd.Name())
		},
	}
	cmd.AddCommand(sub...)
	return cmd
}

// moment returns a time for --json: null if it is zero.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// shortTime returns a time for tables.
func shortTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// parseUntil reads a date, which includes that day in UTC, or a time.
func parseUntil(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, vault.Fail(vault.Usage, "%q is neither a date (2006-01-02) nor an RFC 3339 time", s)
	}
	return t, nil
}

// parseIDArg reads an identifier of the command line.
func parseIDArg(s string) (vault.ID, error) {
	id, err := vault.ParseID(s)
	if err != nil {
		return id, vault.Fail(vault.Usage, "%q is no identifier", s)
	}
	return id, nil
}

// orDash shows an empty text in tables.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// orText shows a text of others that may be missing.
func orText(s *string) string {
	if s == nil {
		return "-"
	}
	return plain(*s)
}

// orTime shows a time that may be missing.
func orTime(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return shortTime(*t)
}

// line writes one line of a table. tabwriter keeps write errors for Flush.
func line(w interface{ Write([]byte) (int, error) }, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}
