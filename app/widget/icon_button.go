package widget

import "fyne.io/fyne/v2"

// NewIconTap returns a small dim icon that can be pressed, such as one that
// copies the value beside it. The keyboard does not stop at it.
func NewIconTap(icon fyne.ThemeIconName, tip string, tapped func()) fyne.CanvasObject {
	i := newIconTap(icon, tapped)
	i.tip = tip
	return i
}
