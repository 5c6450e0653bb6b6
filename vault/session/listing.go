package session

import (
	"context"
	"iter"
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
// Lock takes nothing away from who holds it, or an Item of it; they are wiped
// when nobody does any more.
type Listing struct {
	Source Source
	AsOf   time.Time // of the server's answer, or of the making of the cache
	Root   *Folder

	numbered []*Folder // as in briefs
	pack     *vault.Pack
	briefs   []brief // of the entries in the pack
	reasons  []string
	sizes    map[int][]int64 // of attachments, where an entry has some
}

// Folder is a group of a Listing.
type Folder struct {
	ID      vault.ID
	Name    string
	Path    []string // names from the root, its own last
	Folders []*Folder

	list       *Listing
	first, end int // of its entries in the listing's pack
}

// Count returns the number of entries in the folder and below.
func (f *Folder) Count() int {
	n := f.Own()
	for _, sub := range f.Folders {
		n += sub.Count()
	}
	return n
}

// Own returns the number of entries in the folder itself.
func (f *Folder) Own() int { return f.end - f.first }

// Items returns the entries of the folder itself.
func (f *Folder) Items() []*Item {
	items := make([]*Item, 0, f.Own())
	for n := f.first; n < f.end; n++ {
		items = append(items, f.list.item(n))
	}
	return items
}

// Each yields the entries of the folder itself, for who looks at many: each is
// good until the next, which takes its memory, but for its strings and values.
func (f *Folder) Each() iter.Seq[*Item] {
	return func(yield func(*Item) bool) {
		i := Item{Entry: &vault.Entry{}}
		for n := f.first; n < f.end; n++ {
			if f.list.fill(n, &i); !yield(&i) {
				return
			}
		}
	}
}

// Item is an entry of a Listing.
type Item struct {
	Entry *vault.Entry // without protected values; nobody may change it
	Group vault.ID
	Path  []string // names of the groups from the root, then the title

	HasPassword, HasOTP bool
	Digits              int           // of the one-time code; 0: unknown
	Period              time.Duration // of the one-time code, whole seconds; 0: unknown
	AttachmentSizes     []int64
	History             int // earlier forms of the entry; in a server's listing 0: see Session.History

	// Offline says whether a cache holds the entry, or would: nil if the server
	// did not say. Reason is one of wire's, where it does not.
	Offline *bool
	Reason  string

	Fixed bool // the server says that the user may not change it

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
	return NewListing(FromServer, asOf, tree.Content.Root, func(e *vault.Entry) *Item {
		return describe(e, tree.Facts[e.ID])
	}), nil
}

func (s *Session) listCache(ctx context.Context) (*Listing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.opened(ctx)
	if err != nil {
		return nil, err
	}
	return u.listing(), nil
}

// listing merges the cache and the edits. Nothing in it can show a secret.
func (u *unlocked) listing() *Listing {
	return merge(u.created, u.cache.Groups(), u.cache.Entries, u.edits)
}

// merge lists what is cached with what was done to it.
func merge(asOf time.Time, root *vault.Group, cached func(*vault.Group) iter.Seq[*vault.Entry], done []cache.Edit) *Listing {
	groups := map[vault.ID]bool{}
	_ = root.Walk(func(_ []string, g *vault.Group) error { // no visit fails
		groups[g.ID] = true
		return nil
	})
	edits := map[vault.ID]cache.Edit{}
	added := map[vault.ID][]cache.Edit{}
	for _, e := range done {
		edits[e.ID] = e
		switch {
		case e.Op != cache.Added:
		case groups[e.Group]:
			added[e.Group] = append(added[e.Group], e)
		default: // their group is gone: they stand in the root
			added[root.ID] = append(added[root.ID], e)
		}
	}
	yes := true
	open := &vault.Entry{} // what may be seen of the one that is looked at
	look := func(e *vault.Entry) *Item {
		withholdInto(open, e, nil)
		item := describe(open, nil)
		item.hold(e)
		return item
	}
	l := newListing(FromCache, asOf)
	l.fold(root, nil, func(g *vault.Group, add func(*Item)) {
		for e := range cached(g) {
			edit, ok := edits[e.ID]
			versions := len(e.History)
			if ok && edit.Op == cache.Edited {
				e = edit.Entry
				versions++ // the one in the cache
			}
			item := look(e)
			item.Offline, item.History = &yes, versions
			if ok {
				item.Edit = edit.Op
			}
			add(item)
		}
		for _, e := range added[g.ID] {
			item := look(e.Entry)
			item.Edit = cache.Added
			add(item)
		}
		delete(added, g.ID)
	})
	l.pack.Done()
	return l
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
		i.Offline, i.Reason, i.Fixed = facts.Offline, facts.OfflineReason, !facts.Modify
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
	c := &vault.Entry{}
	withholdInto(c, e, v)
	return c
}

// withholdInto is withhold into an entry that was one before, whose lists are
// used again.
func withholdInto(c, e *vault.Entry, v *values) {
	fields, attachments := c.Fields[:0], c.Attachments[:0]
	*c = *e
	for _, f := range e.Fields {
		if secretField(&f) {
			f.Value = vault.Secret{}
		}
		f.Value = v.own(f.Value)
		fields = append(fields, f)
	}
	for _, a := range e.Attachments {
		a.Binary = nil
		attachments = append(attachments, a)
	}
	c.Fields, c.Attachments, c.History = fields, attachments, nil
}
