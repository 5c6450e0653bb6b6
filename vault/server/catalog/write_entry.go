package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// Limits of an entry.
const (
	// maxContentBytes bounds an entry without attachments: more is a file, and
	// every reader of a tree would pay for it.
	maxContentBytes = 4 << 20
	// keptVersions is how many older versions an entry keeps. KeePass's default
	// is 10; a server's history also answers who changed what.
	keptVersions = 50
)

// AddEntry adds an entry to a folder. It takes AddEntries there; a comment is
// kept if there is one, and never asked for, as nothing changes by it that was
// there before. Times that are zero become now. Returns its identifier.
func (c *Catalog) AddEntry(ctx context.Context, by *Caller, n NewEntry) (vault.ID, error) {
	if n.Entry == nil || len(n.Entry.History) > 0 {
		return vault.ID{}, vault.Fail(vault.Usage, "a new entry has no history")
	}
	var id vault.ID
	err := c.update(ctx, by, func(tx store.Tx, a *access) error {
		if err := a.needFolder(n.Folder, policy.AddEntries); err != nil {
			return err
		}
		var err error
		if id, err = freeID(ctx, tx, n.Entry.ID); err != nil {
			return err
		}
		e := *n.Entry
		e.ID = id
		e.Times = started(e.Times, a.now)
		e.Attachments = append([]vault.Attachment(nil), e.Attachments...)
		for i := range e.Attachments {
			e.Attachments[i].ID = vault.NewID()
		}
		row := store.Entry{
			ID: id, Folder: n.Folder, Version: 1, Created: a.now, Modified: a.now, By: by.user, Expires: expiry(e.Times),
		}
		w := &writing{c: c, tx: tx, row: &row, files: files{c: c, entry: id}}
		if err := w.add(ctx, &e); err != nil {
			return err
		}
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionAddEntry, Target: id, Comment: n.Comment, Objects: []store.AuditObject{{Entry: id, Version: 1}},
		})
	})
	return id, err
}

// freeID returns id if it is a version 4 GUID that no entry has, or a new one.
func freeID(ctx context.Context, tx store.Tx, id vault.ID) (vault.ID, error) {
	if !isRandom(id) {
		return vault.NewID(), nil
	}
	_, err := tx.Entry(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return id, nil
	}
	return vault.NewID(), err
}

// isRandom reports whether id has the form of a version 4 GUID, which is what
// other people's clients recognise as an identifier.
func isRandom(id vault.ID) bool { return id[6]>>4 == 4 && id[8]>>6 == 2 }

func started(t vault.Times, now time.Time) vault.Times {
	now = now.UTC().Truncate(time.Second)
	for _, at := range []*time.Time{&t.Created, &t.Modified, &t.Accessed, &t.LocationChanged} {
		if at.IsZero() {
			*at = now
		}
	}
	return t
}

// expiry returns what the row of an entry with those times has as Expires.
func expiry(t vault.Times) time.Time {
	if !t.Expires {
		return time.Time{}
	}
	return t.Expiry
}

// EditEntry changes an entry in one transaction. It takes ModifyEntries, and a
// comment where one is asked for. change gets the whole entry without history,
// secrets included, and sets what is new; attachments have no Binary, those that
// change adds must have one, and those that it gives one have a new content. It may be called more than once and must have
// no other effect. The version before goes into the history; if nothing has
// changed, nothing is written.
//
// change sees what counts as a password by its name alone, as imports may bring
// it, marked as protected, and it stays so: clients were shown it without its
// value. A caller without ViewEntryPassword cannot make a password visible:
// fields that were passwords stay so.
func (c *Catalog) EditEntry(ctx context.Context, by *Caller, id vault.ID, comment string, change func(*vault.Entry) error) error {
	return c.ChangeEntry(ctx, by, id, EntryChange{Comment: comment, Edit: change})
}

