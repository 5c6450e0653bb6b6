package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
)

func newInit(c *console) *cobra.Command {
	var admin string
	var stdin bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the data directory: database, keys, identity, first administrator",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := c.checkData()
			if err != nil {
				return err
			}
			setup := catalog.Setup{Admin: admin}
			if admin != "" {
				if setup.Password, err = c.secret("Password of "+admin, stdin, true); err != nil {
					return err
				}
				defer setup.Password.Wipe()
			}
			made, err := c.initSite(cmd.Context(), dir, setup)
			if err != nil {
				return err
			}
			defer made.token.Wipe()
			return c.printInit(dir, admin, made)
		},
	}
	cmd.Flags().StringVar(&admin, "admin", "", "`name` of the first administrator")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the administrator's password from standard input")
	return cmd
}

// initialised is what init has made.
type initialised struct {
	id      *server.Identity
	token   vault.Secret // of the set-up link; empty: there is an administrator
	expires time.Time    // when the link ends
}

// initSite makes what is missing in dir. An init that was cut off goes on; one
// that has finished is an error, unless nobody could sign in yet: then there is
// a new link.
func (c *console) initSite(ctx context.Context, dir string, setup catalog.Setup) (made initialised, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return made, fmt.Errorf("make the data directory: %w", err)
	}
	s, err := c.openParts(ctx, dir, makeKEK)
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	now := time.Now()
	made.id, err = server.CreateIdentity(dir, now)
	if errors.Is(err, fs.ErrExist) {
		made.id, err = server.OpenIdentity(dir, now)
	}
	if err != nil {
		return made, err
	}
	config := catalog.Config{Store: s.store, Keys: s.keys}
	filled := catalog.Init(ctx, config, setup)
	if filled != nil && (!errors.Is(filled, catalog.ErrFilled) || setup.Admin != "") {
		return made, alreadyFilled(filled, dir)
	}
	if s.catalog, err = catalog.Open(ctx, config); err != nil {
		return made, err
	}
	if err := server.MakeKeys(ctx, made.id, s.catalog); err != nil || setup.Admin != "" {
		return made, err
	}
	made.token, made.expires, err = s.catalog.NewSetup(ctx, catalog.Operator("init"))
	if errors.Is(err, vault.Usage) && filled != nil {
		return made, alreadyFilled(filled, dir)
	}
	return made, err
}

func alreadyFilled(err error, dir string) error {
	if errors.Is(err, catalog.ErrFilled) {
		return problemOf(err, "%s already holds a server", dir)
	}
	return err
}

func (c *console) printInit(dir, admin string, made initialised) error {
	shown := struct {
		Data         string     `json:"data"`
		Admin        *string    `json:"admin"`
		Pin          string     `json:"pin"`
		CAFile       string     `json:"ca_file"`
		SetupURL     *string    `json:"setup_url"`
		SetupExpires *time.Time `json:"setup_expires_at"`
	}{Data: dir, Pin: made.id.Pin(), CAFile: filepath.Join(dir, server.CAFile), SetupExpires: moment(made.expires)}
	if admin != "" {
		shown.Admin = &admin
	} else {
		link := "https://" + defaultListen + server.SetupPath + made.token.Text()
		shown.SetupURL = &link
	}
	return c.print(shown, func(w io.Writer) {
		line(w, "data:\t%s", shown.Data)
		line(w, "admin:\t%s", orDash(admin))
		line(w, "pin:\t%s", shown.Pin)
		line(w, "ca_file:\t%s", shown.CAFile)
		line(w, "Keep %s and %s apart from backups of the database: with both, a backup can be read.",
			filepath.Join(dir, server.IdentityFile), filepath.Join(dir, kekFile))
		if shown.SetupURL == nil {
			return
		}
		line(w, "\nNobody can sign in yet. Start the server:")
		line(w, "  tideover-server serve --data %s", dir)
		line(w, "and make the first administrator here, once, before %s:", shortTime(made.expires))
		line(w, "  %s", *shown.SetupURL)
		line(w, "A browser warns of this server until it knows %s.", shown.CAFile)
	})
}

// problemOf adds the words of a usage error to one that has none.
func problemOf(err error, format string, args ...any) error {
	return &vault.Problem{Cause: vault.Usage, Detail: fmt.Sprintf(format, args...), Err: err}
}
