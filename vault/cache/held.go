package cache

import (
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/locked"
)

// held is the content of an open cache: its groups as they are, and the entries
// of all of them in a pack. Somebody looks at a few, and keeps it open all day.
type held struct {
	memory *locked.Arena // of the pack, and of attachments that are not large

	root  *vault.Group // and those below, without entries
	icons []vault.CustomIcon
	pack  *vault.Pack
	of    map[*vault.Group]span

	moved map[*vault.Binary]bool // while it is taken over
}

// span are the entries of a group in the pack, which are neighbours.
type span struct{ first, end int }

// Locked memory is asked for in pieces of this size: few enough calls for a
// hundred thousand entries, and not much for a few.
const heldPiece = 256 << 10

// maxHeldAttachment is what an attachment may take to be moved into locked
// memory, of which an ordinary user gets 8 MiB at most. A larger one stays where
// the reader put it, so that it is never there twice; it is wiped all the same.
const maxHeldAttachment = 64 << 10

// hold takes over a document, which is wiped but for what large attachments
// hold.
func hold(doc *kdbx.Document) *held {
	memory := locked.New(heldPiece)
	h := &held{memory: memory, root: doc.Root, icons: doc.Meta.CustomIcons, pack: vault.NewPack(memory.Bytes), of: map[*vault.Group]span{}}
	h.moved = map[*vault.Binary]bool{}
	h.take(doc.Root)
	h.moved = nil
	h.pack.Done()
	return h
}

// wipe clears everything.
func (h *held) wipe() {
	h.pack.Wipe()
	h.memory.Wipe()
}

func (h *held) take(g *vault.Group) {
	first := h.pack.Len()
	for _, e := range g.Entries {
		h.attachments(e)
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

// attachments moves what an entry and its history have attached. They share
// contents, which are moved once.
func (h *held) attachments(e *vault.Entry) {
	for _, a := range e.Attachments {
		if b := a.Binary; b != nil && len(b.Data) <= maxHeldAttachment && !h.moved[b] {
			b.Data = h.memory.Move(b.Data)
			h.moved[b] = true
		}
	}
	for _, old := range e.History {
		h.attachments(old)
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
