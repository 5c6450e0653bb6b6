package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// dialogTitle returns what the dialog of a command is called: its label,
// without the dots that promise a dialog.
func dialogTitle(words *present.Catalogue, id present.CommandID) string {
	return strings.TrimSuffix(words.Text("menu."+string(id), nil), "…")
}

// retype selects what is in a password field after it was refused: typing
// replaces it.
func retype(f fyne.Focusable, n *present.Notice) {
	if e, ok := f.(*widget.PasswordEntry); ok && n != nil && n.Severity == present.Alarm {
		e.TypedShortcut(&fyne.ShortcutSelectAll{})
	}
}

// severityColor returns the colour of what is told so loudly; "" for plain.
func severityColor(s present.Severity) fyne.ThemeColorName {
	switch s {
	case present.Good:
		return theme.ColorOnline
	case present.Warning:
		return theme.ColorWarning
	case present.Alarm:
		return theme.ColorError
	}
	return ""
}

// column lays objects out below each other without room between them; those
// that are hidden take none.
type column struct{}

// Layout is the toolkit's.
func (column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	var y float32
	for _, o := range objects {
		if o.Visible() {
			o.Resize(fyne.NewSize(size.Width, o.MinSize().Height)) // what wraps knows its height now
			put(o, 0, y, size.Width, o.MinSize().Height)
			y += o.MinSize().Height
		}
	}
}

// MinSize is the toolkit's.
func (column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			size = fyne.NewSize(max(size.Width, m.Width), size.Height+m.Height)
		}
	}
	return size
}