// mayEditEntry checks the right and the comment of EditEntry.
func mayEditEntry(a *access, row *store.Entry, have policy.Effective, comment string) error {
	if err := need(have, policy.ModifyEntries); err != nil {
		return err
	}
	return needComment(a.flagsOn(row), policy.CommentOnModifyEntries, comment)
}

// editEntry is EditEntry within a transaction, after mayEditEntry.
func (c *Catalog) editEntry(ctx context.Context, tx store.Tx, a *access, row *store.Entry, have policy.Effective, ch EntryChange) error {
	w := &writing{c: c, tx: tx, row: row, files: files{c: c, entry: row.ID}}
	w.mayUnmask = have.Now.Has(policy.ViewEntryPassword)
	changed, err := w.edit(ctx, ch.Edit, a.now, a.by.user)
	if err != nil || !changed {
		return err
	}
	return a.record(ctx, tx, store.AuditEvent{
		Action: ActionEditEntry, Target: row.ID, Comment: ch.Comment,
		Objects: []store.AuditObject{{Entry: row.ID, Version: row.Version}},
	})
}

// writing is one entry on its way into the database.
type writing struct {
	c         *Catalog
	tx        store.Tx
	row       *store.Entry
	files     files
	mayUnmask bool // the caller sees the passwords anyway
}

// add writes a new entry with its attachments.
func (w *writing) add(ctx context.Context, e *vault.Entry) error {
	inner := content{Entry: e}
	if err := w.takeFiles(ctx, &inner, content{Entry: &vault.Entry{}}); err != nil {
		return err
	}
	if err := w.seal(inner); err != nil {
		return err
	}
	if err := w.tx.AddEntries(ctx, []store.Entry{*w.row}); err != nil {
		return err
	}
	return w.files.write(ctx, w.tx)
}

// edit applies a change, and reports whether it changed anything.
func (w *writing) edit(ctx context.Context, change func(*vault.Entry) error, now time.Time, by vault.ID) (bool, error) {
	text, err := w.c.keys.Unseal(nil, entryRow(w.row.ID, w.row.Version), w.row.Content)
	if err != nil {
		return false, fmt.Errorf("open entry: %w", err)
	}
	defer clear(text)
	before, err := parseEntry(text, w.row.ID)
	if err != nil {
		return false, err
	}
	after, err := parseEntry(bytes.Clone(text), w.row.ID)
	if err != nil {
		return false, err
	}
	for i := range after.Fields {
		after.Fields[i].Protected = after.Fields[i].Protected || isPassword(&after.Fields[i])
	}
	if err := change(after.Entry); err != nil {
		return false, err
	}
	after.ID, after.History = w.row.ID, nil
	if !w.mayUnmask {
		keepMasked(before.Entry, after.Entry)
	}
	base := w.row.Version
	w.row.Version++
	w.files.tx = w.tx
	if err := w.takeFiles(ctx, &after, before); err != nil {
		return false, err
	}
	after.past = before.past
	// Whoever does not see the passwords must not find out by guessing: to them
	// every edit is a change.
	if w.mayUnmask && len(w.files.rows) == 0 && bytes.Equal(text, appendEntry(nil, w.row.ID, after)) {
		return false, nil
	}
	gone := removed(before.Attachments, after.Attachments)
	after.past.files = before.past.files || len(gone) > 0
	after.past.unsupported = before.past.unsupported || unsupported(before) != ""
	after.Times.Modified = now.UTC().Truncate(time.Second)
	w.row.Modified, w.row.By, w.row.Expires = now, by, expiry(after.Times)
	if err := w.seal(after); err != nil {
		return false, err
	}
	if err := w.tx.UpdateEntry(ctx, store.EntryUpdate{Entry: *w.row, Base: base, Keep: true}); err != nil {
		return false, err
	}
	for _, id := range gone {
		if err := w.tx.EndAttachment(ctx, id, w.row.Version); err != nil {
			return false, err
		}
	}
	if err := w.files.write(ctx, w.tx); err != nil {
		return false, err
	}
	if base < keptVersions {
		return true, nil
	}
	return true, w.tx.PruneHistory(ctx, w.row.ID, keptVersions)
}

