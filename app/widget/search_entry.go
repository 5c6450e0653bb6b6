package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// SearchEntry is the quick search: Escape clears it (and leaves it, when it is
// empty), Down and Enter go to what was found.
type SearchEntry struct {
	widget.Entry

	OnSearch func(text string) // every change
	OnDown   func()            // Down or Enter: the list takes the keyboard
	OnLeave  func()            // Escape in an empty field

	clear *iconTap
}

// NewSearchEntry returns a search field with a hint.
func NewSearchEntry(hint string) *SearchEntry {
	e := &SearchEntry{}
	e.PlaceHolder = hint
	e.Scroll = fyne.ScrollHorizontalOnly
	e.Icon = theme.Colored(theme.IconSearch, theme.ColorDim)
	e.clear = newIconTap(theme.IconClose, func() { e.SetText("") })
	e.clear.Hide()
	e.ActionItem = e.clear
	e.OnChanged = func(text string) {
		if text == "" {
			e.clear.Hide()
		} else {
			e.clear.Show()
		}
		if e.OnSearch != nil {
			e.OnSearch(text)
		}
	}
	e.ExtendBaseWidget(e)
	return e
}

// FocusGained is the toolkit's; typing replaces what is there.
func (e *SearchEntry) FocusGained() {
	e.Entry.FocusGained()
	if e.Text != "" {
		e.TypedShortcut(&fyne.ShortcutSelectAll{})
	}
}

// TypedKey is the toolkit's.
func (e *SearchEntry) TypedKey(ev *fyne.KeyEvent) {
	switch {
	case ev.Name == fyne.KeyEscape && e.Text != "":
		e.SetText("")
	case ev.Name == fyne.KeyEscape && e.OnLeave != nil:
		e.OnLeave()
	case (ev.Name == fyne.KeyDown || isEnter(ev)) && e.OnDown != nil:
		e.OnDown()
	case ev.Name == fyne.KeyEscape || isFunctionKey(ev.Name):
		pass(e, ev)
	default:
		e.Entry.TypedKey(ev)
	}
}

// MinSize is the toolkit's.
func (e *SearchEntry) MinSize() fyne.Size {
	size := e.Entry.MinSize()
	return fyne.NewSize(max(size.Width, 120), rowHeight(e))
}
