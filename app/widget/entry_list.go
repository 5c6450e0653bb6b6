package widget

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// EntryList is the table of entries: a head that sorts and resizes, and rows
// that are painted only while they are in view, so that 100,000 cost what 50
// do. Rows are selected by the press of the button, not its release; Ctrl and
// Shift select several.
type EntryList struct {
	widget.BaseWidget

	// OnSelect is told of every change of the selection.
	OnSelect func()
	// OnOpen is told of a double click and of Enter.
	OnOpen func(RowID)
	// OnDelete is told of the key.
	OnDelete func()
	// OnMenu is asked for a context menu, with the place on the canvas.
	OnMenu func(at fyne.Position)
	// OnSort is told that a head was pressed. The owner sorts and calls
	// SetRows and SetSorting.
	OnSort func(Sorting)
	// OnWidths is told that the person changed the widths of columns.
	OnWidths func(widths map[string]float32)
	// OnKey is asked first about every key; true: it was used.
	OnKey func(*fyne.KeyEvent) bool
	// Target is where the selected entries can be dragged to; nil: nowhere.
	Target DropTarget

	rows    Rows
	columns []Column
	sorting Sorting
	chosen  selection
	cutter  cutter
	shown   []span // columns in view with their places
	search  typed
	drag    rowDrag

	head   *listHead
	body   *listBody
	ground *canvas.Rectangle
}

// NewEntryList returns an empty list with these columns. The first holds the
// icon and the badge.
func NewEntryList(columns []Column) *EntryList {
	l := &EntryList{rows: noRows{}, columns: columns, ground: canvas.NewRectangle(nil)}
	l.search.now = time.Now
	l.head = newListHead(l)
	l.body = newListBody(l)
	l.ExtendBaseWidget(l)
	return l
}

// SetRows shows other rows. Entries that are still there stay selected, and the
// cursor stays with its entry.
func (l *EntryList) SetRows(rows Rows) {
	if rows == nil {
		rows = noRows{}
	}
	l.rows = rows
	l.chosen.keep(rows)
	l.body.renew()
}

// SetColumns shows other columns.
func (l *EntryList) SetColumns(columns []Column) {
	l.columns = columns
	l.relayout()
}

// SetSorting shows by an arrow how the rows are sorted.
func (l *EntryList) SetSorting(s Sorting) {
	l.sorting = s
	l.head.Refresh()
}

// Columns returns the columns as they are now; the caller owns the slice.
func (l *EntryList) Columns() []Column { return append([]Column(nil), l.columns...) }

// ShownColumns returns the keys of the columns that there is room for.
func (l *EntryList) ShownColumns() []string {
	keys := make([]string, len(l.shown))
	for i, s := range l.shown {
		keys[i] = s.key
	}
	return keys
}

// Selected returns the selected entries in the order of the list.
func (l *EntryList) Selected() []RowID { return l.chosen.inOrder(l.rows) }

// Current returns the entry under the cursor; false if there is none.
func (l *EntryList) Current() (RowID, bool) {
	if l.chosen.cursor < 0 || l.chosen.cursor >= l.rows.Len() {
		return RowID{}, false
	}
	return l.rows.ID(l.chosen.cursor), true
}

// Select selects one entry and scrolls to it; false if it is not in the list.
func (l *EntryList) Select(id RowID) bool {
	for i := range l.rows.Len() {
		if l.rows.ID(i) == id {
			l.chosen.only(l.rows, i)
			l.after(true)
			return true
		}
	}
	return false
}

// SelectAll selects every row.
func (l *EntryList) SelectAll() {
	l.chosen.all(l.rows)
	l.after(false)
}

// SelectNone selects nothing.
func (l *EntryList) SelectNone() {
	l.chosen = selection{cursor: -1}
	l.after(false)
}

// ScrollToTop shows the first row, as after a new search.
func (l *EntryList) ScrollToTop() { l.body.ScrollToOffset(0) }

// Focus gives the list the keyboard and a cursor.
func (l *EntryList) Focus() {
	if len(l.chosen.ids) == 0 && l.rows.Len() > 0 {
		l.chosen.only(l.rows, max(0, l.chosen.cursor))
		l.after(true)
	}
	focus(l.body)
}

// Focused tells whether the list has the keyboard.
func (l *EntryList) Focused() bool { return l.body.focused }

// Focusable returns what takes the keyboard, for a window's order of focus.
func (l *EntryList) Focusable() fyne.Focusable { return l.body }

// press handles the mouse button on a row.
func (l *EntryList) press(row int, m fyne.KeyModifier, secondary bool) {
	focus(l.body)
	if row < 0 || row >= l.rows.Len() {
		return
	}
	l.drag.press(l, row, m, secondary)
	switch {
	case secondary && l.chosen.has(l.rows.ID(row)):
		l.chosen.cursor = row
	case l.drag.several: // the release decides
		return
	case m&fyne.KeyModifierShift != 0:
		l.chosen.extend(l.rows, row, m&fyne.KeyModifierShortcutDefault != 0)
	case m&fyne.KeyModifierShortcutDefault != 0:
		l.chosen.toggle(l.rows, row)
	default:
		l.chosen.only(l.rows, row)
	}
	l.after(false)
}

// after repaints a changed selection and tells of it.
func (l *EntryList) after(scroll bool) {
	if scroll && l.chosen.cursor >= 0 {
		l.body.reveal(l.chosen.cursor)
	}
	l.body.repaint()
	if l.OnSelect != nil {
		l.OnSelect()
	}
}

// relayout shares the width among the columns and repaints.
func (l *EntryList) relayout() {
	l.cutter.reset(sizeOf(l, toolkit.SizeNameText))
	l.shown = share(l.columns, l.Size().Width)
	l.head.Refresh()
	l.body.renew()
}

// Resize is the toolkit's.
func (l *EntryList) Resize(size fyne.Size) {
	changed := size.Width != l.Size().Width
	if changed { // before the rows of a higher list are made
		l.cutter.reset(sizeOf(l, toolkit.SizeNameText))
		l.shown = share(l.columns, size.Width)
	}
	l.BaseWidget.Resize(size)
	if changed {
		l.head.Refresh()
		l.body.renew()
	}
}

// CreateRenderer is the toolkit's.
func (l *EntryList) CreateRenderer() fyne.WidgetRenderer {
	r := &objects{
		all: func() []fyne.CanvasObject { return []fyne.CanvasObject{l.ground, l.head, l.body} },
		layout: func(size fyne.Size) {
			h := l.head.MinSize().Height
			l.ground.Resize(size)
			place(l.head, 0, 0, size.Width, h)
			place(l.body, 0, h, size.Width, max(0, size.Height-h))
		},
		min: func() fyne.Size { return fyne.NewSize(160, l.head.MinSize().Height*3) },
		refresh: func() {
			setFill(l.ground, colorOf(l, theme.ColorPanel))
			l.relayout()
		},
	}
	setFill(l.ground, colorOf(l, theme.ColorPanel))
	return r
}
