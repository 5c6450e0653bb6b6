package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// Verify opens everything that is encrypted, as reading it would: folders,
// entries with their history, attachments, icons, second factors. It is for a
// database that is about to be trusted, costs reading all of it, and asks
// nobody. Damaged names the first row that does not open.
func (c *Catalog) Verify(ctx context.Context) error {
	if err := c.refresh(ctx, true); err != nil { // folders, and the current version of all entries
		return fmt.Errorf("verify: %w", err)
	}
	err := c.store.View(ctx, func(r store.Reader) error {
		var entries []vault.ID
		for e, err := range r.Entries(ctx, store.EntryQuery{Archived: true, Bare: true}) {
			if err != nil {
				return err
			}
			entries = append(entries, e.ID)
		}
		for some := range slices.Chunk(entries, namedAtOnce) {
			if err := c.verifyEntries(ctx, r, some); err != nil {
				return err
			}
		}
		for i, err := range r.Icons(ctx, 0) {
			if err != nil {
				return err
			}
			if err := c.opens(iconRow(i.ID, i.Version), i.Content); err != nil {
				return err
			}
		}
		return c.verifyFactors(ctx, r)
	})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

// namedAtOnce is how many entries are asked for in one statement.
const namedAtOnce = 500

// verifyEntries opens the history and the attachments of some entries.
func (c *Catalog) verifyEntries(ctx context.Context, r store.Reader, entries []vault.ID) error {
	for h, err := range r.History(ctx, entries) {
		if err != nil {
			return err
		}
		if err := c.opens(entryRow(h.Entry, h.Version), h.Content); err != nil {
			return err
		}
	}
	blobs := map[vault.ID]bool{}
	for at, err := range r.Attachments(ctx, entries) {
		if err != nil {
			return err
		}
		if _, _, err := c.fileName(at); err != nil {
			return err
		}
		blobs[at.Blob] = true
	}
	for id := range blobs {
		data, err := c.readBlob(ctx, r, id)
		if err != nil {
			return err
		}
		clear(data)
	}
	return nil
}

func (c *Catalog) verifyFactors(ctx context.Context, r store.Reader) error {
	var users []vault.ID
	for u, err := range r.Users(ctx) {
		if err != nil {
			return err
		}
		users = append(users, u.ID)
	}
	for _, u := range users {
		factors, err := r.Factors(ctx, u)
		if err != nil {
			return err
		}
		for _, f := range factors {
			if err := c.opens(factorRow(f), f.Secret); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Catalog) opens(row keyring.Row, s store.Sealed) error {
	text, err := c.keys.Unseal(nil, row, s)
	clear(text)
	return err
}
