package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// bareLine draws a field of one line without the bar that the toolkit shows
// below a text that is wider than the field: the arrow keys and the mouse scroll
// it, and a bar over the feet of the letters helps nobody. The toolkit cannot
// leave it out, so it is painted over.
type bareLine struct {
	fyne.WidgetRenderer
	of    themed
	cover *barCover
	all   []fyne.CanvasObject
}

func newBareLine(base fyne.WidgetRenderer, of themed) *bareLine {
	r := &bareLine{WidgetRenderer: base, of: of, cover: &barCover{of: of, ground: canvas.NewRectangle(nil)}}
	r.cover.ExtendBaseWidget(r.cover)
	return r
}

// Objects is the toolkit's, the line around the field last: it stays whole, over
// the bar and over what runs out of the field.
func (r *bareLine) Objects() []fyne.CanvasObject {
	r.all = r.all[:0]
	var line fyne.CanvasObject = r.cover
	for _, o := range r.WidgetRenderer.Objects() {
		if x, ok := o.(*canvas.Rectangle); ok && x.StrokeWidth > 0 {
			line = x
			continue
		}
		r.all = append(r.all, o)
	}
	if r.all = append(r.all, r.cover); line != fyne.CanvasObject(r.cover) {
		r.all = append(r.all, line)
	}
	return r.all
}

// Layout is the toolkit's.
func (r *bareLine) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	border, high := sizeOf(r.of, toolkit.SizeNameInputBorder), sizeOf(r.of, toolkit.SizeNameScrollBarSmall)+1 // its edge is soft
	place(r.cover, border, size.Height-border-high, max(0, size.Width-2*border), high)
}

// Refresh is the toolkit's.
func (r *bareLine) Refresh() {
	r.WidgetRenderer.Refresh()
	r.cover.paint()
}

// barCover lies over the bar. It takes the pointer as well, which would make the
// bar grow.
type barCover struct {
	widget.BaseWidget
	of     themed
	ground *canvas.Rectangle
}

// CreateRenderer is the toolkit's.
func (c *barCover) CreateRenderer() fyne.WidgetRenderer {
	c.paint()
	return &objects{
		all:     func() []fyne.CanvasObject { return []fyne.CanvasObject{c.ground} },
		layout:  func(size fyne.Size) { place(c.ground, 0, 0, size.Width, size.Height) },
		min:     func() fyne.Size { return fyne.Size{} },
		refresh: c.paint,
	}
}

func (c *barCover) paint() {
	radius := sizeOf(c.of, toolkit.SizeNameInputRadius)
	c.ground.BottomLeftCornerRadius, c.ground.BottomRightCornerRadius = radius, radius
	setFill(c.ground, colorOf(c.of, toolkit.ColorNameInputBackground))
}

// Cursor is the toolkit's: that of the text below.
func (c *barCover) Cursor() desktop.Cursor { return desktop.TextCursor }

// MouseIn is the toolkit's.
func (c *barCover) MouseIn(*desktop.MouseEvent) {}

// MouseMoved is the toolkit's.
func (c *barCover) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is the toolkit's.
func (c *barCover) MouseOut() {}
