package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Splitter divides a place in two with a border that can be dragged. Unlike the
// toolkit's, one side keeps its size in points when the window grows, and the
// size can be saved.
type Splitter struct {
	widget.BaseWidget

	// OnResized is told the size after the person dragged the border.
	OnResized func(points float32)

	first, second fyne.CanvasObject
	vertical      bool // one above the other
	keepSecond    bool // the second keeps its size, not the first
	points        float32
	handle        *handle
}

// Split says how a Splitter divides.
type Split struct {
	First, Second fyne.CanvasObject
	Vertical      bool    // one above the other, else side by side
	KeepSecond    bool    // Points is the size of the second, else of the first
	Points        float32 // wished size of the side that keeps it
}

// NewSplitter returns a divided place.
func NewSplitter(s Split) *Splitter {
	p := &Splitter{first: s.First, second: s.Second, vertical: s.Vertical, keepSecond: s.KeepSecond, points: s.Points}
	p.handle = &handle{split: p, line: canvas.NewRectangle(nil)}
	p.handle.ExtendBaseWidget(p.handle)
	p.ExtendBaseWidget(p)
	return p
}

// Points returns the size of the side that keeps it, for saving.
func (p *Splitter) Points() float32 { return p.points }

// SetPoints sets that size.
func (p *Splitter) SetPoints(points float32) {
	p.points = points
	p.Refresh()
}

func (p *Splitter) along(s fyne.Size) float32 {
	if p.vertical {
		return s.Height
	}
	return s.Width
}

// bounded returns the size that the keeping side gets in a place.
func (p *Splitter) bounded(size fyne.Size) float32 {
	bar := p.along(p.handle.MinSize())
	keep, other := p.first, p.second
	if p.keepSecond {
		keep, other = other, keep
	}
	room := p.along(size) - bar
	return max(p.along(keep.MinSize()), min(p.points, room-p.along(other.MinSize())))
}

func (p *Splitter) arrange(size fyne.Size) {
	total, bar := p.along(size), p.along(p.handle.MinSize())
	if !p.first.Visible() || !p.second.Visible() {
		p.handle.Hide()
		whole := p.first
		if !p.first.Visible() {
			whole = p.second
		}
		place(whole, 0, 0, size.Width, size.Height)
		return
	}
	p.handle.Show()
	a := p.bounded(size)
	if p.keepSecond {
		a = total - bar - a
	}
	a = max(0, a)
	b := max(0, total-bar-a)
	if p.vertical {
		place(p.first, 0, 0, size.Width, a)
		place(p.handle, 0, a, size.Width, bar)
		place(p.second, 0, a+bar, size.Width, b)
		return
	}
	place(p.first, 0, 0, a, size.Height)
	place(p.handle, a, 0, bar, size.Height)
	place(p.second, a+bar, 0, b, size.Height)
}

// CreateRenderer is the toolkit's.
func (p *Splitter) CreateRenderer() fyne.WidgetRenderer {
	return &objects{
		all:    func() []fyne.CanvasObject { return []fyne.CanvasObject{p.first, p.second, p.handle} },
		layout: p.arrange,
		min: func() fyne.Size {
			a, b, bar := p.first.MinSize(), p.second.MinSize(), p.handle.MinSize()
			if !p.first.Visible() {
				a, bar = fyne.Size{}, fyne.Size{}
			}
			if !p.second.Visible() {
				b, bar = fyne.Size{}, fyne.Size{}
			}
			if p.vertical {
				return fyne.NewSize(max(a.Width, b.Width), a.Height+bar.Height+b.Height)
			}
			return fyne.NewSize(a.Width+bar.Width+b.Width, max(a.Height, b.Height))
		},
		refresh: func() { p.arrange(p.Size()); p.handle.Refresh(); canvas.Refresh(p) },
	}
}

// handle is the border of a Splitter.
type handle struct {
	widget.BaseWidget
	split *Splitter
	line  *canvas.Rectangle
	held  bool
	hover bool
}

// CreateRenderer is the toolkit's.
func (h *handle) CreateRenderer() fyne.WidgetRenderer {
	paint := func() {
		color := toolkit.ColorNameSeparator
		if h.hover || h.held {
			color = toolkit.ColorNamePrimary
		}
		setFill(h.line, colorOf(h, color))
	}
	paint()
	return &objects{
		all: func() []fyne.CanvasObject { return []fyne.CanvasObject{h.line} },
		layout: func(size fyne.Size) {
			if h.split.vertical {
				place(h.line, 0, (size.Height-1)/2, size.Width, 1)
			} else {
				place(h.line, (size.Width-1)/2, 0, 1, size.Height)
			}
		},
		min:     func() fyne.Size { return fyne.NewSquareSize(5) },
		refresh: func() { paint(); canvas.Refresh(h) },
	}
}

// Dragged is the toolkit's.
func (h *handle) Dragged(e *fyne.DragEvent) {
	by := e.Dragged.DX
	if h.split.vertical {
		by = e.Dragged.DY
	}
	if h.split.keepSecond {
		by = -by
	}
	if !h.held { // what is seen, not what was wished in a wider window
		h.held = true
		h.split.points = h.split.bounded(h.split.Size())
	}
	h.split.points += by
	h.split.Refresh()
}

// DragEnd is the toolkit's.
func (h *handle) DragEnd() {
	h.held = false
	h.split.points = h.split.bounded(h.split.Size())
	h.Refresh()
	if h.split.OnResized != nil {
		h.split.OnResized(h.split.points)
	}
}

// MouseIn is the toolkit's.
func (h *handle) MouseIn(*desktop.MouseEvent) { h.hover = true; h.Refresh() }

// MouseMoved is the toolkit's.
func (h *handle) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is the toolkit's.
func (h *handle) MouseOut() { h.hover = false; h.Refresh() }

// Cursor is the toolkit's.
func (h *handle) Cursor() desktop.Cursor {
	if h.split.vertical {
		return desktop.VResizeCursor
	}
	return desktop.HResizeCursor
}
