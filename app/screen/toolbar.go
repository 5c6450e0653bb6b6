package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// Widths of the quick search, in points: it takes what the buttons leave.
const (
	searchWide   = 260
	searchNarrow = 170
)

// toolbar is the row of buttons with the quick search at its right.
type toolbar struct {
	do      func(present.CommandID, string)
	object  *fyne.Container
	row     *fyne.Container
	search  *widget.SearchEntry
	shown   []present.MenuItem
	buttons []*widget.ToolbarButton
	hidden  bool // the buttons are; the search comes when it is asked for
	asked   bool
}

func newToolbar(search *widget.SearchEntry, do func(present.CommandID, string)) *toolbar {
	b := &toolbar{do: do, search: search}
	b.row = container.New(&barRow{}, search)
	b.object = container.NewStack(newTint(theme.ColorBar), container.NewPadded(b.row))
	return b
}

// show shows the commands. The buttons are made anew only where others are
// wanted, so that a tip stays while an entry is selected.
func (b *toolbar) show(items []present.MenuItem) {
	if !b.same(items) {
		b.build(items)
	}
	b.shown = items
	at := 0
	for i := range items {
		if items[i].Separator {
			continue
		}
		icon, label, tip := looks(&items[i])
		b.buttons[at].SetLook(icon, label, tip)
		b.buttons[at].SetEnabled(items[i].Enabled, items[i].Why)
		at++
	}
}

// same reports whether items need the buttons that are there.
func (b *toolbar) same(items []present.MenuItem) bool {
	if len(items) != len(b.shown) {
		return false
	}
	for i := range items {
		if items[i].ID != b.shown[i].ID || items[i].Separator != b.shown[i].Separator {
			return false
		}
	}
	return true
}

func (b *toolbar) build(items []present.MenuItem) {
	b.buttons = nil
	b.row.Objects = []fyne.CanvasObject{b.search}
	for i := range items {
		if items[i].Separator {
			b.row.Add(fw.NewSeparator())
			continue
		}
		id := items[i].ID
		icon, label, tip := looks(&items[i])
		button := widget.NewToolbarButton(icon, label, tip, func() { b.do(id, "") })
		b.buttons = append(b.buttons, button)
		b.row.Add(button)
	}
	b.arrange()
}

// looks returns how a command is drawn. Going offline and coming back are what
// the program is for: these have their exact words beside the icon.
func looks(m *present.MenuItem) (icon fyne.ThemeIconName, label, tip string) {
	icon = fyne.ThemeIconName(m.Icon)
	tip = m.Label
	if !m.Shortcut.IsZero() {
		tip += " (" + m.Shortcut.String() + ")"
	}
	if m.ID == present.CmdConnect || m.ID == present.CmdDisconnect {
		label = m.Label
	}
	return icon, label, tip
}

// hide hides the buttons, or shows them.
func (b *toolbar) hide(hidden bool) {
	b.hidden = hidden
	b.arrange()
}

// ask shows the search where the toolbar is hidden, or takes it away again.
func (b *toolbar) ask(asked bool) {
	b.asked = asked
	b.arrange()
}

func (b *toolbar) arrange() {
	for _, o := range b.row.Objects {
		if o != fyne.CanvasObject(b.search) {
			if b.hidden {
				o.Hide()
			} else {
				o.Show()
			}
		}
	}
	if b.hidden && !b.asked {
		b.object.Hide()
	} else {
		b.object.Show()
	}
	b.row.Refresh()
}

// barRow lays the toolbar out: the search, which comes first in the order of
// the keyboard, at the right, the rest from the left.
type barRow struct{}

const barGap = 2

// edge is what stays free beside a frame, at the right of a row, as what begins
// it has room at the left.
const edge = 6

// Layout is the toolkit's.
func (barRow) Layout(all []fyne.CanvasObject, size fyne.Size) {
	var x float32
	size.Width -= edge
	room := size.Width - searchNarrow - 8
	for _, o := range all[1:] {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		if _, line := o.(*fw.Separator); line {
			x += 3
			put(o, x, 4, 1, size.Height-8)
			x += 1 + 3 + barGap
			continue
		}
		if x+m.Width > room { // a menu has it too
			put(o, away, 0, m.Width, size.Height)
			continue
		}
		put(o, x, 0, m.Width, size.Height)
		x += m.Width + barGap
	}
	w := max(searchNarrow, min(searchWide, size.Width-x-8))
	h := all[0].MinSize().Height
	put(all[0], size.Width-w, (size.Height-h)/2, w, h)
}

// MinSize is the toolkit's.
func (barRow) MinSize(all []fyne.CanvasObject) fyne.Size {
	var h float32
	for _, o := range all {
		if o.Visible() {
			h = max(h, o.MinSize().Height)
		}
	}
	return fyne.NewSize(searchNarrow+8+edge, h)
}
