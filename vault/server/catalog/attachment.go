package catalog

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Attachment returns a file of an entry. It takes ViewEntryContents; for a
// protected one ViewEntryPassword and the comment that a password takes; for
// one that only older versions have, ViewEntryHistory too. The audit has the
// event when it returns. NotFound also for a file of another entry.
func (c *Catalog) Attachment(ctx context.Context, by *Caller, entry, attachment vault.ID, comment string) (*File, error) {
	var file *File
	var blob vault.ID
	err := c.guarded(ctx, by, entry, ActionAttachment, func(tx store.Tx, a *access) error {
		row, have, err := find(ctx, tx, a, entry)
		if err != nil {
			return err
		}
		at, err := tx.Attachment(ctx, attachment)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err != nil || at.Entry != entry || !have.Now.Has(policy.ViewEntryContents) {
			return vault.Fail(vault.NotFound, "attachment %s", attachment)
		}
		name, protected, err := c.fileName(at)
		if err != nil {
			return err
		}
		want := policy.ViewEntryContents
		if protected {
			want |= policy.ViewEntryPassword
			if err := needComment(a.flagsOn(&row), policy.CommentOnViewPassword, comment); err != nil {
				return err
			}
		}
		version := row.Version
		if at.Until != 0 {
			want |= policy.ViewEntryHistory
			version = at.Until - 1
		}
		if err := need(have, want); err != nil {
			return err
		}
		file, blob = &File{ID: attachment, Name: name, Protected: protected}, at.Blob
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionAttachment, Target: entry, Comment: comment, Detail: []byte(attachment.String()),
			Objects: []store.AuditObject{{Entry: entry, Version: version}},
		})
	})
	if err != nil {
		return nil, err
	}
	err = c.store.View(ctx, func(r store.Reader) (err error) {
		file.Data, err = c.readBlob(ctx, r, blob)
		return err
	})
	if err != nil {
		return nil, err
	}
	return file, nil
}

// AddAttachment adds a file to an entry, as EditEntry would: it takes
// ModifyEntries and ViewEntryContents, and makes a new version. A name that the
// entry has is Usage; an entry whose changes need a comment is CommentRequired,
// as no client can send one here: use EditEntry. Data stays the caller's.
func (c *Catalog) AddAttachment(ctx context.Context, by *Caller, entry vault.ID, f File) (vault.ID, error) {
	id := vault.NewID()
	err := c.EditEntry(ctx, by, entry, "", func(e *vault.Entry) error {
		for _, a := range e.Attachments {
			if a.Name == f.Name {
				return vault.Fail(vault.Usage, "the entry has an attachment of that name")
			}
		}
		e.Attachments = append(e.Attachments, vault.Attachment{
			ID: id, Name: f.Name, Binary: &vault.Binary{Data: f.Data, Protected: f.Protected},
		})
		return nil
	})
	return id, err
}

// RemoveAttachment takes a file off an entry; older versions keep it. It takes
// what AddAttachment takes. NotFound.
func (c *Catalog) RemoveAttachment(ctx context.Context, by *Caller, entry, attachment vault.ID) error {
	return c.EditEntry(ctx, by, entry, "", func(e *vault.Entry) error {
		for i, a := range e.Attachments {
			if a.ID == attachment {
				e.Attachments = append(e.Attachments[:i:i], e.Attachments[i+1:]...)
				return nil
			}
		}
		return vault.Fail(vault.NotFound, "attachment %s", attachment)
	})
}
