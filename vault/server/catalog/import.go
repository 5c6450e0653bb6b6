package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// Import puts what is in the root of content into the folder at path, in one
// transaction, with times, history and attachments as they are. Folders of the
// path that are missing are made. It takes AddFolders and AddEntries on the
// folder that exists. Identifiers that are taken, or are no version 4 GUIDs,
// are replaced. content stays the caller's.
func (c *Catalog) Import(ctx context.Context, by *Caller, into string, content *vault.Content) (Imported, error) {
	names, err := vault.SplitPath(into)
	if err != nil {
		return Imported{}, err
	}
	var done Imported
	err = c.update(ctx, by, func(tx store.Tx, a *access) error {
		im := &importing{
			c: c, tx: tx, a: a,
			folders: map[vault.ID]vault.ID{}, here: map[*vault.Group]vault.ID{}, icons: map[vault.ID]vault.ID{}, taken: map[vault.ID]bool{},
		}
		if err := im.run(ctx, names, content); err != nil {
			return err
		}
		done = im.done
		return a.record(ctx, tx, store.AuditEvent{
			Action: ActionImport, Target: done.Root, Objects: im.objects,
			Detail: fmt.Appendf(nil, "%d entries, %d folders", done.Entries, done.Folders),
		})
	})
	return done, err
}

// importing is one import under way. Rows are collected and written in bulk.
type importing struct {
	c       *Catalog
	tx      store.Tx
	a       *access
	folders map[vault.ID]vault.ID // identifier in the file → here, for references
	here    map[*vault.Group]vault.ID
	icons   map[vault.ID]vault.ID
	taken   map[vault.ID]bool // identifiers of entries that exist or are used up
	done    Imported
	objects []store.AuditObject

	folderRows []store.Folder
	entryRows  []store.Entry
	history    []store.HistoryEntry
	files      []*files
	buf        []byte
}

func (im *importing) run(ctx context.Context, names []string, content *vault.Content) error {
	target, depth, err := im.target(names)
	if err != nil {
		return err
	}
	im.done.Root = target
	if err := im.findTaken(ctx, content.Root); err != nil {
		return err
	}
	if err := im.addIcons(ctx, content.Icons); err != nil {
		return err
	}
	if err := im.number(content.Root, target, depth); err != nil {
		return err
	}
	if err := im.group(ctx, content.Root, target); err != nil {
		return err
	}
	if err := im.tx.AddFolders(ctx, im.folderRows); err != nil {
		return err
	}
	if err := im.tx.AddEntries(ctx, im.entryRows); err != nil {
		return err
	}
	if err := im.tx.AddHistory(ctx, im.history); err != nil {
		return err
	}
	for _, f := range im.files {
		if err := f.write(ctx, im.tx); err != nil {
			return err
		}
	}
	return nil
}

// target finds or makes the folder that takes the content.
func (im *importing) target(names []string) (vault.ID, int, error) {
	at := im.a.root
	for i, name := range names {
		var next []vault.ID
		for _, id := range im.a.below[at] {
			if im.a.folders[id].group.Name == name && im.a.onFolder(id).Now.Has(policy.ViewFolders) {
				next = append(next, id)
			}
		}
		switch {
		case len(next) > 1:
			p := vault.Fail(vault.Ambiguous, "%s", vault.JoinPath(names[:i+1]...))
			p.IDs = next
			return vault.ID{}, 0, p
		case len(next) == 1:
			at = next[0]
			continue
		}
		return im.makeTarget(at, names[i:], i)
	}
	return at, len(names), im.a.needFolder(at, policy.AddFolders|policy.AddEntries)
}

// makeTarget makes the rest of the path below a folder that exists.
func (im *importing) makeTarget(at vault.ID, names []string, depth int) (vault.ID, int, error) {
	if err := im.a.needFolder(at, policy.AddFolders|policy.AddEntries); err != nil {
		return vault.ID{}, 0, err
	}
	if depth+len(names) > maxDepth {
		return vault.ID{}, 0, vault.Fail(vault.Usage, "folders are nested at most %d deep", maxDepth)
	}
	for _, name := range names {
		row, err := im.c.newFolder(at, vault.NewID(), &vault.Group{Name: name}, im.a.now)
		if err != nil {
			return vault.ID{}, 0, err
		}
		im.folderRows = append(im.folderRows, row)
		at = row.ID
	}
	return at, depth + len(names), nil
}

