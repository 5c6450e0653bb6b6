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
			id, err := c.initSite(cmd.Context(), dir, setup)
			if err != nil {
				return err
			}
			return c.printInit(dir, admin, id)
		},
	}
	cmd.Flags().StringVar(&admin, "admin", "", "`name` of the first administrator")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the administrator's password from standard input")
	return cmd
}

// initSite makes what is missing in dir. An init that was cut off goes on; one
// that has finished is an error.
func (c *console) initSite(ctx context.Context, dir string, setup catalog.Setup) (id *server.Identity, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	s, err := c.openParts(ctx, dir, makeKEK)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	now := time.Now()
	id, err = server.CreateIdentity(dir, now)
	if errors.Is(err, fs.ErrExist) {
		id, err = server.OpenIdentity(dir, now)
	}
	if err != nil {
		return nil, err
	}
	config := catalog.Config{Store: s.store, Keys: s.keys}
	if err := catalog.Init(ctx, config, setup); errors.Is(err, catalog.ErrFilled) {
		return nil, problemOf(err, "%s already holds a server", dir)
	} else if err != nil {
		return nil, err
	}
	if s.catalog, err = catalog.Open(ctx, config); err != nil {
		return nil, err
	}
	return id, server.MakeKeys(ctx, id, s.catalog)
}

func (c *console) printInit(dir, admin string, id *server.Identity) error {
	shown := struct {
		Data   string  `json:"data"`
		Admin  *string `json:"admin"`
		Pin    string  `json:"pin"`
		CAFile string  `json:"ca_file"`
	}{dir, nil, id.Pin(), filepath.Join(dir, server.CAFile)}
	if admin != "" {
		shown.Admin = &admin
	}
	return c.print(shown, func(w io.Writer) {
		line(w, "data:\t%s", shown.Data)
		line(w, "admin:\t%s", orDash(admin))
		line(w, "pin:\t%s", shown.Pin)
		line(w, "ca_file:\t%s", shown.CAFile)
		line(w, "Keep %s and %s apart from backups of the database: with both, a backup can be read.",
			filepath.Join(dir, server.IdentityFile), filepath.Join(dir, kekFile))
		if admin == "" {
			line(w, "Nobody can sign in yet: user add NAME --role %s", catalog.Administrators)
		}
	})
}

// problemOf adds the words of a usage error to one that has none.
func problemOf(err error, format string, args ...any) error {
	return &vault.Problem{Cause: vault.Usage, Detail: fmt.Sprintf(format, args...), Err: err}
}
