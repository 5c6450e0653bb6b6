package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Button is the toolkit's button that Enter presses too, and that hands Escape
// to the dialog that it stands in.
type Button struct {
	widget.Button
	tips

	// Tip is what a resting pointer is told, for a button without a label; ""
	// is nothing.
	Tip string

	OnEscape func() // of a button outside of dialogs; may be nil
}

// NewButton returns a button.
func NewButton(label string, tapped func()) *Button {
	b := &Button{}
	b.Text, b.OnTapped = label, tapped
	b.ExtendBaseWidget(b)
	return b
}

// NewPrimaryButton returns the button that Enter stands for.
func NewPrimaryButton(label string, tapped func()) *Button {
	b := NewButton(label, tapped)
	b.Importance = widget.HighImportance
	return b
}

// NewTipButton returns a button with an icon that a tip explains.
func NewTipButton(icon fyne.Resource, tip string, tapped func()) *Button {
	b := NewIconButton("", icon, tapped)
	b.Tip = tip
	return b
}

// NewIconButton returns a button with an icon before its label.
func NewIconButton(label string, icon fyne.Resource, tapped func()) *Button {
	b := NewButton(label, tapped)
	b.Icon = icon
	return b
}

// TypedKey is the toolkit's.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch {
	case isEnter(e):
		b.Button.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	case e.Name == fyne.KeySpace:
		b.Button.TypedKey(e)
	case e.Name == fyne.KeyEscape && b.OnEscape != nil:
		b.OnEscape()
	default:
		pass(b, e)
	}
}

// MinSize is the toolkit's: wide enough to hit, as high as a field.
func (b *Button) MinSize() fyne.Size {
	size := b.Button.MinSize()
	if b.Text != "" {
		size.Width = max(size.Width+12, 76)
	}
	return fyne.NewSize(size.Width, rowHeight(b))
}

// Tapped is the toolkit's.
func (b *Button) Tapped(e *fyne.PointEvent) {
	b.leave()
	b.Button.Tapped(e)
}

// MouseIn is the toolkit's.
func (b *Button) MouseIn(e *desktop.MouseEvent) {
	b.Button.MouseIn(e)
	b.enter(b, b.Tip, e)
}

// MouseMoved is the toolkit's.
func (b *Button) MouseMoved(e *desktop.MouseEvent) { b.moved(e) }

// MouseOut is the toolkit's.
func (b *Button) MouseOut() {
	b.Button.MouseOut()
	b.leave()
}

// Check is the toolkit's check box that hands Enter and Escape to the dialog
// that it stands in.
type Check struct {
	widget.Check
}

// NewCheck returns a check box.
func NewCheck(label string, changed func(bool)) *Check {
	c := &Check{}
	c.Text, c.OnChanged = label, changed
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey is the toolkit's.
func (c *Check) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape || isEnter(e) {
		pass(c, e)
		return
	}
	c.Check.TypedKey(e)
}

// Select is the toolkit's list of choices that hands Enter and Escape to the
// dialog that it stands in; Space, Up and Down choose.
type Select struct {
	widget.Select
}

// NewSelect returns a list of choices.
func NewSelect(options []string, changed func(string)) *Select {
	s := &Select{}
	s.Options, s.OnChanged = options, changed
	s.ExtendBaseWidget(s)
	return s
}

// CreateRenderer is the toolkit's, with the border that its fields have and its
// choices lack.
func (s *Select) CreateRenderer() fyne.WidgetRenderer {
	r := &bordered{WidgetRenderer: s.Select.CreateRenderer(), line: canvas.NewRectangle(nil), of: s}
	r.line.StrokeWidth = 1
	r.paint()
	return r
}

// bordered draws a line around another renderer.
type bordered struct {
	fyne.WidgetRenderer
	line *canvas.Rectangle
	of   themed
}

func (b *bordered) paint() {
	b.line.CornerRadius = sizeOf(b.of, toolkit.SizeNameInputRadius)
	b.line.StrokeColor = colorOf(b.of, toolkit.ColorNameInputBorder)
	b.line.Refresh()
}

// Objects is the toolkit's.
func (b *bordered) Objects() []fyne.CanvasObject {
	return append(b.WidgetRenderer.Objects(), b.line)
}

// Layout is the toolkit's.
func (b *bordered) Layout(size fyne.Size) {
	b.WidgetRenderer.Layout(size)
	b.line.Resize(size)
}

// Refresh is the toolkit's.
func (b *bordered) Refresh() {
	b.WidgetRenderer.Refresh()
	b.paint()
}

// TypedKey is the toolkit's.
func (s *Select) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape || isEnter(e) {
		pass(s, e)
		return
	}
	s.Select.TypedKey(e)
}

// MinSize is the toolkit's: as high as a field.
func (s *Select) MinSize() fyne.Size {
	return fyne.NewSize(s.Select.MinSize().Width, rowHeight(s))
}
