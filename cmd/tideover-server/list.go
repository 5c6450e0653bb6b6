package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
)

// listPath is where the signed list of those who left lies: in the data
// directory, not in the database, so that a backup does not bring back an older
// one.
func (s *site) listPath() string { return filepath.Join(s.dir, server.ListFile) }

// keepList brings the list up to the database if the command gave an order.
// Without the server's identity, which may be kept elsewhere, nothing is signed
// here: the next serve does it.
func (s *site) keepList(ctx context.Context, before lease.Mark) error {
	now, err := s.catalog.LastOrder(ctx)
	if err != nil || now == before {
		return err
	}
	id, err := server.OpenIdentity(s.dir, time.Now())
	if errors.Is(err, vault.NoSecretStore) {
		return nil
	}
	if err != nil {
		return err
	}
	err = server.WriteList(ctx, s.listPath(), id, s.catalog)
	if errors.Is(err, vault.NotFound) { // a server that never served has no keys yet
		return nil
	}
	return err
}

// checkList refuses a database that is older than the list beside it, and
// brings the list up to one that is not.
func (s *site) checkList(ctx context.Context, id *server.Identity) error {
	err := server.CheckList(ctx, s.listPath(), id, s.catalog)
	if err == nil {
		return server.WriteList(ctx, s.listPath(), id, s.catalog)
	}
	if errors.Is(err, vault.Superseded) {
		return vault.Fail(vault.Usage, "the database is older than %s: somebody has put back an earlier one, and with it everybody who left since."+
			" Run restore --in-place, or restore with the backup", server.ListFile)
	}
	return err
}

// mergeList adds what the list knows of who left since the backup was made. A
// list that is missing, or that this database did not sign, adds nothing.
func (s *site) mergeList(ctx context.Context, id *server.Identity, since *catalog.Ended, done *restoration) *catalog.Ended {
	l, err := server.ReadList(ctx, s.listPath(), id, s.catalog)
	if err != nil || l == nil {
		return since
	}
	done.merged = true
	return since.Merge(l)
}

// restoreInPlace makes a database safe to serve that was put back by other means.
func (c *console) restoreInPlace(ctx context.Context, s *site, by *catalog.Caller) error {
	id, err := server.OpenIdentity(s.dir, time.Now())
	if err != nil {
		return err
	}
	done := &restoration{dir: s.dir, file: "in place", names: map[vault.ID]string{}}
	done.Restored, err = s.catalog.Restore(ctx, by, catalog.Restoring{
		Backup: done.file, Since: s.mergeList(ctx, id, nil, done),
	})
	if err != nil {
		return err
	}
	users, err := s.catalog.Users(ctx, by)
	if err != nil {
		return err
	}
	for _, u := range users {
		done.names[u.ID] = u.Name
	}
	return c.printRestored(done)
}
