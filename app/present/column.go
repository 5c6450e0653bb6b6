package present

import (
	"bytes"
	"strconv"

	"github.com/tideover/tideover/vault"
)

// Column is a column of the entry list. Settings keep the text: never change one.
type Column string

// The columns.
const (
	ColumnTitle       Column = "title"
	ColumnUser        Column = "user"
	ColumnPassword    Column = "password"
	ColumnURL         Column = "url"
	ColumnNotes       Column = "notes"
	ColumnGroup       Column = "group"
	ColumnModified    Column = "modified"
	ColumnExpires     Column = "expires"
	ColumnTags        Column = "tags"
	ColumnAttachments Column = "attachments"
	ColumnCode        Column = "code"
	ColumnOffline     Column = "offline"
)

// Columns returns every column, in the order in which they are offered.
func Columns() []Column {
	return []Column{
		ColumnTitle, ColumnUser, ColumnPassword, ColumnURL, ColumnNotes, ColumnGroup,
		ColumnModified, ColumnExpires, ColumnTags, ColumnAttachments, ColumnCode, ColumnOffline,
	}
}

// DefaultColumns returns those that are shown at first.
func DefaultColumns() []Column {
	return []Column{ColumnTitle, ColumnUser, ColumnPassword, ColumnURL, ColumnNotes, ColumnOffline}
}

// Label returns the heading of the column.
func (c Column) Label(words *Catalogue) string { return words.Text("column."+string(c), nil) }

// Hidden is what stands in for a secret in lists and details. It says that
// there is one, not how long it is.
const Hidden = "••••••"

// Formats are the ways to write moments in a list: taken out of the catalogue
// once, as a list asks for thousands.
type formats struct{ day, yes, untitled string }

// Lister writes the cells of an Index in one language. It is safe for
// concurrent use.
type Lister struct {
	words   *Catalogue
	index   *Index
	formats formats
}

// NewLister returns how the rows of ix are written.
func NewLister(words *Catalogue, ix *Index) *Lister {
	return &Lister{words, ix, formats{day: words.Text("format.day", nil), yes: words.Text("column.yes", nil), untitled: words.Text("entry.untitled", nil)}}
}

// Cell returns what stands in a column of row i of the Index, on one line.
func (l *Lister) Cell(i int32, c Column) string {
	r := &l.index.rows[i]
	switch c {
	case ColumnPassword:
		if r.Flags.Has(HasPassword) {
			return Hidden
		}
	case ColumnModified:
		if r.modified != 0 {
			return r.Modified().Local().Format(l.formats.day)
		}
	case ColumnExpires:
		if r.expires != 0 {
			return r.Expires().Local().Format(l.formats.day)
		}
	case ColumnAttachments:
		if n := r.Attachments; n > 0 {
			return strconv.Itoa(int(n))
		}
	case ColumnCode:
		if r.Flags.Has(HasCode) {
			return l.formats.yes
		}
	case ColumnOffline:
		if r.Flags.Has(HeldOffline) {
			return l.formats.yes
		}
	case ColumnTitle:
		if l.Untitled(i) {
			return l.formats.untitled
		}
		return string(l.index.shown(i, c))
	case ColumnGroup:
		return l.index.tree.Nodes[r.Group].Name
	default:
		return string(l.index.shown(i, c))
	}
	return ""
}

// Untitled reports whether the entry in row i has no title, so that its cell only
// says so.
func (l *Lister) Untitled(i int32) bool {
	return len(bytes.TrimSpace(l.index.shown(i, ColumnTitle))) == 0
}

// Mark returns the word that stands beside a draft in the list, and nothing for
// other rows.
func (l *Lister) Mark(i int32) string {
	if d := l.index.rows[i].Draft; d != DraftNone {
		return l.words.Text("draft."+d.String()+".short", nil)
	}
	return ""
}

// ID returns the identifier of the entry in row i.
func (ix *Index) ID(i int32) vault.ID { return ix.rows[i].ID }
