package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

const (
	cellPad  = 6  // left and right of a text
	iconSide = 16 // of the icon before the title
)

// listRow paints one row of an EntryList: plain texts on a rectangle. Widgets
// in its place would cost ten times as much while scrolling.
type listRow struct {
	widget.BaseWidget
	tips
	list   *EntryList
	row    int
	hover  bool
	cut    []bool // by column: the text did not fit
	ground *canvas.Rectangle
	icons  pictures
	pill   *canvas.Rectangle
	mark   *canvas.Text
	strike *canvas.Line
	texts  []*canvas.Text
}

func newListRow(l *EntryList) *listRow {
	r := &listRow{list: l, row: -1, ground: canvas.NewRectangle(nil), pill: canvas.NewRectangle(nil), mark: canvas.NewText("", nil), strike: canvas.NewLine(nil)}
	r.icons = make(pictures)
	r.pill.CornerRadius = 3
	r.ExtendBaseWidget(r)
	return r
}

// listRowHeight is the height of a row without the gap that the toolkit adds.
func listRowHeight(w themed) float32 {
	return max(iconSide, sizeOf(w, toolkit.SizeNameText)*1.36) + 4
}

// show paints a row of the list.
func (r *listRow) show(row int) {
	if r.row != row {
		r.leave()
		r.hover = false
	}
	r.row = row
	r.paint()
}

func (r *listRow) paint() {
	l := r.list
	if r.row < 0 || r.row >= l.rows.Len() {
		return
	}
	size := sizeOf(l, toolkit.SizeNameText)
	look := l.rows.Look(r.row)
	selected := l.chosen.has(l.rows.ID(r.row))
	setFill(r.ground, colorOf(l, r.groundName(selected)))

	ink := toolkit.ColorNameForeground
	if look.Expired && !selected {
		ink = theme.ColorExpired
	}
	r.paintIcon(look)
	for len(r.texts) < len(l.shown) {
		r.texts = append(r.texts, canvas.NewText("", nil))
		r.cut = append(r.cut, false)
	}
	height := listRowHeight(l)
	pill := r.paintMark(look.Mark, height)
	for i, t := range r.texts {
		if i >= len(l.shown) {
			t.Hide()
			continue
		}
		s := l.shown[i]
		x, w := s.x+cellPad, s.w-2*cellPad
		color := colorOf(l, ink)
		if i == 0 {
			x, w = x+iconSide+5, w-iconSide-5-pill
		}
		if (i > 0 || s.key == look.Faint) && !look.Expired && !selected {
			color = colorOf(l, theme.ColorDim)
		}
		text, cut := l.cutter.cut(l.rows.Cell(r.row, s.key), w)
		r.cut[i] = cut
		setText(t, text, size, color)
		place(t, x, (height-size*1.36)/2-0.5, w, size*1.36)
		t.Show()
		if i == 0 {
			r.placeMark(x, w, text, look)
		}
	}
}

func (r *listRow) groundName(selected bool) fyne.ThemeColorName {
	switch {
	case selected && r.list.body.focused:
		return theme.ColorSelected
	case selected:
		return theme.ColorSelectedDim
	case r.hover:
		return theme.ColorRowHover
	case r.row%2 == 1:
		return theme.ColorZebra
	default:
		return theme.ColorPanel
	}
}

// paintIcon shows the picture of the entry.
func (r *listRow) paintIcon(look RowLook) {
	name, color := look.Icon, toolkit.ColorNamePrimary
	if name == "" {
		name = theme.IconKey
	}
	if look.Expired {
		color = theme.ColorExpired
	}
	r.icons.show(theme.Colored(name, color), cellPad, (listRowHeight(r.list)-iconSide)/2, iconSide)
}

