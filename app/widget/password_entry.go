package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// PasswordEntry is a field for a secret, hidden until its eye is pressed. It
// never puts its text on the clipboard by itself, shown or hidden: the window
// does that with a countdown. Clear it as soon as the text has been taken.
type PasswordEntry struct {
	widget.Entry

	OnEscape func()
	OnEnter  func()
	// OnReveal is told when the eye is pressed.
	OnReveal func(shown bool)

	eye *iconTap
}

// NewPasswordEntry returns a field that hides its text. The tip says what its
// eye does.
func NewPasswordEntry(tip string) *PasswordEntry {
	e := &PasswordEntry{}
	e.Password = true
	e.Scroll = fyne.ScrollHorizontalOnly
	e.eye = newIconTap(theme.IconEye, func() { e.SetShown(e.Password) })
	e.eye.tip = tip
	e.ActionItem = e.eye
	e.ExtendBaseWidget(e)
	return e
}

// CreateRenderer is the toolkit's.
func (e *PasswordEntry) CreateRenderer() fyne.WidgetRenderer {
	return newBareLine(e.Entry.CreateRenderer(), e)
}

// SetShown shows or hides the text.
func (e *PasswordEntry) SetShown(shown bool) {
	e.Password = !shown
	e.TextStyle.Monospace = shown
	icon := theme.IconEye
	if shown {
		icon = theme.IconEyeOff
	}
	e.eye.set(icon)
	e.Refresh()
	if e.OnReveal != nil {
		e.OnReveal(shown)
	}
}

// Shown tells whether the text can be read.
func (e *PasswordEntry) Shown() bool { return !e.Password }

// Take returns the text and clears the field. The caller wipes the bytes.
func (e *PasswordEntry) Take() []byte {
	text := []byte(e.Text)
	e.Clear()
	return text
}

// Clear empties the field and hides it again. The string that it held cannot
// be wiped, only let go.
func (e *PasswordEntry) Clear() {
	e.SetText("")
	if !e.Password {
		e.SetShown(false)
	}
}

// TypedKey is the toolkit's.
func (e *PasswordEntry) TypedKey(ev *fyne.KeyEvent) {
	if !typedKey(e, entryKeys{escape: e.OnEscape, enter: e.OnEnter}, ev) {
		e.Entry.TypedKey(ev)
	}
}

// TypedShortcut is the toolkit's, without copy and cut.
func (e *PasswordEntry) TypedShortcut(s fyne.Shortcut) {
	switch s.(type) {
	case *fyne.ShortcutCopy, *fyne.ShortcutCut:
		return
	}
	if !passTurn(e, s) {
		e.Entry.TypedShortcut(s)
	}
}

// TappedSecondary shows nothing: the toolkit's menu would copy.
func (e *PasswordEntry) TappedSecondary(*fyne.PointEvent) {}

// MouseDown is the toolkit's; on X11 it would put a selection nowhere.
func (e *PasswordEntry) MouseDown(ev *desktop.MouseEvent) {
	if ev.Button == desktop.MouseButtonPrimary {
		e.Entry.MouseDown(ev)
	}
}

// MinSize is the toolkit's.
func (e *PasswordEntry) MinSize() fyne.Size {
	size := e.Entry.MinSize()
	size.Height = rowHeight(e)
	return size
}
