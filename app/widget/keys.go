package widget

import (
	"fyne.io/fyne/v2"
)

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