// keepMasked protects the fields of after that were passwords before.
func keepMasked(before, after *vault.Entry) {
	for i := range before.Fields {
		if !isPassword(&before.Fields[i]) {
			continue
		}
		if f := after.Field(before.Fields[i].Name); f != nil {
			f.Protected = f.Protected || before.Fields[i].Protected
		}
	}
}

// removed returns the identifiers that are in before and not in after.
func removed(before, after []vault.Attachment) []vault.ID {
	var gone []vault.ID
	for _, b := range before {
		kept := false
		for _, a := range after {
			kept = kept || a.ID == b.ID
		}
		if !kept {
			gone = append(gone, b.ID)
		}
	}
	return gone
}

// takeFiles completes the list of files of after: those that before has are
// taken over, the others become new rows.
func (w *writing) takeFiles(ctx context.Context, after *content, before content) error {
	after.files = make([]fileRef, len(after.Attachments))
	for i := range after.Attachments {
		at := &after.Attachments[i]
		old, had := before.file(at.ID)
		if had && at.Binary == nil {
			after.files[i] = old
			if at.Name != before.attachment(at.ID).Name { // names are in the file's own row
				at.ID = vault.NewID()
				if err := w.files.row(at, old, w.row.Version); err != nil {
					return err
				}
			}
			continue
		}
		if at.Binary == nil {
			return vault.Fail(vault.Usage, "an attachment has no content")
		}
		if had {
			at.Binary = &vault.Binary{Data: at.Binary.Data, Protected: at.Binary.Protected || old.protected}
			blob, err := w.files.blob(ctx, at.Binary.Data)
			if err != nil {
				return err
			}
			same := before.attachment(at.ID)
			if (w.mayUnmask || !old.protected) && blob == old.blob && at.Name == same.Name && at.Binary.Protected == old.protected {
				after.files[i] = old // a client sent back what it had got
				continue
			}
		}
		if had || at.ID.IsZero() { // new content is a new file
			at.ID = vault.NewID()
		}
		ref, err := w.files.keep(ctx, at, w.row.Version)
		if err != nil {
			return err
		}
		after.files[i] = ref
	}
	return nil
}

// file returns where the bytes of an attachment of c are.
func (c content) file(id vault.ID) (fileRef, bool) {
	for i, a := range c.Attachments {
		if a.ID == id && !id.IsZero() {
			return c.files[i], true
		}
	}
	return fileRef{}, false
}

// attachment returns the attachment of that identifier, which is there.
func (c content) attachment(id vault.ID) *vault.Attachment {
	for i := range c.Attachments {
		if c.Attachments[i].ID == id {
			return &c.Attachments[i]
		}
	}
	return nil
}

// seal encrypts the content for the row as it is.
func (w *writing) seal(inner content) error {
	if err := unique(inner.Entry); err != nil {
		return err
	}
	text := appendEntry(nil, w.row.ID, inner)
	defer clear(text)
	if len(text) > maxContentBytes {
		return vault.Fail(vault.Hostile, "an entry without its attachments has at most %d bytes", maxContentBytes)
	}
	var err error
	if w.row.Content, err = w.c.keys.Seal(entryRow(w.row.ID, w.row.Version), text); err != nil {
		return fmt.Errorf("encrypt entry: %w", err)
	}
	return nil
}

// unique refuses two fields or two attachments of one name.
func unique(e *vault.Entry) error {
	fields := make(map[string]bool, len(e.Fields))
	for i := range e.Fields {
		if fields[e.Fields[i].Name] {
			return vault.Fail(vault.Usage, "two fields have the same name")
		}
		fields[e.Fields[i].Name] = true
	}
	names := make(map[string]bool, len(e.Attachments))
	for _, a := range e.Attachments {
		if a.Name == "" || names[a.Name] {
			return vault.Fail(vault.Usage, "two attachments have the same name, or one has none")
		}
		names[a.Name] = true
	}
	return nil
}
