package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// grip is how far from a border the pointer still takes hold of it.
const grip = 5

// listHead is the row of titles of an EntryList. A press sorts, a drag of a
// border resizes.
type listHead struct {
	widget.BaseWidget
	list    *EntryList
	ground  *canvas.Rectangle
	line    *canvas.Rectangle
	arrow   *canvas.Image
	titles  []*canvas.Text
	borders []*canvas.Rectangle
	hold    int // border that is dragged; -1: none
	at      float32
}

func newListHead(l *EntryList) *listHead {
	h := &listHead{list: l, ground: canvas.NewRectangle(nil), line: canvas.NewRectangle(nil), arrow: canvas.NewImageFromResource(nil), hold: -1}
	h.ExtendBaseWidget(h)
	return h
}

func (h *listHead) titleOf(key string) string {
	for _, c := range h.list.columns {
		if c.Key == key {
			return c.Title
		}
	}
	return ""
}

func (h *listHead) paint() {
	size, height := sizeOf(h.list, toolkit.SizeNameCaptionText)+0.5, h.MinSize().Height
	setFill(h.ground, colorOf(h.list, toolkit.ColorNameHeaderBackground))
	setFill(h.line, colorOf(h.list, toolkit.ColorNameSeparator))
	for len(h.titles) < len(h.list.shown) {
		t := canvas.NewText("", nil)
		t.TextStyle.Bold = true
		h.titles = append(h.titles, t)
		h.borders = append(h.borders, canvas.NewRectangle(nil))
	}
	c := cutter{style: fyne.TextStyle{Bold: true}}
	c.reset(size)
	h.arrow.Hide()
	for i, t := range h.titles {
		if i >= len(h.list.shown) {
			t.Hide()
			h.borders[i].Hide()
			continue
		}
		s := h.list.shown[i]
		room := s.w - 2*cellPad
		if h.list.sorting.Column == s.key {
			room -= 14
		}
		text, _ := c.cut(h.titleOf(s.key), room)
		setText(t, text, size, colorOf(h.list, theme.ColorDim))
		place(t, s.x+cellPad, (height-size*1.36)/2-0.5, room, size*1.36)
		t.Show()
		setFill(h.borders[i], colorOf(h.list, toolkit.ColorNameSeparator))
		place(h.borders[i], s.x+s.w-1, 4, 1, height-8)
		h.borders[i].Hidden = i+1 == len(h.list.shown)
		if h.list.sorting.Column == s.key {
			icon := theme.IconSortUp
			if h.list.sorting.Descending {
				icon = theme.IconSortDown
			}
			setIcon(h.arrow, theme.Colored(icon, theme.ColorDim))
			place(h.arrow, s.x+cellPad+c.measure(text)+1, (height-14)/2, 14, 14)
			h.arrow.Show()
		}
	}
}

// CreateRenderer is the toolkit's.
func (h *listHead) CreateRenderer() fyne.WidgetRenderer {
	return &objects{
		all: func() []fyne.CanvasObject {
			all := []fyne.CanvasObject{h.ground, h.line, h.arrow}
			for i, t := range h.titles {
				all = append(all, t, h.borders[i])
			}
			return all
		},
		layout: func(size fyne.Size) {
			h.ground.Resize(size)
			place(h.line, 0, size.Height-1, size.Width, 1)
			h.paint()
		},
		min: func() fyne.Size {
			return fyne.NewSize(64, sizeOf(h.list, toolkit.SizeNameCaptionText)*1.36+9)
		},
		refresh: func() { h.paint(); canvas.Refresh(h) },
	}
}

// border returns the border near a place; -1: none. The last has no neighbour.
func (h *listHead) border(x float32) int {
	for i, s := range h.list.shown {
		if d := x - (s.x + s.w); d > -grip && d < grip && i+1 < len(h.list.shown) {
			return i
		}
	}
	return -1
}

// Tapped is the toolkit's.
func (h *listHead) Tapped(e *fyne.PointEvent) {
	if h.border(e.Position.X) >= 0 || h.list.OnSort == nil {
		return
	}
	for _, s := range h.list.shown {
		if e.Position.X < s.x || e.Position.X >= s.x+s.w || !s.ordered {
			continue
		}
		next := Sorting{Column: s.key}
		if h.list.sorting.Column == s.key {
			next.Descending = !h.list.sorting.Descending
		}
		h.list.OnSort(next)
	}
}

// Dragged is the toolkit's.
func (h *listHead) Dragged(e *fyne.DragEvent) {
	if h.hold < 0 {
		if h.hold = h.border(e.Position.X - e.Dragged.DX); h.hold < 0 {
			return
		}
	}
	drag(h.list.columns, h.list.shown, h.hold, e.Dragged.DX)
	h.list.relayout()
}

// DragEnd is the toolkit's.
func (h *listHead) DragEnd() {
	if h.hold < 0 {
		return
	}
	h.hold = -1
	if h.list.OnWidths != nil {
		widths := make(map[string]float32, len(h.list.columns))
		for _, c := range h.list.columns {
			widths[c.Key] = c.Width
		}
		h.list.OnWidths(widths)
	}
}

// MouseIn is the toolkit's.
func (h *listHead) MouseIn(e *desktop.MouseEvent) { h.at = e.Position.X }

// MouseMoved is the toolkit's.
func (h *listHead) MouseMoved(e *desktop.MouseEvent) { h.at = e.Position.X }

// MouseOut is the toolkit's.
func (h *listHead) MouseOut() { h.at = -grip }

// Cursor is the toolkit's.
func (h *listHead) Cursor() desktop.Cursor {
	if h.hold >= 0 || h.border(h.at) >= 0 {
		return desktop.HResizeCursor
	}
	return desktop.DefaultCursor
}
