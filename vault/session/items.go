package session

import (
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// brief is what a listing keeps of an Item beside its entry.
type brief struct {
	folder  uint32 // in the listing's numbered
	history uint32
	seconds uint32 // of the one-time code's period
	reason  uint16 // in the listing's reasons
	digits  uint8
	edit    uint8 // in editOps
	flags   briefFlags
}

type briefFlags uint8

// The flags. They are never stored.
const (
	briefPassword   briefFlags = 1 << 0
	briefOTP        briefFlags = 1 << 1
	briefOffline    briefFlags = 1 << 2
	briefNotOffline briefFlags = 1 << 3
	briefFixed      briefFlags = 1 << 4
)

// editOps are what brief.edit numbers.
func editOps() [4]cache.Op { return [4]cache.Op{"", cache.Added, cache.Edited, cache.Removed} }

// NewListing lists a tree, whose entries have no protected values or none that
// may not be seen; item describes one of them. The listing has copies of
// everything.
func NewListing(source Source, asOf time.Time, root *vault.Group, item func(*vault.Entry) *Item) *Listing {
	l := newListing(source, asOf)
	l.fold(root, nil, func(g *vault.Group, add func(*Item)) {
		for _, e := range g.Entries {
			add(item(e))
		}
	})
	l.pack.Done()
	return l
}

// newListing returns an empty listing.
func newListing(source Source, asOf time.Time) *Listing {
	return &Listing{Source: source, AsOf: asOf, pack: vault.NewPack(room), reasons: []string{""}, sizes: map[int][]int64{}}
}

// fold turns a group into a Folder, and those below it. items adds what stands
// in a group; of an item it needs no Group and no Path.
func (l *Listing) fold(g *vault.Group, path []string, items func(g *vault.Group, add func(*Item))) *Folder {
	f := &Folder{ID: g.ID, Name: g.Name, Path: path, list: l, first: l.pack.Len()}
	if l.Root == nil {
		l.Root = f
	}
	number := uint32(len(l.numbered))
	l.numbered = append(l.numbered, f)
	items(g, func(i *Item) { l.add(i, number) })
	f.end = l.pack.Len()
	for _, sub := range g.Groups {
		f.Folders = append(f.Folders, l.fold(sub, child(path, sub.Name), items))
	}
	return f
}

// add packs an item.
func (l *Listing) add(i *Item, folder uint32) {
	b := brief{
		folder: folder, history: uint32(i.History), seconds: uint32(i.Period / time.Second), digits: uint8(i.Digits),
		reason: l.reason(i.Reason),
	}
	ops := editOps()
	b.edit = uint8(max(slices.Index(ops[:], i.Edit), 0))
	set := func(on bool, f briefFlags) {
		if on {
			b.flags |= f
		}
	}
	set(i.HasPassword, briefPassword)
	set(i.HasOTP, briefOTP)
	set(i.Offline != nil && *i.Offline, briefOffline)
	set(i.Offline != nil && !*i.Offline, briefNotOffline)
	set(i.Fixed, briefFixed)
	n := l.pack.Add(i.Entry)
	if len(i.AttachmentSizes) > 0 {
		l.sizes[n] = i.AttachmentSizes
	}
	l.briefs = append(l.briefs, b)
}

// reason numbers one of the few texts that a server gives.
func (l *Listing) reason(text string) uint16 {
	n := slices.Index(l.reasons, text)
	if n < 0 {
		if n = len(l.reasons); n > maxReasons { // no server of ours
			return 0
		}
		l.reasons = append(l.reasons, text)
	}
	return uint16(n)
}

// maxReasons bounds how many different reasons are kept: wire knows a handful,
// and comparing with all of them has to stay cheap.
const maxReasons = 64

// item makes the Item of entry n.
func (l *Listing) item(n int) *Item {
	i := &Item{Entry: &vault.Entry{}}
	l.fill(n, i)
	return i
}

// fill is item into memory that was an item before.
func (l *Listing) fill(n int, i *Item) {
	b := &l.briefs[n]
	e, f := i.Entry, l.numbered[b.folder]
	l.pack.Unpack(n, e)
	*i = Item{
		Entry: e, Group: f.ID, Path: child(f.Path, e.Title()),
		HasPassword: b.flags&briefPassword != 0, HasOTP: b.flags&briefOTP != 0, Fixed: b.flags&briefFixed != 0,
		Digits: int(b.digits), Period: time.Duration(b.seconds) * time.Second,
		AttachmentSizes: l.sizes[n], History: int(b.history), Reason: l.reasons[b.reason], Edit: editOps()[b.edit],
	}
	if b.flags&(briefOffline|briefNotOffline) != 0 {
		held := b.flags&briefOffline != 0
		i.Offline = &held
	}
}

// child returns a path of its own, one name longer.
func child(path []string, name string) []string {
	return append(path[:len(path):len(path)], name)
}
