package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// index holds of every entry what is searched and what offline decisions need,
// and no password that is not encrypted. It has a lock of its own, which is taken
// last: whoever holds it waits for no other lock and for no connection.
type index struct {
	mu       sync.RWMutex // everything below
	rev      int64        // 0: it is not built
	byID     map[vault.ID]*item
	byFolder map[vault.ID]map[vault.ID]*item
	room     int64 // bytes of ciphertext that it may keep yet
	limit    int64 // what room is while nothing is kept
}

// defaultHeld is how many bytes of ciphertext the index keeps: those of some
// 100,000 entries, without the attachments.
const defaultHeld = 64 << 20

// item is an entry in the index. It is never changed.
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
	content    store.Sealed // no Data: there was no room; it is in the database
}

// facts is what an offline decision needs to know of an entry's content.
type facts struct {
	bytes       int64    // of the content and the attachments of this version
	files       bool     // it or its history has attachments
	unsupported string   // what KDBX cannot carry; empty: nothing
	icon        vault.ID // custom; zero: none
}

// newIndex returns an index that is not built and keeps up to held bytes of
// ciphertext: 0 is defaultHeld, a negative number none.
func newIndex(held int64) *index {
	if held == 0 {
		held = defaultHeld
	}
	x := &index{limit: max(held, 0)}
	x.reset()
	return x
}

// reset makes the index one that is not built.
func (x *index) reset() {
	x.rev, x.room = 0, x.limit
	x.byID, x.byFolder = map[vault.ID]*item{}, map[vault.ID]map[vault.ID]*item{}
}

func (x *index) put(it *item) {
	x.drop(it.id)
	if size := int64(len(it.content.Data)); size <= x.room {
		x.room -= size
	} else {
		it.content = store.Sealed{}
	}
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
		x.room += int64(len(it.content.Data))
		delete(x.byID, id)
		delete(x.byFolder[it.folder], id)
	}
}

// revision returns that of the index; 0: it is not built.
func (x *index) revision() int64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.rev
}

// version returns the entry if the index has exactly this version of it.
func (x *index) version(id vault.ID, version int64) (*item, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	it := x.byID[id]
	return it, it != nil && it.version == version
}

// follow brings the index from its revision to rev, which is that of r, unless
// it is there or beyond.
func (x *index) follow(ctx context.Context, r store.Reader, keys *keyring.Keyring, rev int64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.rev >= rev {
		return nil
	}
	if err := x.readFeed(ctx, r, keys); err != nil {
		x.reset() // half done; it is built again when it is needed
		return fmt.Errorf("index: %w", err)
	}
	x.rev = rev
	return nil
}

func (x *index) readFeed(ctx context.Context, r store.Reader, keys *keyring.Keyring) error {
	horizon, err := r.Horizon(ctx)
	if err != nil {
		return err
	}
	if x.rev < horizon { // deletions are missing from the feed
		x.reset()
	}
	for t, err := range r.Tombstones(ctx, x.rev) {
		if err != nil {
			return err
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
			return err
		}
		if buf, err = keys.Unseal(buf[:0], entryRow(row.ID, row.Version), row.Content); err != nil {
			return err
		}
		it, err := newItem(&row, buf)
		clear(buf)
		if err != nil {
			return err
		}
		x.put(it)
	}
	return nil
}

// newItem makes an item of a row and its opened content, of which it keeps no
// part; the ciphertext it keeps.
func newItem(row *store.Entry, text []byte) (*item, error) {
	c, err := parseEntry(text, row.ID)
	if err != nil {
		return nil, err
	}
	it := &item{
		id: row.ID, folder: row.Folder, version: row.Version, flags: policy.Flags(row.Flags),
		archived: !row.Archived.IsZero(), title: c.Title(), facts: factsOf(c, len(text)),
		content: row.Content,
	}
	it.name = store.Fold(it.title)
	it.open = store.Fold(strings.Join(append([]string{
		plain(c.Entry, vault.FieldUsername), plain(c.Entry, vault.FieldURL), plain(c.Entry, vault.FieldNotes),
	}, c.Tags...), "\n"))
	return it, nil
}

// knownFacts returns what the index has of exactly this version.
func (c *Catalog) knownFacts(row *store.Entry) (facts, bool) {
	it, ok := c.index.version(row.ID, row.Version)
	if !ok {
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
