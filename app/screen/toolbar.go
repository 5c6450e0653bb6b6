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
	more    *widget.ToolbarButton // has what the window is too narrow for
	shown   []present.MenuItem
	buttons []*widget.ToolbarButton // one for each of shown that is no line
	hidden  bool                    // the buttons are; the search comes when it is asked for
	asked   bool
}

// newToolbar returns a toolbar without commands; more is the tip of the button
// for those that do not fit.
func newToolbar(search *widget.SearchEntry, more string, do func(present.CommandID, string)) *toolbar {
	b := &toolbar{do: do, search: search}
	b.more = widget.NewToolbarButton(theme.IconMore, "", more, b.rest)
	b.row = container.New(&barRow{bar: b}, search, b.more)
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
	b.row.Objects = []fyne.CanvasObject{b.search, b.more}
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

// rest shows the menu of the commands that the window is too narrow for.
func (b *toolbar) rest() {
	c := fyne.CurrentApp().Driver().CanvasForObject(b.object)
	if c == nil {
		return
	}
	menu := fyne.NewMenu("")
	at := 0
	for i := range b.shown {
		m := &b.shown[i]
		if m.Separator {
			continue
		}
		button := b.buttons[at]
		at++
		if button.Position().X != away {
			continue
		}
		item := fyne.NewMenuItem(m.Label, func() { b.do(m.ID, "") })
		item.Disabled = !m.Enabled
		item.Icon = theme.Icon(fyne.ThemeIconName(m.Icon))
		menu.Items = append(menu.Items, item)
	}
	fw.ShowPopUpMenuAtRelativePosition(menu, c, fyne.NewPos(0, b.more.Size().Height+2), b.more)
}

// last is the button that stays however narrow the window gets: the one of Lock,
// which has to be at hand; nil: there are none.
func (b *toolbar) last() fyne.CanvasObject {
	if len(b.buttons) == 0 {
		return nil
	}
	return b.buttons[len(b.buttons)-1]
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
		if o != fyne.CanvasObject(b.search) && o != fyne.CanvasObject(b.more) {
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
// the keyboard, at the right, the rest from the left. What has no room between
// the first button and the last is in a menu.
type barRow struct{ bar *toolbar }

const (
	barGap  = 2
	barLine = 3 // left and right of a line between buttons
)

// edge is what stays free beside a frame, at the right of a row, as what begins
// it has room at the left.
const edge = 6

// Layout is the toolkit's.
func (r barRow) Layout(all []fyne.CanvasObject, size fyne.Size) {
	size.Width -= edge
	search, more, last := all[0], all[1], r.bar.last()
	room := size.Width - searchNarrow - 8
	fits := last == nil || r.bar.hidden || barWidth(all[2:]) <= room
	if !fits {
		room -= more.MinSize().Width + barGap + last.MinSize().Width + barGap
	}
	show(more, !fits)
	var x float32
	full := false
	next := func(o fyne.CanvasObject) {
		w := o.MinSize().Width
		put(o, x, 0, w, size.Height)
		x += w + barGap
	}
	for _, o := range all[2:] {
		switch _, line := o.(*fw.Separator); {
		case !o.Visible():
		case line && full, !fits && o == last:
			put(o, away, 0, 1, size.Height)
		case line:
			put(o, x+barLine, 4, 1, size.Height-8)
			x += 2*barLine + 1 + barGap
		case !fits && (full || x+o.MinSize().Width > room):
			full = true
			put(o, away, 0, o.MinSize().Width, size.Height)
		default:
			next(o)
		}
	}
	if !fits {
		next(more)
		next(last)
	}
	w := max(searchNarrow, min(searchWide, size.Width-x-8))
	h := search.MinSize().Height
	put(search, size.Width-w, (size.Height-h)/2, w, h)
}

// barWidth is what buttons and lines between them need.
func barWidth(all []fyne.CanvasObject) (w float32) {
	for _, o := range all {
		if !o.Visible() {
			continue
		}
		if _, line := o.(*fw.Separator); line {
			w += 2*barLine + 1 + barGap
		} else {
			w += o.MinSize().Width + barGap
		}
	}
	return w
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
