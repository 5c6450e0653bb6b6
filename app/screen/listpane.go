package screen

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// Entries are the rows of the list: those of an Index that a View names.
type Entries struct {
	Index  *present.Index
	View   *present.View
	Lister *present.Lister
	Now    time.Time // of what is expired
}

// rows are Entries as the list asks for them.
type rows struct{ Entries }

func (r rows) Len() int { return len(r.View.Rows) }

func (r rows) ID(row int) widget.RowID { return widget.RowID(r.Index.ID(r.View.Rows[row])) }

func (r rows) Cell(row int, column string) string {
	return r.Lister.Cell(r.View.Rows[row], present.Column(column))
}

func (r rows) Look(row int) widget.RowLook {
	i := r.View.Rows[row]
	x := r.Index.Row(i)
	look := widget.RowLook{Icon: iconOf(uint32(x.Icon)), Expired: x.Expired(r.Now)}
	if r.Lister.Untitled(i) {
		look.Faint = string(present.ColumnTitle)
	}
	if x.Draft != present.DraftNone {
		look.Mark = r.Lister.Mark(i)
	}
	return look
}

// Blank is what stands in place of the list while it has no rows.
type Blank struct {
	Icon           fyne.ThemeIconName
	Headline, Hint string
	Label          string // of the button; empty: none
	Action         func()
}

// listPane is the list, or what is said in its place.
type listPane struct {
	object *fyne.Container
	list   *widget.EntryList
	empty  *widget.Empty
	ground *tint
}

func newListPane(columns []widget.Column) *listPane {
	p := &listPane{list: widget.NewEntryList(columns), empty: widget.NewEmpty(theme.IconRefresh, "", "", "", nil), ground: newTint(theme.ColorPanel)}
	p.empty.Hide()
	p.ground.Hide()
	p.object = container.NewStack(p.list, p.ground, container.NewPadded(p.empty))
	return p
}

// show shows rows; with none of them, the blank.
func (p *listPane) show(e *Entries, blank Blank) {
	if e == nil {
		p.list.SetRows(nil)
	} else {
		p.list.SetRows(rows{*e})
	}
	if e != nil && len(e.View.Rows) > 0 {
		p.empty.Hide()
		p.ground.Hide()
		p.list.Show()
		return
	}
	p.empty.Set(blank.Icon, blank.Headline, blank.Hint, blank.Label, blank.Action)
	p.list.Hide()
	p.ground.Show()
	p.empty.Show()
	p.object.Refresh()
}

// measure is what a column wishes for, and when it goes as the list narrows.
type measure struct {
	width, least float32
	drop         int
}

var measures = map[present.Column]measure{
	present.ColumnTitle:       {220, 120, 0},
	present.ColumnUser:        {150, 80, 1},
	present.ColumnURL:         {190, 90, 2},
	present.ColumnGroup:       {130, 80, 3},
	present.ColumnPassword:    {76, 60, 5},
	present.ColumnOffline:     {60, 52, 4},
	present.ColumnExpires:     {96, 80, 6},
	present.ColumnModified:    {96, 80, 7},
	present.ColumnNotes:       {150, 80, 8},
	present.ColumnTags:        {110, 70, 9},
	present.ColumnCode:        {96, 60, 10},
	present.ColumnAttachments: {90, 60, 11},
}

// columnsOf returns columns as the list wants them. The first holds the icon,
// so it stays however narrow the list gets.
func columnsOf(words *present.Catalogue, keys []present.Column, widths map[string]float32) []widget.Column {
	var list []widget.Column
	for _, key := range keys {
		m, ok := measures[key]
		if !ok {
			continue
		}
		c := widget.Column{Key: string(key), Title: key.Label(words), Width: m.width, Min: m.least, Drop: m.drop}
		if w := widths[c.Key]; w > 0 {
			c.Width = w
		}
		list = append(list, c)
	}
	if len(list) > 0 {
		list[0].Drop = 0
	}
	return list
}
