package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const (
	cardPad   = 14  // inside the border of a dialog
	cardWidth = 440 // of a dialog that does not ask for another
	cardEdge  = 12  // to the edge of the window
	// titleWidth is how wide a title makes its dialog; a longer one is cut.
	titleWidth = 560
)

// card lays a dialog out: head, body, foot, one below the other. A body that is
// higher than the window scrolls; head and foot stay.
type card struct {
	widget.BaseWidget
	ground     *canvas.Rectangle
	cover      *cover // over the body while the dialog is busy
	head, foot fyne.CanvasObject
	wished     float32 // width of the head
	scroll     *container.Scroll
	margin     *margin // in scroll, around body
	body       fyne.CanvasObject
	dialog     *Dialog
}

func newCardLayout(head, body, foot fyne.CanvasObject, d *Dialog) *card {
	c := &card{ground: canvas.NewRectangle(nil), head: head, body: body, foot: foot, dialog: d, margin: &margin{}}
	c.scroll = container.NewVScroll(container.New(c.margin, body))
	c.ground.CornerRadius, c.ground.StrokeWidth = 8, 1
	c.cover = newCover()
	c.ExtendBaseWidget(c)
	return c
}

// fit returns the size of the card in a window.
func (c *card) fit(window fyne.Size) fyne.Size {
	width := c.dialog.Width
	if width == 0 {
		width = cardWidth
	}
	width = max(width, c.wished, c.foot.MinSize().Width, c.body.MinSize().Width+1)
	width = min(width+2*cardPad, window.Width-2*cardEdge)
	// texts that wrap know their height only once they have a width
	inner := width - 2*cardPad
	c.foot.Resize(fyne.NewSize(inner, c.foot.MinSize().Height))
	c.body.Resize(fyne.NewSize(inner, c.body.MinSize().Height))
	// 2 more than it needs: a rounding error would show a scroll bar
	body := max(c.body.MinSize().Height+2, c.dialog.Height)
	height := c.head.MinSize().Height + 10 + body + 12 + c.foot.MinSize().Height + 2*cardPad
	return fyne.NewSize(width, min(height, window.Height-2*cardEdge))
}

// CreateRenderer is the toolkit's.
func (c *card) CreateRenderer() fyne.WidgetRenderer {
	paint := func() {
		c.ground.StrokeColor = colorOf(c, toolkit.ColorNameSeparator)
		setFill(c.ground, colorOf(c, toolkit.ColorNameOverlayBackground))
	}
	paint()
	return &objects{
		all: func() []fyne.CanvasObject { return []fyne.CanvasObject{c.ground, c.head, c.scroll, c.cover, c.foot} },
		layout: func(size fyne.Size) {
			c.ground.Resize(size)
			inner := size.Width - 2*cardPad
			head, foot := c.head.MinSize().Height, c.foot.MinSize().Height
			place(c.head, cardPad, cardPad, inner, head)
			place(c.foot, cardPad, size.Height-cardPad-foot, inner, foot)
			top := cardPad + head + 10
			body := max(0, size.Height-cardPad-foot-12-top)
			// The bar of what is higher than the window stands beside it, in the pad.
			c.margin.right = 0
			if c.body.MinSize().Height > body {
				c.margin.right = cardPad - 2
			}
			place(c.scroll, cardPad, top, inner+c.margin.right, body)
			place(c.cover, cardPad, top, inner, body)
		},
		min: func() fyne.Size { return fyne.NewSize(120, 80) },
		refresh: func() {
			paint()
			c.cover.Hidden = !c.dialog.busy
			c.cover.Refresh()
			canvas.Refresh(c)
		},
	}
}

// Tapped takes the press, so that nothing below does.
func (c *card) Tapped(*fyne.PointEvent) {}

// margin keeps room at the right of what it holds.
type margin struct{ right float32 }

// Layout is the toolkit's.
func (m *margin) Layout(all []fyne.CanvasObject, size fyne.Size) {
	for _, o := range all {
		place(o, 0, 0, size.Width-m.right, size.Height)
	}
}

// MinSize is the toolkit's.
func (m *margin) MinSize(all []fyne.CanvasObject) (size fyne.Size) {
	for _, o := range all {
		size = size.Max(o.MinSize())
	}
	return size.AddWidthHeight(m.right, 0)
}

// buttonGap is the room between the buttons of a dialog.
const buttonGap = 6

// buttonRow lays buttons out side by side. One that is hidden leaves no gap: the
// last ends where the form above it does.
type buttonRow struct{}

// Layout is the toolkit's.
func (*buttonRow) Layout(all []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for _, o := range all {
		if o.Visible() {
			w := o.MinSize().Width
			place(o, x, 0, w, size.Height)
			x += w + buttonGap
		}
	}
}

// MinSize is the toolkit's.
func (*buttonRow) MinSize(all []fyne.CanvasObject) (size fyne.Size) {
	for _, o := range all {
		if !o.Visible() {
			continue
		}
		if size.Width > 0 {
			size.Width += buttonGap
		}
		m := o.MinSize()
		size = fyne.NewSize(size.Width+m.Width, max(size.Height, m.Height))
	}
	return size
}

// cover takes every press on a form that must not change now, and pales it.
type cover struct {
	widget.BaseWidget
	shade *canvas.Rectangle
}

func newCover() *cover {
	c := &cover{shade: canvas.NewRectangle(nil)}
	c.Hidden = true
	c.ExtendBaseWidget(c)
	return c
}

// CreateRenderer is the toolkit's.
func (c *cover) CreateRenderer() fyne.WidgetRenderer {
	paint := func() {
		r, g, b, _ := colorOf(c, toolkit.ColorNameOverlayBackground).RGBA()
		setFill(c.shade, color.NRGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 0x99})
	}
	paint()
	return &objects{
		all:     func() []fyne.CanvasObject { return []fyne.CanvasObject{c.shade} },
		layout:  c.shade.Resize,
		min:     func() fyne.Size { return fyne.Size{} },
		refresh: func() { paint(); canvas.Refresh(c) },
	}
}

// Tapped takes the press.
func (c *cover) Tapped(*fyne.PointEvent) {}

// newTitle is the heading of a dialog.
func newTitle(text string) *widget.Label {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = toolkit.SizeNameSubHeadingText
	return l
}

// space is an empty place of a size.
func space(w, h float32) fyne.CanvasObject {
	r := canvas.NewRectangle(nil)
	r.SetMinSize(fyne.NewSize(w, h))
	return r
}