// findTaken notes which of the file's identifiers entries here have.
func (im *importing) findTaken(ctx context.Context, root *vault.Group) error {
	var ids []vault.ID
	err := root.Walk(func(_ []string, g *vault.Group) error {
		for _, e := range g.Entries {
			ids = append(ids, e.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for row, err := range im.tx.Entries(ctx, store.EntryQuery{IDs: orNone(ids), Archived: true, Bare: true}) {
		if err != nil {
			return err
		}
		im.taken[row.ID] = true
	}
	return nil
}

// addIcons adds the icons of the file that are not here yet.
func (im *importing) addIcons(ctx context.Context, icons []vault.CustomIcon) error {
	var rows []store.Icon
	byTag := map[[32]byte]vault.ID{}
	for _, icon := range icons {
		tag := im.c.keys.Tag(tagIcon, vault.ID{}, icon.Data)
		if id, ok := byTag[tag]; ok {
			im.icons[icon.ID] = id
			continue
		}
		old, err := im.tx.IconByTag(ctx, tag)
		if err == nil {
			im.icons[icon.ID], byTag[tag] = old.ID, old.ID
			continue
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		row := store.Icon{ID: icon.ID, Version: 1, Tag: tag, Modified: im.a.now}
		if _, err := im.tx.Icon(ctx, icon.ID); err == nil || !isRandom(icon.ID) {
			row.ID = vault.NewID()
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if row.Content, err = im.c.keys.Seal(iconRow(row.ID, 1), appendIcon(nil, icon)); err != nil {
			return fmt.Errorf("encrypt icon: %w", err)
		}
		im.icons[icon.ID], byTag[tag] = row.ID, row.ID
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	return im.tx.AddIcons(ctx, rows)
}

// number gives every folder of the file its identifier here, so that what
// refers to folders can be written in any order.
func (im *importing) number(g *vault.Group, here vault.ID, depth int) error {
	im.folders[g.ID] = here
	return im.numberBelow(g, depth, map[vault.ID]bool{here: true})
}

func (im *importing) numberBelow(g *vault.Group, depth int, used map[vault.ID]bool) error {
	for _, sub := range g.Groups {
		if depth+1 > maxDepth {
			return vault.Fail(vault.Usage, "folders are nested at most %d deep", maxDepth)
		}
		id := sub.ID
		if _, exists := im.a.folders[id]; exists || used[id] || !isRandom(id) {
			id = vault.NewID()
			im.done.Renumbered++
		}
		used[id] = true
		im.folders[sub.ID], im.here[sub] = id, id
		if err := im.numberBelow(sub, depth+1, used); err != nil {
			return err
		}
	}
	return nil
}

// group collects the rows of everything in g, which is the folder here.
func (im *importing) group(ctx context.Context, g *vault.Group, here vault.ID) error {
	for _, e := range g.Entries {
		if err := im.entry(ctx, e, here); err != nil {
			return fmt.Errorf("import %q: %w", e.Title(), err)
		}
	}
	for _, sub := range g.Groups {
		id := im.here[sub]
		copied := *sub
		copied.Icon = im.icon(sub.Icon)
		copied.PreviousParent = im.folder(sub.PreviousParent)
		row, err := im.c.newFolder(here, id, &copied, im.a.now)
		if err != nil {
			return err
		}
		im.folderRows = append(im.folderRows, row)
		im.done.Folders++
		if err := im.group(ctx, sub, id); err != nil {
			return err
		}
	}
	return nil
}

func (im *importing) icon(i vault.Icon) vault.Icon {
	if id, ok := im.icons[i.Custom]; ok && !i.Custom.IsZero() {
		i.Custom = id
	}
	return i
}

func (im *importing) folder(id vault.ID) vault.ID {
	if here, ok := im.folders[id]; ok && !id.IsZero() {
		return here
	}
	return id
}

// entry collects the rows of an entry: its history has the versions from 1 on,
// it the one after.
func (im *importing) entry(ctx context.Context, e *vault.Entry, here vault.ID) error {
	id := e.ID
	if im.taken[id] || !isRandom(id) {
		id = vault.NewID()
		im.done.Renumbered++
	}
	im.taken[id] = true
	chain := &versions{files: files{c: im.c, entry: id}}
	var p past
	for i, old := range e.History {
		inner, err := im.version(ctx, chain, old, e.ID, id, int64(i+1))
		if err != nil {
			return err
		}
		sealed, err := im.seal(id, int64(i+1), inner)
		if err != nil {
			return err
		}
		p.unsupported = p.unsupported || unsupported(inner) != ""
		im.history = append(im.history, store.HistoryEntry{Entry: id, Version: int64(i + 1), Content: sealed, Modified: orNow(old.Times.Modified, im.a.now)})
		im.done.Versions++
	}
	last := int64(len(e.History) + 1)
	inner, err := im.version(ctx, chain, e, e.ID, id, last)
	if err != nil {
		return err
	}
	for _, row := range chain.files.rows {
		p.files = p.files || row.Until != 0
	}
	inner.past = p
	row := store.Entry{
		ID: id, Folder: here, Version: last, Expires: expiry(e.Times),
		Created: orNow(e.Times.Created, im.a.now), Modified: orNow(e.Times.Modified, im.a.now),
	}
	if row.Content, err = im.seal(id, last, inner); err != nil {
		return err
	}
	im.entryRows = append(im.entryRows, row)
	im.objects = append(im.objects, store.AuditObject{Entry: id, Version: last})
	if len(chain.files.rows) > 0 {
		im.files = append(im.files, &chain.files)
	}
	im.done.Entries++
	im.done.Attachments += len(inner.files)
	return nil
}

// version returns one version of an entry as it is stored, under the
// identifier that it has here.
func (im *importing) version(ctx context.Context, chain *versions, e *vault.Entry, was, id vault.ID, number int64) (content, error) {
	copied := *e
	if copied.ID == was {
		copied.ID = id
	}
	copied.History = nil
	copied.Icon = im.icon(e.Icon)
	copied.PreviousParent = im.folder(e.PreviousParent)
	copied.Attachments = append([]vault.Attachment(nil), e.Attachments...)
	inner := content{Entry: &copied}
	return inner, chain.take(ctx, &inner, number)
}

// seal encrypts a version.
func (im *importing) seal(id vault.ID, number int64, inner content) (store.Sealed, error) {
	if err := unique(inner.Entry); err != nil {
		return store.Sealed{}, err
	}
	im.buf = appendEntry(im.buf[:0], id, inner)
	defer clear(im.buf)
	if len(im.buf) > maxContentBytes {
		return store.Sealed{}, vault.Fail(vault.Hostile, "an entry without its attachments has at most %d bytes", maxContentBytes)
	}
	s, err := im.c.keys.Seal(keyring.Row{Kind: keyring.Entry, ID: id, Version: number}, im.buf)
	if err != nil {
		return s, fmt.Errorf("encrypt entry: %w", err)
	}
	return s, nil
}