// paintMark paints the badge and returns the room that it takes.
func (r *listRow) paintMark(mark string, height float32) float32 {
	if mark == "" {
		r.pill.Hide()
		r.mark.Hide()
		return 0
	}
	size := sizeOf(r.list, toolkit.SizeNameCaptionText) - 0.5
	setText(r.mark, mark, size, colorOf(r.list, theme.ColorDraft))
	setFill(r.pill, colorOf(r.list, theme.ColorDraftGround))
	r.mark.Resize(r.mark.MinSize())
	r.pill.Resize(fyne.NewSize(r.mark.MinSize().Width+10, height-4))
	r.pill.Show()
	r.mark.Show()
	return r.pill.Size().Width + 6
}

// placeMark puts the badge after the title, and the line through an expired one.
func (r *listRow) placeMark(x, room float32, text string, look RowLook) {
	used := min(room, r.list.cutter.measure(text))
	height := listRowHeight(r.list)
	r.pill.Move(fyne.NewPos(x+used+6, 2))
	r.mark.Move(fyne.NewPos(x+used+11, (height-r.mark.MinSize().Height)/2))
	if look.Expired && text != "" {
		r.strike.StrokeColor = colorOf(r.list, theme.ColorExpired)
		r.strike.Position1 = fyne.NewPos(x, height/2+1)
		r.strike.Position2 = fyne.NewPos(x+used, height/2+1)
		r.strike.Show()
	} else {
		r.strike.Hide()
	}
}

// CreateRenderer is the toolkit's.
func (r *listRow) CreateRenderer() fyne.WidgetRenderer {
	return &objects{
		all: func() []fyne.CanvasObject {
			all := r.icons.over(r.ground, r.pill, r.mark, r.strike)
			for _, t := range r.texts {
				all = append(all, t)
			}
			return all
		},
		layout: func(size fyne.Size) {
			gap := sizeOf(r.list, toolkit.SizeNamePadding) // the toolkit leaves it between rows
			place(r.ground, 0, -gap/2, size.Width, size.Height+gap)
			r.paint()
		},
		min:     func() fyne.Size { return fyne.NewSize(64, listRowHeight(r.list)) },
		refresh: func() { r.paint(); canvas.Refresh(r) },
	}
}

// MouseDown is the toolkit's: the press selects, without waiting for whether a
// second one follows.
func (r *listRow) MouseDown(e *desktop.MouseEvent) {
	r.leave()
	r.list.press(r.row, e.Modifier, e.Button == desktop.MouseButtonSecondary)
}

// MouseUp is the toolkit's: it comes before DragEnd.
func (r *listRow) MouseUp(*desktop.MouseEvent) { r.list.drag.release(r.list) }

// Dragged is the toolkit's.
func (r *listRow) Dragged(e *fyne.DragEvent) {
	r.leave()
	r.list.drag.move(r.list, e)
}

// DragEnd is the toolkit's.
func (r *listRow) DragEnd() { r.list.drag.end(r.list) }

// DoubleTapped is the toolkit's.
func (r *listRow) DoubleTapped(*fyne.PointEvent) {
	if r.list.OnOpen != nil && r.row >= 0 && r.row < r.list.rows.Len() {
		r.list.OnOpen(r.list.rows.ID(r.row))
	}
}

// TappedSecondary is the toolkit's.
func (r *listRow) TappedSecondary(e *fyne.PointEvent) {
	if r.list.OnMenu != nil {
		r.list.OnMenu(e.AbsolutePosition)
	}
}

// MouseIn is the toolkit's.
func (r *listRow) MouseIn(e *desktop.MouseEvent) {
	r.hover = true
	r.paint()
	if r.row < 0 || r.row >= r.list.rows.Len() {
		return
	}
	for i, s := range r.list.shown { // the whole of a text that was cut
		if i < len(r.cut) && r.cut[i] && e.Position.X >= s.x && e.Position.X < s.x+s.w {
			text := r.list.rows.Cell(r.row, s.key)
			r.enter(r, text[:min(len(text), longestCell)], e)
		}
	}
}

// MouseMoved is the toolkit's.
func (r *listRow) MouseMoved(e *desktop.MouseEvent) { r.moved(e) }

// MouseOut is the toolkit's.
func (r *listRow) MouseOut() {
	r.hover = false
	r.paint()
	r.leave()
}
