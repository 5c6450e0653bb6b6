package session

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/wire"
)

// Source says where what is shown comes from; the text is what --json prints.
type Source string

// The sources.
const (
	FromServer Source = "server"
	FromCache  Source = "cache"
)

// Listing is everything that the user may list at one moment. Its entries have
// no protected values: those are read one by one, with an audit record each.
// It does not change and is safe for concurrent use. Its values are its own: a
// Lock takes nothing away from who holds it, or an Item of it; those of a cache
// are wiped when nobody does any more.
type Listing struct {
	Source Source
	AsOf   time.Time // of the server's answer, or of the making of the cache
	Root   *Folder
	byID   map[vault.ID]*Item
	values *values // of the entries of a cache; nil: they are the listing's as they came
}

// Folder is a group of a Listing.
type Folder struct {
	ID      vault.ID
	Name    string
	Path    []string // names from the root, its own last
	Folders []*Folder
	Items   []*Item
}

// Count returns the number of entries in the folder and below.
func (f *Folder) Count() int {
	n := len(f.Items)
	for _, sub := range f.Folders {
		n += sub.Count()
	}
	return n
}

// Item is an entry of a Listing.
type Item struct {
	Entry *vault.Entry // without protected values; nobody may change it
	Group vault.ID
	Path  []string // names of the groups from the root, then the title

	HasPassword, HasOTP bool
	Digits              int           // of the one-time code; 0: unknown
	Period              time.Duration // of the one-time code; 0: unknown
	AttachmentSizes     []int64
	History             int // earlier forms of the entry; in a server's listing 0: see Session.History

	// Offline says whether a cache holds the entry, or would: nil if the server
	// did not say. Reason is one of wire's, where it does not.
	Offline *bool
	Reason  string

	Edit cache.Op // what was done to it offline; empty: nothing
}

// List returns what the user may see now: from the server while Online, from
// the open cache while Offline. Locked if that is not open, NotSignedIn
// while Disconnected.
func (s *Session) List(ctx context.Context) (*Listing, error) {
	st, err := s.home.load()
	if err != nil {
		return nil, err
	}
	if st.Mode == Offline {
		return s.listCache(ctx)
	}
	_, _, remote, err := s.online(ctx)
	if err != nil {
		return nil, err
	}
	tree, err := remote.Tree(ctx)
	if err != nil {
		return nil, s.lost(ctx, err)
	}
	asOf := tree.Head.At
	if asOf.IsZero() {
		asOf = s.now()
	}
	l := &Listing{Source: FromServer, AsOf: asOf, byID: map[vault.ID]*Item{}}
	l.Root = l.folder(tree.Content.Root, nil, func(e *vault.Entry) *Item {
		return describe(e, tree.Facts[e.ID])
	})
	return l, nil
}

func (s *Session) listCache(ctx context.Context) (*Listing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.opened(ctx)
	if err != nil {
		return nil, err
	}
	return u.listing(&values{}), nil
}

// listing merges the cache and the edits, with copies of their values.
func (u *unlocked) listing(v *values) *Listing {
	l := &Listing{Source: FromCache, AsOf: u.created, byID: map[vault.ID]*Item{}, values: v}
	l.merge(u.cache.Content().Root, u.edits)
	return l
}

// merge lists what is cached with what was done to it. Nothing in it can show a
// secret.
func (l *Listing) merge(root *vault.Group, done []cache.Edit) {
	edits := map[vault.ID]cache.Edit{}
	added := map[vault.ID][]cache.Edit{}
	for _, e := range done {
		if e.Op == cache.Added {
			added[e.Group] = append(added[e.Group], e)
		}
		edits[e.ID] = e
	}
	yes := true
	l.Root = l.folder(root, nil, func(e *vault.Entry) *Item {
		edit, ok := edits[e.ID]
		versions := len(e.History)
		if ok && edit.Op == cache.Edited {
			e = edit.Entry
			versions++ // the one in the cache
		}
		item := describe(withhold(e, l.values), nil)
		item.hold(e)
		item.Offline, item.History = &yes, versions
		if ok {
			item.Edit = edit.Op
		}
		return item
	})
	l.addEdits(l.Root, added)
	for _, lost := range added { // their group is gone: they stand in the root
		l.append(l.Root, lost)
	}
}

