package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// With Tab they turn the pages of a dialog.
const (
	turnOn   = fyne.KeyModifierControl
	turnBack = fyne.KeyModifierControl | fyne.KeyModifierShift
)

// passTurn hands those keys to the dialog that a field stands in: the toolkit
// gives shortcuts to the field that has the keyboard alone, and to the window
// where none has.
func passTurn(o fyne.CanvasObject, s fyne.Shortcut) bool {
	keys, ok := s.(*desktop.CustomShortcut)
	if !ok || keys.KeyName != fyne.KeyTab || keys.Modifier != turnOn && keys.Modifier != turnBack {
		return false
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(o); c != nil {
		if v, ok := c.Overlays().Top().(*veil); ok {
			v.dialog.turn(keys.Modifier)
		}
	}
	return true
}

func (d *Dialog) turn(keys fyne.KeyModifier) {
	switch {
	case d.OnTurn == nil:
	case keys == turnBack:
		d.OnTurn(-1)
	default:
		d.OnTurn(1)
	}
}

// pass hands a key that a widget has no use for to the dialog that the widget
// stands in, and tells whether there was one. The toolkit sends keys to the
// focused widget alone, where they end: without this, Escape in a field would
// do nothing.
func pass(o fyne.CanvasObject, e *fyne.KeyEvent) bool {
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil {
		return false
	}
	if v, ok := c.Overlays().Top().(*veil); ok {
		return v.dialog.key(e)
	}
	return false
}

// focus gives a widget the keyboard, if it is on a canvas.
func focus(w interface {
	fyne.CanvasObject
	fyne.Focusable
},
) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(w); c != nil {
		c.Focus(w)
	}
}

func isEnter(e *fyne.KeyEvent) bool { return e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter }
