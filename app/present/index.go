package present

import (
	"bytes"
	"context"
	"time"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// shownBytes is how much of a value a list keeps: no column is wider, and notes
// of a megabyte must not be kept twice.
const shownBytes = 240

// maxFoldedBytes bounds what a search looks at, so that its offsets fit: half of
// what they can count, as folding may make a text longer.
const maxFoldedBytes = 1 << 31

// Index is a listing made ready for a list: flat rows in the order of the tree,
// the texts of the columns, and what a search looks at, folded once. It shares
// nothing with the listing, which need not be kept for it: its texts are wiped
// when the window is done with them. It does not change until Wipe and is safe
// for concurrent use.
type Index struct {
	AsOf   time.Time
	Source session.Source

	rows   []Row
	tree   Tree
	text   []byte      // texts of the columns, one after the other
	folded []byte      // texts of a search, one value a line, a row after the other
	ends   []uint32    // of the rows in folded
	pairs  []signature // of the rows' texts in folded
	byID   vault.Numbers
}

// NewIndex makes the Index of a listing. It takes some milliseconds for a
// thousand entries, so it runs off the UI goroutine; ctx ends it.
func NewIndex(ctx context.Context, l *session.Listing) (*Index, error) {
	n := l.Root.Count()
	ix := &Index{
		AsOf: l.AsOf, Source: l.Source,
		rows: make([]Row, 0, n), ends: make([]uint32, 0, n), pairs: make([]signature, 0, n),
	}
	ix.tree.byUID = map[string]int32{}
	ix.tree.add(l.Root, -1, nil, func(f *session.Folder, at int32) int32 {
		first := int32(len(ix.rows))
		for item := range f.Each() {
			if len(ix.rows)%1024 == 0 && ctx.Err() != nil {
				break
			}
			ix.add(item, at)
			if len(ix.rows) == n/foresight {
				ix.text, ix.folded = foreseen(ix.text), foreseen(ix.folded)
			}
		}
		return first
	})
	if err := ctx.Err(); err != nil {
		ix.Wipe()
		return nil, err
	}
	ix.text, ix.folded = fitting(ix.text), fitting(ix.folded)
	ix.byID = vault.NewNumbers(len(ix.rows), func(i int) vault.ID { return ix.rows[i].ID })
	return ix, nil
}

// foresight is the part of the rows by which the room for all texts is guessed.
// Making it longer step by step would take several times as much.
const foresight = 16

// foreseen returns the texts of the first rows with room for those of all.
func foreseen(texts []byte) []byte {
	return moved(texts, len(texts)*(foresight+1))
}

// fitting returns texts without the room that they did not need, where that is
// a good part.
func fitting(texts []byte) []byte {
	if cap(texts)-len(texts) <= len(texts)/foresight {
		return texts
	}
	return moved(texts, len(texts))
}

// moved returns texts in room of that size, and wipes where they were.
func moved(texts []byte, room int) []byte {
	to := append(make([]byte, 0, room), texts...)
	clear(texts)
	return to
}

func (ix *Index) add(item *session.Item, group int32) {
	e := item.Entry
	r := Row{
		ID: e.ID, Group: group, Icon: uint16(min(e.Icon.Standard, 0xffff)), Attachments: uint16(min(len(e.Attachments), 0xffff)),
		modified: seconds(e.Times.Modified), Draft: draftKind(string(item.Edit)),
	}
	if e.Times.Expires {
		r.expires = seconds(e.Times.Expiry)
	}
	set := func(on bool, f Flags) {
		if on {
			r.Flags |= f
		}
	}
	set(item.HasPassword, HasPassword)
	set(item.HasOTP, HasCode)
	set(item.Offline != nil && *item.Offline, HeldOffline)
	set(item.Offline != nil && !*item.Offline, NotOffline)

	for k, name := range [...]string{vault.FieldTitle, vault.FieldUsername, vault.FieldURL, vault.FieldNotes} {
		f := e.Field(name)
		switch {
		case f == nil:
		case f.Protected:
			ix.text = append(ix.text, Hidden...)
			set(k == 1, HasUser)
			set(k == 2, HasURL)
		default:
			ix.text = appendLine(ix.text, f.Value.Bytes())
			set(k == 1 && !f.Value.IsEmpty(), HasUser)
			set(k == 2 && !f.Value.IsEmpty(), HasURL)
		}
		r.text[k] = uint32(len(ix.text))
	}
	for k, tag := range e.Tags {
		if k > 0 {
			ix.text = append(ix.text, ", "...)
		}
		ix.text = appendLine(ix.text, []byte(tag))
	}
	r.tags = uint32(len(ix.text))

	start := len(ix.folded)
	for i := range e.Fields {
		if f := &e.Fields[i]; !secret(f) && !f.Value.IsEmpty() && len(ix.folded)+f.Value.Len() < maxFoldedBytes {
			ix.folded = append(appendFolded(ix.folded, f.Value.Bytes()), '\n')
		}
	}
	for _, tag := range e.Tags {
		ix.folded = append(appendFolded(ix.folded, []byte(tag)), '\n')
	}
	ix.ends = append(ix.ends, uint32(len(ix.folded)))
	var pairs signature
	pairs.add(ix.folded[start:])
	ix.pairs = append(ix.pairs, pairs)
	ix.rows = append(ix.rows, r)
}

// secret reports whether a field is shown on request only, as in vault/session.
func secret(f *vault.Field) bool {
	return f.Protected || f.Name == vault.FieldPassword || f.Name == vault.FieldOTP
}

func draftKind(op string) DraftKind {
	for d := DraftAdded; d <= DraftRemoved; d++ {
		if d.String() == op {
			return d
		}
	}
	return DraftNone
}

// appendLine appends the first line of value that is not empty, cut to what a
// column shows, with spaces for what would not print.
func appendLine(dst, value []byte) []byte {
	value = bytes.TrimLeft(value, " \t\r\n")
	if end := bytes.IndexAny(value, "\r\n"); end >= 0 {
		value = value[:end]
	}
	cut := len(value) > shownBytes
	if cut {
		value = value[:shownBytes]
		for k := 1; k < utf8.UTFMax && k < len(value); k++ { // not in the middle of a character
			if at := len(value) - k; utf8.RuneStart(value[at]) {
				if !utf8.FullRune(value[at:]) {
					value = value[:at]
				}
				break
			}
		}
	}
	for _, c := range value {
		if c < ' ' || c == 0x7f {
			c = ' '
		}
		dst = append(dst, c)
	}
	if cut {
		dst = append(dst, "…"...)
	}
	return dst
}

// Len returns the number of rows.
func (ix *Index) Len() int { return len(ix.rows) }

// Row returns row i, which the caller must not change.
func (ix *Index) Row(i int32) *Row { return &ix.rows[i] }

// Find returns the row of an entry; -1: there is none.
func (ix *Index) Find(id vault.ID) int32 {
	return int32(ix.byID.Find(id))
}

// Tree returns the groups.
func (ix *Index) Tree() *Tree { return &ix.tree }

// Wipe clears the texts. Nothing may use the Index after it.
func (ix *Index) Wipe() {
	clear(ix.text[:cap(ix.text)])
	clear(ix.folded[:cap(ix.folded)])
	clear(ix.pairs)
}

// shown returns the text of one of the columns that have one.
func (ix *Index) shown(i int32, c Column) []byte {
	r := &ix.rows[i]
	switch c {
	case ColumnTitle:
		return ix.text[ix.before(i):r.text[0]]
	case ColumnUser:
		return ix.text[r.text[0]:r.text[1]]
	case ColumnURL:
		return ix.text[r.text[1]:r.text[2]]
	case ColumnNotes:
		return ix.text[r.text[2]:r.text[3]]
	case ColumnTags:
		return ix.text[r.text[3]:r.tags]
	}
	return nil
}

func (ix *Index) before(i int32) uint32 {
	if i == 0 {
		return 0
	}
	return ix.rows[i-1].tags
}
