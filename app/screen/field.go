package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/tideover/tideover/app/widget"
)

// field is a field for text that can be fixed: it is read, selected and copied
// as before, but nothing changes it. The toolkit can only disable a field,
// which makes its text too faint to read and keeps it from being copied.
type field struct {
	widget.TextEntry
	fixed bool
}

func newField(many bool, enter, escape func()) *field {
	f := &field{}
	f.Scroll = fyne.ScrollHorizontalOnly
	if many {
		f.MultiLine, f.KeepCursor = true, true
		f.Wrapping, f.Scroll = fyne.TextWrapWord, fyne.ScrollVerticalOnly
	}
	f.OnEnter, f.OnEscape = enter, escape
	f.ExtendBaseWidget(f)
	return f
}

// fix fixes the text, or lets it be changed.
func (f *field) fix(fixed bool) { f.fixed = fixed }

// TypedRune is the toolkit's.
func (f *field) TypedRune(r rune) {
	if !f.fixed {
		f.TextEntry.TypedRune(r)
	}
}

// TypedKey is the toolkit's; in a fixed field only the keys that move.
func (f *field) TypedKey(e *fyne.KeyEvent) {
	if f.fixed {
		switch e.Name {
		case fyne.KeyBackspace, fyne.KeyDelete, fyne.KeyTab:
			return
		case fyne.KeyReturn, fyne.KeyEnter:
			f.OnEnter()
			return
		}
	}
	f.TextEntry.TypedKey(e)
}

// TypedShortcut is the toolkit's; in a fixed field only what copies and moves.
func (f *field) TypedShortcut(s fyne.Shortcut) {
	if f.fixed {
		switch s := s.(type) {
		case *fyne.ShortcutCopy, *fyne.ShortcutSelectAll:
		case *desktop.CustomShortcut:
			if s.KeyName == fyne.KeyBackspace || s.KeyName == fyne.KeyDelete {
				return
			}
		default:
			return
		}
	}
	f.TextEntry.TypedShortcut(s)
}

// TappedSecondary shows the toolkit's menu, which would cut and paste, only
// where that may be.
func (f *field) TappedSecondary(e *fyne.PointEvent) {
	if !f.fixed {
		f.TextEntry.TappedSecondary(e)
	}
}

// MouseDown is the toolkit's, without the middle button's paste in a fixed
// field.
func (f *field) MouseDown(e *desktop.MouseEvent) {
	if !f.fixed || e.Button == desktop.MouseButtonPrimary {
		f.TextEntry.MouseDown(e)
	}
}

// MouseUp is the toolkit's, likewise.
func (f *field) MouseUp(e *desktop.MouseEvent) {
	if !f.fixed || e.Button == desktop.MouseButtonPrimary {
		f.TextEntry.MouseUp(e)
	}
}