func (l *Listing) addEdits(f *Folder, added map[vault.ID][]cache.Edit) {
	l.append(f, added[f.ID])
	delete(added, f.ID)
	for _, sub := range f.Folders {
		l.addEdits(sub, added)
	}
}

func (l *Listing) append(f *Folder, edits []cache.Edit) {
	for _, e := range edits {
		item := describe(withhold(e.Entry, l.values), nil)
		item.hold(e.Entry)
		item.Edit, item.Group = cache.Added, f.ID
		item.Path = child(f.Path, e.Entry.Title())
		f.Items = append(f.Items, item)
		l.byID[e.ID] = item
	}
}

// folder turns a group into a Folder, its entries by item.
func (l *Listing) folder(g *vault.Group, path []string, item func(*vault.Entry) *Item) *Folder {
	f := &Folder{ID: g.ID, Name: g.Name, Path: path}
	for _, e := range g.Entries {
		i := item(e)
		i.Group, i.Path = g.ID, child(path, i.Entry.Title())
		f.Items = append(f.Items, i)
		l.byID[i.Entry.ID] = i
	}
	for _, sub := range g.Groups {
		f.Folders = append(f.Folders, l.folder(sub, child(path, sub.Name), item))
	}
	return f
}

// child returns a path of its own, one name longer.
func child(path []string, name string) []string {
	return append(path[:len(path):len(path)], name)
}

// describe says of an entry what a list shows. Of a server's entry, a withheld
// password is there if its field is.
func describe(e *vault.Entry, facts *wire.Facts) *Item {
	i := &Item{
		Entry:       e,
		History:     len(e.History),
		HasPassword: e.Field(vault.FieldPassword) != nil,
		HasOTP:      e.Field(vault.FieldOTP) != nil,
	}
	for _, a := range e.Attachments {
		size := int64(0)
		if a.Binary != nil {
			size = int64(len(a.Binary.Data))
		}
		i.AttachmentSizes = append(i.AttachmentSizes, size)
	}
	if facts != nil {
		i.Offline, i.Reason = facts.Offline, facts.OfflineReason
		if len(facts.AttachmentSizes) == len(e.Attachments) {
			i.AttachmentSizes = facts.AttachmentSizes
		}
	}
	return i
}

// hold corrects the description by the whole entry: an empty password is none.
func (i *Item) hold(e *vault.Entry) {
	i.HasPassword = !e.Password().IsEmpty()
	if setting := e.Value(vault.FieldOTP); !setting.IsEmpty() {
		i.HasOTP = true
		if config, err := otp.Parse(setting.Bytes()); err == nil {
			i.Digits, i.Period = config.Digits, config.Period
			config.Secret.Wipe()
		}
	} else {
		i.HasOTP = false
	}
	i.History = len(e.History)
	i.AttachmentSizes = i.AttachmentSizes[:0]
	for _, a := range e.Attachments {
		size := int64(0)
		if a.Binary != nil {
			size = int64(len(a.Binary.Data))
		}
		i.AttachmentSizes = append(i.AttachmentSizes, size)
	}
}

// secretField reports whether a field is shown on request only. The password
// and the one-time code always are, whatever a file says.
func secretField(f *vault.Field) bool {
	return f.Protected || f.Name == vault.FieldPassword || f.Name == vault.FieldOTP
}

// withhold returns a copy of an entry without secret values, without the bytes
// of attachments and without history. The values that stay are those of v.
func withhold(e *vault.Entry, v *values) *vault.Entry {
	c := *e
	c.Fields = make([]vault.Field, len(e.Fields))
	for i, f := range e.Fields {
		if secretField(&f) {
			f.Value = vault.Secret{}
		}
		f.Value = v.own(f.Value)
		c.Fields[i] = f
	}
	c.Attachments = make([]vault.Attachment, len(e.Attachments))
	for i, a := range e.Attachments {
		a.Binary = nil
		c.Attachments[i] = a
	}
	c.History = nil
	return &c
}
