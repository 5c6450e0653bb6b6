package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// iconTap is a small icon inside another widget that can be pressed, but not
// reached by Tab: what it does has a key of its own.
type iconTap struct {
	widget.BaseWidget
	tips
	name  fyne.ThemeIconName
	color fyne.ThemeColorName
	tip   string
	tap   func()
	image *canvas.Image
	hover bool
}

func newIconTap(name fyne.ThemeIconName, tap func()) *iconTap {
	i := &iconTap{name: name, color: theme.ColorDim, tap: tap}
	i.image = canvas.NewImageFromResource(theme.Colored(name, i.color))
	i.ExtendBaseWidget(i)
	return i
}

func (i *iconTap) set(name fyne.ThemeIconName) {
	i.name = name
	i.Refresh()
}

// CreateRenderer is the toolkit's.
func (i *iconTap) CreateRenderer() fyne.WidgetRenderer {
	const side = 16
	return &objects{
		all: func() []fyne.CanvasObject { return []fyne.CanvasObject{i.image} },
		layout: func(size fyne.Size) {
			place(i.image, (size.Width-side)/2, (size.Height-side)/2, side, side)
		},
		min: func() fyne.Size { return fyne.NewSize(side+8, side+4) },
		refresh: func() {
			color := i.color
			if i.hover {
				color = "foreground"
			}
			i.image.Resource = theme.Colored(i.name, color)
			i.image.Refresh()
		},
	}
}

// Tapped is the toolkit's.
func (i *iconTap) Tapped(*fyne.PointEvent) {
	i.leave()
	i.tap()
}

// MouseIn is the toolkit's.
func (i *iconTap) MouseIn(e *desktop.MouseEvent) {
	i.hover = true
	i.Refresh()
	i.enter(i, i.tip, e)
}

// MouseMoved is the toolkit's.
func (i *iconTap) MouseMoved(e *desktop.MouseEvent) { i.moved(e) }

// MouseOut is the toolkit's.
func (i *iconTap) MouseOut() {
	i.hover = false
	i.Refresh()
	i.leave()
}

// Cursor is the toolkit's.
func (i *iconTap) Cursor() desktop.Cursor { return desktop.DefaultCursor }
