package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// index holds of every entry what is searched and what offline decisions need,
// and no password. The catalog's lock guards it.
type index struct {
	rev      int64
	byID     map[vault.ID]*item
	byFolder map[vault.ID]map[vault.ID]*item
}

// item is an entry in the index.
type item struct {
	id, folder vault.ID
	version    int64
	flags      policy.Flags // its own
	archived   bool
	title      string
	// open is what may be searched with ViewEntryContents, folded: user name,
	// URL, notes and tags with a line feed between. name is the folded title.
	name, open string
	facts      facts
}

// facts is what an offline decision needs to know of an entry's content.
type facts struct {
	bytes       int64    // of the content and the attachments of this version
	files       bool     // it or its history has attachments
	unsupported string   // what KDBX cannot carry; empty: nothing
	icon        vault.ID // custom; zero: none
}

func newIndex() *index {
	return &index{byID: map[vault.ID]*item{}, byFolder: map[vault.ID]map[vault.ID]*item{}}
}

func (x *index) put(it *item) {
	x.drop(it.id)
	x.byID[it.id] = it
	in := x.byFolder[it.folder]
	if in == nil {
		in = map[vault.ID]*item{}
		x.byFolder[it.folder] = in
	}
	in[it.id] = it
}

func (x *index) drop(id vault.ID) {
	if it := x.byID[id]; it != nil {
		delete(x.byID, id)
		delete(x.byFolder[it.folder], id)
	}
}

// follow brings the index from its revision to rev, which is that of r.
func (x *index) follow(ctx context.Context, r store.Reader, keys *keyring.Keyring, rev int64) error {
	if x.rev == rev {
		return nil
	}
	horizon, err := r.Horizon(ctx)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if x.rev < horizon { // deletions are missing from the feed
		x.rev = 0
		clear(x.byID)
		clear(x.byFolder)
	}
	for t, err := range r.Tombstones(ctx, x.rev) {
		if err != nil {
			return fmt.Errorf("index: %w", err)
		}
		if t.Kind == store.KindEntry {
			x.drop(t.ID)
		}
	}
	q := store.EntryQuery{After: x.rev}
	if x.rev == 0 {
		q = store.EntryQuery{Archived: true}
	}
	var buf []byte
	for row, err := range r.Entries(ctx, q) {
		if err != nil {
			return fmt.Errorf("index: %w", err)
		}
		if buf, err = keys.Unseal(buf[:0], entryRow(row.ID, row.Version), row.Content); err != nil {
			return fmt.Errorf("index: %w", err)
		}
		it, err := newItem(&row, buf)
		clear(buf)
		if err != nil {
			return err
		}
		x.put(it)
	}
	x.rev = rev
	return nil
}

// newItem makes an item of a row and its content, of which it keeps no part.
func newItem(row *store.Entry, text []byte) (*item, error) {
	c, err := parseEntry(text, row.ID)
	if err != nil {
		return nil, err
	}
	it := &item{
		id: row.ID, folder: row.Folder, version: row.Version, flags: policy.Flags(row.Flags),
		archived: !row.Archived.IsZero(), title: c.Title(), facts: factsOf(c, len(text)),
	}
	it.name = store.Fold(it.title)
	it.open = store.Fold(strings.Join(append([]string{
		plain(c.Entry, vault.FieldUsername), plain(c.Entry, vault.FieldURL), plain(c.Entry, vault.FieldNotes),
	}, c.Tags...), "\n"))
	return it, nil
}

// knownFacts returns what the index has of exactly this version.
func (c *Catalog) knownFacts(row *store.Entry) (facts, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.index == nil {
		return facts{}, false
	}
	it := c.index.byID[row.ID]
	if it == nil || it.version != row.Version {
		return facts{}, false
	}
	return it.facts, true
}

// factsOf looks at an opened content of size bytes.
func factsOf(c content, size int) facts {
	f := facts{icon: c.Icon.Custom, bytes: int64(size), files: len(c.files) > 0 || c.past.files}
	for _, file := range c.files {
		f.bytes += file.size
	}
	f.unsupported = unsupported(c)
	return f
}

// unsupported says what of an entry KDBX cannot carry; empty: nothing.
func unsupported(c content) string {
	if c.past.unsupported {
		return "a value in its history"
	}
	probe := *c.Entry
	probe.History = nil
	probe.Attachments = make([]vault.Attachment, len(c.Attachments))
	for i, a := range c.Attachments {
		probe.Attachments[i] = vault.Attachment{Name: a.Name, Binary: &vault.Binary{}}
	}
	var p *vault.Problem
	if err := kdbx.Storable(&probe); errors.As(err, &p) {
		return p.Detail
	} else if err != nil {
		return err.Error()
	}
	return ""
}
