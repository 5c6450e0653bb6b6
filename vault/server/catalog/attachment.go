package catalog

import (
	"context"
	"errors"
	"fmt"

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

// Files returns the files of an entry that Attachment would give the caller,
// with their contents, in the entry's order. The audit has an event for each
// that is returned. NotFound. The caller wipes the contents.
func (c *Catalog) Files(ctx context.Context, by *Caller, entry vault.ID, q FileQuery) ([]*File, error) {
	var list []*File
	var blobs []vault.ID
	err := c.guarded(ctx, by, entry, ActionAttachment, func(tx store.Tx, a *access) error {
		list, blobs = nil, nil
		row, have, err := find(ctx, tx, a, entry)
		if err != nil || !have.Now.Has(policy.ViewEntryContents) {
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
		total := int64(0)
		for i, at := range inner.Attachments {
			f := inner.files[i]
			err := q.refuse(f, total, have, a.flagsOn(&row))
			if err != nil && q.All {
				return err
			}
			if err != nil {
				continue
			}
			total += f.size
			list = append(list, &File{ID: at.ID, Name: at.Name, Protected: f.protected})
			blobs = append(blobs, f.blob)
			err = a.record(ctx, tx, store.AuditEvent{
				Action: ActionAttachment, Target: entry, Comment: q.Comment, Detail: []byte(at.ID.String()),
				Objects: []store.AuditObject{{Entry: entry, Version: row.Version}},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	err = c.store.View(ctx, func(r store.Reader) (err error) {
		for i := range list {
			if list[i].Data, err = c.readBlob(ctx, r, blobs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for _, f := range list {
			clear(f.Data)
		}
		return nil, err
	}
	return list, nil
}

// refuse says why a file is not given out, after total bytes of others.
func (q *FileQuery) refuse(f fileRef, total int64, have policy.Effective, flags policy.Flags) error {
	if f.protected {
		if err := need(have, policy.ViewEntryPassword); err != nil {
			return err
		}
		if err := needComment(flags, policy.CommentOnViewPassword, q.Comment); err != nil {
			return err
		}
	}
	if f.size > q.Bytes-total {
		return vault.Fail(vault.Hostile, "more than %d bytes of attachments: get them one by one", q.Bytes)
	}
	return nil
}

// AddAttachment adds a file to an entry, as EditEntry would, and takes what
// that takes. A name that the entry has is Usage. Data stays the caller's.
func (c *Catalog) AddAttachment(ctx context.Context, by *Caller, entry vault.ID, comment string, f File) (vault.ID, error) {
	id := vault.NewID()
	err := c.EditEntry(ctx, by, entry, comment, func(e *vault.Entry) error {
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

// ReplaceAttachment puts f in the place of a file of an entry; older versions
// keep that one. An empty name stays what it was, nil Data as well, and what was
// protected stays so. It takes what EditEntry takes. An identifier is of one
// name and content, so that the file has another one afterwards, which is
// returned; the same if it is the same file. NotFound. Data stays the caller's.
func (c *Catalog) ReplaceAttachment(ctx context.Context, by *Caller, entry vault.ID, comment string, f File) (vault.ID, error) {
	var replaced *vault.Attachment
	err := c.EditEntry(ctx, by, entry, comment, func(e *vault.Entry) error {
		for i := range e.Attachments {
			if replaced = &e.Attachments[i]; replaced.ID != f.ID {
				continue
			}
			if f.Name != "" {
				replaced.Name = f.Name
			}
			if f.Data != nil {
				replaced.Binary = &vault.Binary{Data: f.Data, Protected: f.Protected}
			}
			return nil
		}
		return vault.Fail(vault.NotFound, "attachment %s", f.ID)
	})
	if err != nil {
		return vault.ID{}, err
	}
	return replaced.ID, nil
}

// RemoveAttachment takes a file off an entry; older versions keep it. It takes
// what EditEntry takes. NotFound.
func (c *Catalog) RemoveAttachment(ctx context.Context, by *Caller, entry, attachment vault.ID, comment string) error {
	return c.EditEntry(ctx, by, entry, comment, func(e *vault.Entry) error {
		for i, a := range e.Attachments {
			if a.ID == attachment {
				e.Attachments = append(e.Attachments[:i:i], e.Attachments[i+1:]...)
				return nil
			}
		}
		return vault.Fail(vault.NotFound, "attachment %s", attachment)
	})
}
