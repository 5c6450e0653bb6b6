package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

const (
	cardWidth = 400 // of the card, where its form needs no more
	cardPad   = 18  // inside its border
	cardEdge  = 10  // to the edge of the window, at least
)

// card is one form in the middle of the window, for the places where there are
// no entries: login and unlock. What is higher than the window scrolls.
type card struct {
	fw.BaseWidget
	ground *canvas.Rectangle
	scroll *container.Scroll
	body   *widget.Form
	canvas fyne.Canvas // of the window, once the card fills it
}

func newCard(body *widget.Form) *card {
	c := &card{ground: canvas.NewRectangle(nil), body: body}
	// the scroll bar stands in the margin, not over the fields
	c.scroll = container.NewVScroll(container.New(&margin{right: cardPad - 3}, body))
	c.ground.CornerRadius, c.ground.StrokeWidth = 8, 1
	c.ExtendBaseWidget(c)
	return c
}

func (c *card) paint() {
	t, v := c.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	c.ground.FillColor = t.Color(theme.ColorPanel, v)
	c.ground.StrokeColor = t.Color(toolkit.ColorNameSeparator, v)
	c.ground.Refresh()
}

func (c *card) arrange(window fyne.Size) {
	width := min(max(cardWidth, c.body.MinSize().Width+2*cardPad), window.Width-2*cardEdge)
	inner := width - 2*cardPad
	if inner <= 0 || window.Height <= 2*cardEdge {
		return
	}
	// Texts that wrap know their height only once they have a width.
	c.body.Resize(fyne.NewSize(inner, c.body.MinSize().Height))
	// 2 more than it needs: a rounding error would show a scroll bar.
	height := min(c.body.MinSize().Height+2+2*cardPad, window.Height-2*cardEdge)
	// A little above the middle looks centred.
	at := fyne.NewPos((window.Width-width)/2, max(cardEdge, (window.Height-height)*0.42))
	c.ground.Move(at)
	c.ground.Resize(fyne.NewSize(width, height))
	c.scroll.Move(at.AddXY(cardPad, cardPad))
	c.scroll.Resize(fyne.NewSize(inner+cardPad-3, height-2*cardPad))
}

// fit lays the card out anew after its form changed.
func (c *card) fit() {
	c.body.Refresh()
	c.Refresh()
}

// focus gives an object of the card the keyboard. The toolkit knows the canvas
// of an object only after it was painted once, which is too late here.
func (c *card) focus(o fyne.Focusable) {
	if c.canvas != nil {
		c.canvas.Focus(o)
	}
}

// focusUnless does that if nothing has the keyboard: a field that waits keeps
// it, so that Escape ends the wait and another Enter does not.
func (c *card) focusUnless(o fyne.Focusable) {
	if c.canvas != nil && c.canvas.Focused() == nil {
		c.canvas.Focus(o)
	}
}

// CreateRenderer is the toolkit's.
func (c *card) CreateRenderer() fyne.WidgetRenderer {
	c.paint()
	return &cardRenderer{c}
}

type cardRenderer struct{ c *card }

func (r *cardRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.c.ground, r.c.scroll}
}
func (r *cardRenderer) Layout(size fyne.Size) { r.c.arrange(size) }
func (r *cardRenderer) MinSize() fyne.Size    { return fyne.NewSize(240, 160) }
func (r *cardRenderer) Destroy()              {}

func (r *cardRenderer) Refresh() {
	r.c.paint()
	r.c.arrange(r.c.Size())
	canvas.Refresh(r.c)
}

// head is what a card begins with: the logo, what the place is, and a line
// below.
type head struct {
	object fyne.CanvasObject
	title  *fw.Label
	line   *widget.Hint
}

func newHead(title, line string) *head {
	h := &head{title: fw.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true}), line: widget.NewHint(line)}
	h.title.SizeName = toolkit.SizeNameHeadingText
	h.title.Wrapping = fyne.TextWrapWord
	logo := canvas.NewImageFromResource(theme.Logo())
	logo.FillMode = canvas.ImageFillContain
	logo.SetMinSize(fyne.NewSquareSize(44))
	// the texts are pulled together: a heading brings room of its own
	text := container.New(&tight{overlap: 7}, h.title, h.line)
	h.object = container.NewBorder(nil, gap(0, 3), container.NewHBox(logo, gap(2, 0)), nil, text)
	return h
}

// set says something else.
func (h *head) set(title, line string) {
	h.title.SetText(title)
	h.line.SetText(line)
}

// margin leaves room at the right of an object.
type margin struct{ right float32 }

// Layout is the toolkit's.
func (l *margin) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(fyne.NewSize(size.Width-l.right, size.Height))
}

// MinSize is the toolkit's.
func (l *margin) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[0].MinSize().AddWidthHeight(l.right, 0)
}

// tight lays objects out below each other, each over the lower edge of the one
// above.
type tight struct{ overlap float32 }

// Layout is the toolkit's.
func (l *tight) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	var y float32
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		o.Resize(fyne.NewSize(size.Width, o.MinSize().Height)) // what wraps knows its height now
		height := o.MinSize().Height
		o.Resize(fyne.NewSize(size.Width, height))
		o.Move(fyne.NewPos(0, y))
		y += height - l.overlap
	}
}

// MinSize is the toolkit's.
func (l *tight) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(0, l.overlap)
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			size.Width = max(size.Width, m.Width)
			size.Height += m.Height - l.overlap
		}
	}
	size.Height = max(size.Height, 0)
	return size
}

// buttonRow lays buttons out beside each other; hidden ones leave no gap.
func buttonRow(all ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedHBoxLayout(6), all...)
}

// gap is an empty place of a size.
func gap(w, h float32) fyne.CanvasObject {
	r := canvas.NewRectangle(nil)
	r.SetMinSize(fyne.NewSize(w, h))
	return r
}

// focus gives an object the keyboard, if it is in a window.
func focus(w interface {
	fyne.CanvasObject
	fyne.Focusable
},
) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(w); c != nil {
		c.Focus(w)
	}
}
