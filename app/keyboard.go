package app

import (
	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
)

// keyboard gives the commands whose keys the main menu does not fire: keys
// without a modifier, and Ctrl+C, which would reach the menu even while a
// person copies from a field.
type keyboard struct{ d *Desktop }

func newKeyboard(d *Desktop) *keyboard {
	k := &keyboard{d}
	canvas := d.cfg.Window.Canvas()
	canvas.AddShortcut(&fyne.ShortcutCopy{}, func(fyne.Shortcut) { k.pressed(present.Shortcut{Key: "C", Ctrl: true}) })
	canvas.SetOnTypedKey(func(e *fyne.KeyEvent) { k.typed(e) })
	return k
}

// typed gives the command of a plain key and reports whether there is one. The
// widgets that take keys ask it first.
func (k *keyboard) typed(e *fyne.KeyEvent) bool {
	name := string(e.Name)
	if e.Name == fyne.KeyEnter { // of the number pad
		name = string(fyne.KeyReturn)
	}
	return k.pressed(present.Shortcut{Key: name})
}

// pressed gives a command by its keys; a command that cannot be given now is
// not one.
func (k *keyboard) pressed(keys present.Shortcut) bool {
	c := present.ByShortcut(k.d.commands, keys)
	if c == nil {
		return false
	}
	if ok, _ := c.Enabled(k.d.state()); !ok {
		return false
	}
	k.d.do(c.ID, "")
	return true
}
