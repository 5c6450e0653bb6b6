package widget

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Stack is the dialogs of one window, the last opened in front. It stands in
// for the toolkit's dialogs, which neither Escape nor Enter closes and which
// blur the window behind them at half a processor without a GPU.
type Stack struct {
	// OnChange is told when a dialog opened or closed, to gate commands: menu
	// shortcuts work in the window behind.
	OnChange func()

	canvas fyne.Canvas
	open   []*Dialog
	before func(*fyne.KeyEvent)
}

// NewStack returns the stack of a window.
func NewStack(c fyne.Canvas) *Stack {
	s := &Stack{canvas: c}
	for _, keys := range []fyne.KeyModifier{turnOn, turnBack} {
		c.AddShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyTab, Modifier: keys}, func(fyne.Shortcut) {
			if d := s.Top(); d != nil {
				d.turn(keys)
			}
		})
	}
	return s
}

// Open shows a dialog in front and gives it the keyboard. A dialog that is open
// already comes to no second life.
func (s *Stack) Open(d *Dialog) {
	if slices.Contains(s.open, d) {
		return
	}
	if len(s.open) == 0 {
		s.before = s.canvas.OnTypedKey()
		s.canvas.SetOnTypedKey(func(e *fyne.KeyEvent) { // nothing has the keyboard
			if top := s.Top(); top != nil {
				top.key(e)
			} else if s.before != nil {
				s.before(e)
			}
		})
	}
	d.stack = s
	d.veil = newVeil(d, d.card().(*card))
	s.open = append(s.open, d)
	s.canvas.Overlays().Add(d.veil)
	d.veil.Resize(s.canvas.Size())
	d.enable()
	d.focusFirst()
	s.changed()
}

// Close hides a dialog, with those that opened above it. The keyboard returns
// to where it was.
func (s *Stack) Close(d *Dialog) {
	at := slices.Index(s.open, d)
	if at < 0 {
		return
	}
	gone := slices.Clone(s.open[at:])
	slices.Reverse(gone)
	for _, d := range gone {
		d.progress.rest(true)
		s.canvas.Overlays().Remove(d.veil)
		d.veil = nil
	}
	s.open = slices.Delete(s.open, at, len(s.open))
	if len(s.open) == 0 {
		s.canvas.SetOnTypedKey(s.before)
		s.before = nil
	}
	for _, d := range gone {
		if d.OnClosed != nil {
			d.OnClosed()
		}
	}
	s.changed()
}

// CloseAll hides every dialog without asking any, as the window locks.
func (s *Stack) CloseAll() {
	if len(s.open) > 0 {
		s.Close(s.open[0])
	}
}

// Top returns the dialog in front, or nil.
func (s *Stack) Top() *Dialog {
	if len(s.open) == 0 {
		return nil
	}
	return s.open[len(s.open)-1]
}

// Len is how many dialogs are open.
func (s *Stack) Len() int { return len(s.open) }

func (s *Stack) changed() {
	for i, d := range s.open {
		d.progress.rest(i < len(s.open)-1)
	}
	if s.OnChange != nil {
		s.OnChange()
	}
}

// veil darkens the window behind a dialog, takes every press there, and shows
// the tips of the dialog.
type veil struct {
	widget.BaseWidget
	dialog *Dialog
	card   *card
	host   *TipHost
	shade  *canvas.Rectangle
}

func newVeil(d *Dialog, c *card) *veil {
	v := &veil{dialog: d, card: c, shade: canvas.NewRectangle(nil)}
	inner := &centred{card: c}
	inner.ExtendBaseWidget(inner)
	v.host = NewTipHost(inner)
	v.ExtendBaseWidget(v)
	return v
}

// relayout fits the card to what it holds now.
func (v *veil) relayout() { v.host.content.Refresh() }

// CreateRenderer is the toolkit's.
func (v *veil) CreateRenderer() fyne.WidgetRenderer {
	setFill(v.shade, colorOf(v, toolkit.ColorNameShadow))
	return &objects{
		all: func() []fyne.CanvasObject { return []fyne.CanvasObject{v.shade, v.host} },
		layout: func(size fyne.Size) {
			v.shade.Resize(size)
			v.host.Resize(size)
		},
		min:     func() fyne.Size { return fyne.NewSize(1, 1) },
		refresh: func() { setFill(v.shade, colorOf(v, toolkit.ColorNameShadow)); v.host.Refresh() },
	}
}

// Tapped takes the press: a dialog is left by its buttons, not by a slip of
// the hand that would lose what was typed.
func (v *veil) Tapped(*fyne.PointEvent) {}

// TappedSecondary takes the press.
func (v *veil) TappedSecondary(*fyne.PointEvent) {}

// centred puts a card into the middle of a window.
type centred struct {
	widget.BaseWidget
	card *card
}

// CreateRenderer is the toolkit's.
func (c *centred) CreateRenderer() fyne.WidgetRenderer {
	arrange := func(window fyne.Size) {
		if window.Width < 2*cardEdge || window.Height < 2*cardEdge {
			return
		}
		size := c.card.fit(window)
		y := (window.Height - size.Height) * 0.42 // a little above the middle looks centred
		place(c.card, (window.Width-size.Width)/2, max(cardEdge, y), size.Width, size.Height)
	}
	return &objects{
		all:     func() []fyne.CanvasObject { return []fyne.CanvasObject{c.card} },
		layout:  arrange,
		min:     func() fyne.Size { return fyne.NewSize(1, 1) },
		refresh: func() { arrange(c.Size()); c.card.Refresh() },
	}
}
