package widget

import (
	"strings"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// listBody is the scrolled part of an EntryList. The toolkit's list moves a
// highlight with the arrows and selects with Space, which nobody expects of a
// table; this one selects with the arrows and knows Home, End, PgUp, PgDn and
// typing ahead.
type listBody struct {
	widget.List
	list        *EntryList
	live        map[*listRow]bool // rows that show something, or wait in the toolkit's pool
	focused     bool
	shift, ctrl bool
}

func newListBody(l *EntryList) *listBody {
	b := &listBody{list: l, live: make(map[*listRow]bool)}
	b.HideSeparators = true
	b.Length = func() int { return l.rows.Len() }
	b.CreateItem = func() fyne.CanvasObject { return newListRow(l) }
	b.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		b.live[o.(*listRow)] = true
		o.(*listRow).show(i)
	}
	b.ExtendBaseWidget(b)
	l.chosen.cursor = -1
	return b
}

// repaint paints the rows again where only their looks changed. The toolkit's
// Refresh makes new rows each time, whose pictures are read and drawn again.
func (b *listBody) repaint() {
	for r := range b.live {
		r.paint()
		canvas.Refresh(r)
	}
}

// renew shows other rows, or the same in other columns.
func (b *listBody) renew() {
	clear(b.live)
	b.Refresh()
}

// reveal scrolls as far as it takes to see a row.
func (b *listBody) reveal(row int) {
	step := b.step()
	top, offset := float32(row)*step, b.GetScrollOffset()
	switch {
	case top < offset:
		b.ScrollToOffset(top)
	case top+step > offset+b.Size().Height:
		b.ScrollToOffset(top + step - b.Size().Height)
	}
}

// step is how far one row is from the next.
func (b *listBody) step() float32 {
	return listRowHeight(b.list) + sizeOf(b.list, toolkit.SizeNamePadding)
}

// FocusGained is the toolkit's.
func (b *listBody) FocusGained() {
	b.focused = true
	b.repaint()
}

// FocusLost is the toolkit's.
func (b *listBody) FocusLost() {
	b.focused, b.shift, b.ctrl = false, false, false
	b.repaint()
}

// KeyDown is the toolkit's: it tells of modifiers, which TypedKey does not.
func (b *listBody) KeyDown(e *fyne.KeyEvent) { b.modifier(e, true) }

// KeyUp is the toolkit's.
func (b *listBody) KeyUp(e *fyne.KeyEvent) { b.modifier(e, false) }

func (b *listBody) modifier(e *fyne.KeyEvent, down bool) {
	switch e.Name {
	case "LeftShift", "RightShift":
		b.shift = down
	case "LeftControl", "RightControl":
		b.ctrl = down
	}
}

// TypedKey is the toolkit's.
func (b *listBody) TypedKey(e *fyne.KeyEvent) {
	l := b.list
	if e.Name == fyne.KeyEscape && l.drag.cancel(l) {
		return
	}
	if l.OnKey != nil && l.OnKey(e) {
		return
	}
	n := l.rows.Len()
	at := l.chosen.cursor
	switch e.Name {
	case fyne.KeyUp:
		b.move(at - 1)
	case fyne.KeyDown:
		b.move(at + 1)
	case fyne.KeyHome:
		b.move(0)
	case fyne.KeyEnd:
		b.move(n - 1)
	case fyne.KeyPageUp:
		b.move(at - b.page())
	case fyne.KeyPageDown:
		b.move(at + b.page())
	case fyne.KeySpace:
		if b.ctrl && at >= 0 && at < n {
			l.chosen.toggle(l.rows, at)
			l.after(false)
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		if id, ok := l.Current(); ok && l.OnOpen != nil {
			l.OnOpen(id)
		}
	case fyne.KeyDelete:
		if len(l.chosen.ids) > 0 && l.OnDelete != nil {
			l.OnDelete()
		}
	case "Menu":
		b.menu()
	default:
		pass(b, e)
	}
}

// move puts the cursor on a row, within the list.
func (b *listBody) move(row int) {
	l := b.list
	if l.rows.Len() == 0 {
		return
	}
	row = max(0, min(row, l.rows.Len()-1))
	if b.shift {
		l.chosen.extend(l.rows, row, false)
	} else {
		l.chosen.only(l.rows, row)
	}
	l.after(true)
}

// page is how many rows are in view.
func (b *listBody) page() int {
	return max(1, int(b.Size().Height/b.step())-1)
}

// menu asks for the context menu at the cursor, for the key.
func (b *listBody) menu() {
	if b.list.OnMenu == nil || b.list.chosen.cursor < 0 {
		return
	}
	y := float32(b.list.chosen.cursor+1)*b.step() - b.GetScrollOffset()
	b.list.OnMenu(fyne.CurrentApp().Driver().AbsolutePositionForObject(b).AddXY(24, max(0, min(y, b.Size().Height))))
}

// TypedRune is the toolkit's: letters find the next title that starts so.
func (b *listBody) TypedRune(r rune) {
	l := b.list
	if len(l.columns) == 0 || b.ctrl {
		return
	}
	if prefix := l.search.add(r); prefix != "" {
		from := max(0, l.chosen.cursor)
		if utf8.RuneCountInString(prefix) == 1 {
			from++ // the same letter again goes on
		}
		for i := range l.rows.Len() {
			row := (from + i) % l.rows.Len()
			if hasPrefixFold(l.rows.Cell(row, l.columns[0].Key), prefix) {
				l.chosen.only(l.rows, row)
				l.after(true)
				return
			}
		}
	}
}

// typed gathers letters that follow each other within a second.
type typed struct {
	text string
	last time.Time
	now  func() time.Time
}

func (t *typed) add(r rune) string {
	now := t.now()
	if now.Sub(t.last) > time.Second {
		t.text = ""
	}
	t.last = now
	if t.text == "" && r == ' ' {
		return ""
	}
	if t.text != string(r) { // the same letter twice means the next one, not "aa"
		t.text += string(r)
	}
	return t.text
}

func hasPrefixFold(text, prefix string) bool {
	end := 0
	for range utf8.RuneCountInString(prefix) {
		_, n := utf8.DecodeRuneInString(text[end:])
		end += n
	}
	return strings.EqualFold(text[:end], prefix)
}
