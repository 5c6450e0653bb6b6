package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// find returns an entry's row and the caller's rights on it. NotFound: there is
// none, it is archived, or the caller does not even see its name.
func find(ctx context.Context, r store.Reader, a *access, id vault.ID) (store.Entry, policy.Effective, error) {
	row, err := r.Entry(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Entry{}, policy.Effective{}, err
	}
	have := a.onEntry(row.Folder, id)
	if err != nil || !row.Archived.IsZero() || !have.Now.Has(policy.ViewEntryNames) {
		return store.Entry{}, policy.Effective{}, vault.Fail(vault.NotFound, "entry %s", id)
	}
	return row, have, nil
}

// Entry returns one entry without its passwords, with its history if the caller
// may see that. NotFound.
func (c *Catalog) Entry(ctx context.Context, by *Caller, id vault.ID) (*Entry, error) {
	var e *Entry
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		row, have, err := find(ctx, r, a, id)
		if err != nil {
			return err
		}
		if _, e, err = c.openOutline(a, &row, have); err != nil {
			return err
		}
		return c.addHistory(ctx, r, e, have, false)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// addHistory adds the older versions as the rights show them.
func (c *Catalog) addHistory(ctx context.Context, r store.Reader, e *Entry, have policy.Effective, reveal bool) error {
	if !have.Now.Has(policy.ViewEntryHistory | policy.ViewEntryContents) {
		return nil
	}
	for h, err := range r.History(ctx, []vault.ID{e.ID}) {
		if err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		text, err := c.keys.Unseal(nil, entryRow(h.Entry, h.Version), h.Content)
		if err != nil {
			return fmt.Errorf("open history: %w", err)
		}
		inner, err := parseEntry(text, h.Entry)
		if err != nil {
			return err
		}
		old := visible(inner, have.Now, reveal)
		wipeHidden(inner, old)
		e.History = append(e.History, old)
	}
	return nil
}

// Reveal returns one entry with its passwords and its history. It takes
// ViewEntryContents and ViewEntryPassword, and a comment where one is asked for
// (CommentRequired). The audit has the event when Reveal returns. The caller
// wipes the entry.
func (c *Catalog) Reveal(ctx context.Context, by *Caller, id vault.ID, comment string) (*Entry, error) {
	var e *Entry
	err := c.guarded(ctx, by, id, ActionReveal, func(tx store.Tx, a *access) error {
		row, have, err := c.unlock(ctx, tx, a, id, policy.ReadSecrets, comment)
		if err != nil {
			return err
		}
		text, err := c.keys.Unseal(nil, entryRow(row.ID, row.Version), row.Content)
		if err != nil {
			return fmt.Errorf("open entry: %w", err)
		}
		inner, err := parseEntry(text, row.ID)
		if err != nil {
			return err
		}
		e = outline(a, &row, inner, have, true)
		e.Offline = a.offline(have, e.Flags, factsOf(inner, len(text)))
		return c.addHistory(ctx, tx, e, have, true)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Password returns the field Password alone, empty if there is none. It takes
// ViewEntryPassword, and a comment as Reveal does. The caller wipes it.
func (c *Catalog) Password(ctx context.Context, by *Caller, id vault.ID, comment string) (vault.Secret, error) {
	var password vault.Secret
	err := c.guarded(ctx, by, id, ActionReveal, func(tx store.Tx, a *access) error {
		row, _, err := c.unlock(ctx, tx, a, id, policy.ViewEntryPassword, comment)
		if err != nil {
			return err
		}
		text, err := c.keys.Unseal(nil, entryRow(row.ID, row.Version), row.Content)
		if err != nil {
			return fmt.Errorf("open entry: %w", err)
		}
		defer clear(text)
		inner, err := parseEntry(text, row.ID)
		if err != nil {
			return err
		}
		password = inner.Password().Clone()
		return nil
	})
	if err != nil {
		return vault.Secret{}, err
	}
	return password, nil
}

// unlock checks that the caller may see the passwords of an entry, and records
// that they do.
func (c *Catalog) unlock(ctx context.Context, tx store.Tx, a *access, id vault.ID, want policy.Rights, comment string) (store.Entry, policy.Effective, error) {
	row, have, err := find(ctx, tx, a, id)
	if err != nil {
		return row, have, err
	}
	if err := need(have, want); err != nil {
		return row, have, err
	}
	if err := needComment(a.flagsOn(&row), policy.CommentOnViewPassword, comment); err != nil {
		return row, have, err
	}
	return row, have, a.record(ctx, tx, store.AuditEvent{
		Action: ActionReveal, Target: id, Comment: comment,
		Objects: []store.AuditObject{{Entry: id, Version: row.Version}},
	})
}

// guarded is update for what hands out secrets: a refusal is recorded as well.
func (c *Catalog) guarded(ctx context.Context, by *Caller, entry vault.ID, action string, fn func(store.Tx, *access) error) error {
	err := c.update(ctx, by, fn)
	var p *vault.Problem
	if !errors.As(err, &p) || p.Cause != vault.NotPermitted {
		return err
	}
	if failed := c.update(ctx, by, func(tx store.Tx, a *access) error {
		return a.record(ctx, tx, store.AuditEvent{Action: action, Target: entry, Outcome: string(p.Cause)})
	}); failed != nil {
		return failed
	}
	return err
}
