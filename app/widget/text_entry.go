package widget

import (
	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// TextEntry is a field for text that leaves Escape, Enter and F3 to the window:
// the toolkit's own swallows them. What it has no callback for goes to the
// dialog that it stands in. It selects all its text when the keyboard comes to
// it, so that typing replaces.
type TextEntry struct {
	widget.Entry

	OnEscape func()                    // Escape
	OnEnter  func()                    // Enter; in a field of many lines Ctrl+Enter is the dialog's
	OnKey    func(*fyne.KeyEvent) bool // any other key first; true: it was used
	// KeepCursor leaves the selection alone when the keyboard comes.
	KeepCursor bool
}

// NewTextEntry returns a field of one line.
func NewTextEntry() *TextEntry {
	e := &TextEntry{}
	e.ExtendBaseWidget(e)
	e.Scroll = fyne.ScrollHorizontalOnly
	return e
}

// NewTextArea returns a field of many lines, which wraps.
func NewTextArea() *TextEntry {
	e := &TextEntry{KeepCursor: true}
	e.MultiLine = true
	e.Wrapping = fyne.TextWrapWord
	e.ExtendBaseWidget(e)
	return e
}

// CreateRenderer is the toolkit's.
func (e *TextEntry) CreateRenderer() fyne.WidgetRenderer {
	base := e.Entry.CreateRenderer()
	if e.MultiLine {
		return base
	}
	return newBareLine(base, e)
}

// FocusGained is the toolkit's.
func (e *TextEntry) FocusGained() {
	e.Entry.FocusGained()
	if !e.KeepCursor && e.Text != "" {
		e.TypedShortcut(&fyne.ShortcutSelectAll{})
	}
}

// FocusLost is the toolkit's.
func (e *TextEntry) FocusLost() {
	e.Entry.FocusLost()
	e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd}) // drops the selection
}

// TypedKey is the toolkit's.
func (e *TextEntry) TypedKey(ev *fyne.KeyEvent) {
	if !typedKey(e, e.keys(), ev) {
		e.Entry.TypedKey(ev)
	}
}

// TypedShortcut is the toolkit's.
func (e *TextEntry) TypedShortcut(s fyne.Shortcut) {
	if !passTurn(e, s) {
		e.Entry.TypedShortcut(s)
	}
}

func (e *TextEntry) keys() entryKeys {
	return entryKeys{escape: e.OnEscape, enter: e.OnEnter, other: e.OnKey, manyLines: e.MultiLine}
}

// MinSize is the toolkit's: one line is as high as a button.
func (e *TextEntry) MinSize() fyne.Size {
	size := e.Entry.MinSize()
	if !e.MultiLine {
		size.Height = rowHeight(e)
	}
	return size
}

// rowHeight is the height of fields and buttons.
func rowHeight(w themed) float32 {
	return sizeOf(w, toolkit.SizeNameText)*1.36 + 4*sizeOf(w, toolkit.SizeNamePadding) + 2
}

// entryKeys is what the fields of this package do with a key.
type entryKeys struct {
	escape, enter func()
	other         func(*fyne.KeyEvent) bool
	manyLines     bool
}

// typedKey handles a key for a field and tells whether it was used.
func typedKey(o fyne.CanvasObject, k entryKeys, ev *fyne.KeyEvent) bool {
	switch {
	case ev.Name == fyne.KeyEscape && k.escape != nil:
		k.escape()
		return true
	case isEnter(ev) && !k.manyLines && k.enter != nil:
		k.enter()
		return true
	case k.other != nil && k.other(ev):
		return true
	case ev.Name == fyne.KeyEscape, isEnter(ev) && !k.manyLines, isFunctionKey(ev.Name):
		return pass(o, ev)
	}
	return false
}

func isFunctionKey(name fyne.KeyName) bool {
	return len(name) > 1 && name[0] == 'F' && name[1] >= '1' && name[1] <= '9'
}
