package servertest

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

// Database is the name of the database in a server's folder.
const Database = "test.db"

// kek is the name of the key that wraps the database's keys.
const kek = "kek"

// Filling is what a server holds when it is new.
type Filling struct {
	Admin    vault.Secret   // password of the administrator, whose name is "admin"
	User     string         // who has "Full + Offline" on everything
	Password vault.Secret   // of User
	Content  *vault.Content // below the root
}

// Fill sets a server up in an empty folder and leaves it closed: OpenConfig and
// server.OpenIdentity take it from there. It takes a second, with the race
// detector several; who needs many servers copies the folder's files.
func Fill(ctx context.Context, dir string, f Filling) (err error) {
	if _, err = keyring.CreateFile(filepath.Join(dir, kek)); err != nil {
		return err
	}
	config, closing, err := OpenConfig(ctx, dir, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	if err := catalog.Init(ctx, config, catalog.Setup{Admin: "admin", Password: f.Admin}); err != nil {
		return err
	}
	c, err := catalog.Open(ctx, config)
	if err != nil {
		return err
	}
	id, err := server.CreateIdentity(dir, time.Now())
	if err != nil {
		return err
	}
	if err := server.MakeKeys(ctx, id, c); err != nil {
		return err
	}
	op := catalog.Operator("test")
	if _, err := c.Import(ctx, op, "/", f.Content); err != nil {
		return err
	}
	if _, err := c.AddUser(ctx, op, catalog.NewUser{Name: f.User, Password: f.Password}); err != nil {
		return err
	}
	_, err = c.AddGrant(ctx, op, catalog.NewGrant{
		Node: catalog.Node{Kind: catalog.FolderNode, ID: c.Root()}, User: f.User, Level: "Full + Offline",
	})
	return err
}

// OpenConfig opens a database with the keys of a server's folder. path is that of
// the database; empty: it is the folder's own. The caller calls closing when it has
// done with all of it.
func OpenConfig(ctx context.Context, dir, path string) (config catalog.Config, closing func() error, err error) {
	if path == "" {
		path = filepath.Join(dir, Database)
	}
	db, err := sqlstore.Open(ctx, path)
	if err != nil {
		return catalog.Config{}, nil, err
	}
	keys, err := openKeys(ctx, dir, db)
	if err != nil {
		return catalog.Config{}, nil, errors.Join(err, db.Close())
	}
	return catalog.Config{Store: db, Keys: keys}, db.Close, nil
}

func openKeys(ctx context.Context, dir string, db store.Store) (*keyring.Keyring, error) {
	file, err := keyring.OpenFile(filepath.Join(dir, kek))
	if err != nil {
		return nil, err
	}
	return keyring.Open(ctx, keyring.Config{Store: db, KEK: file})
}
