package cache

import (
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// held is the content of an open cache: its groups as they are, and the entries
// of all of them in a pack. Somebody looks at a few, and keeps it open all day.
type held struct {
	root  *vault.Group // and those below, without entries
	icons []vault.CustomIcon
	pack  *vault.Pack
	of    map[*vault.Group]span
}

// span are the entries of a group in the pack, which are neighbours.
type span struct{ first, end int }

// hold takes over a document, which is wiped but for what attachments hold.
func hold(doc *kdbx.Document) *held {
	h := &held{root: doc.Root, icons: doc.Meta.CustomIcons, pack: vault.NewPack(nil), of: map[*vault.Group]span{}}
	h.take(doc.Root)
	h.pack.Done()
	return h
}

func (h *held) take(g *vault.Group) {
	first := h.pack.Len()
	for _, e := range g.Entries {
		h.pack.Add(e)
		wipeFields(e)
	}
	g.Entries = nil
	if end := h.pack.Len(); end > first {
		h.of[g] = span{first, end}
	}
	for _, sub := range g.Groups {
		h.take(sub)
	}
}

// wipeFields clears the values of an entry that was copied. The content of its
// attachments was not.
func wipeFields(e *vault.Entry) {
	for i := range e.Fields {
		e.Fields[i].Value.Wipe()
	}
	for _, old := range e.History {
		wipeFields(old)
	}
}

// entries yields the entries of a group, each in the memory of the one before.
func (h *held) entries(g *vault.Group) iter.Seq[*vault.Entry] {
	return func(yield func(*vault.Entry) bool) {
		var e vault.Entry
		for n := h.of[g].first; n < h.of[g].end; n++ {
			if h.pack.Unpack(n, &e); !yield(&e) {
				return
			}
		}
	}
}

// group returns a group with its entries and those below.
func (h *held) group(g *vault.Group) *vault.Group {
	whole := *g
	whole.Groups = nil
	for n := h.of[g].first; n < h.of[g].end; n++ {
		whole.Entries = append(whole.Entries, h.pack.Entry(n))
	}
	for _, sub := range g.Groups {
		whole.Groups = append(whole.Groups, h.group(sub))
	}
	return &whole
}
