package screen

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"
)

// ink is one line of text in a colour of the theme, which it follows. The
// toolkit's label knows no colours beside its own few.
type ink struct {
	fw.BaseWidget
	text *canvas.Text
	name fyne.ThemeColorName
	size fyne.ThemeSizeName
}

func newInk(text string, name fyne.ThemeColorName, size fyne.ThemeSizeName) *ink {
	i := &ink{text: canvas.NewText(text, nil), name: name, size: size}
	i.ExtendBaseWidget(i)
	return i
}

// caption returns dim-sized text, as the status line has it.
func caption(name fyne.ThemeColorName) *ink { return newInk("", name, toolkit.SizeNameCaptionText) }

// set says something else in another colour; nothing hides it.
func (i *ink) set(text string, name fyne.ThemeColorName) {
	if i.text.Text == text && i.name == name {
		return
	}
	i.text.Text, i.name = text, name
	i.Hidden = text == ""
	i.Refresh()
}

func (i *ink) paint() {
	i.text.Color = i.Theme().Color(i.name, fyne.CurrentApp().Settings().ThemeVariant())
	i.text.TextSize = i.Theme().Size(i.size)
}

// CreateRenderer is the toolkit's.
func (i *ink) CreateRenderer() fyne.WidgetRenderer {
	i.paint()
	return &drawn{
		all: []fyne.CanvasObject{i.text},
		layout: func(size fyne.Size) {
			h := i.text.MinSize().Height
			i.text.Move(fyne.NewPos(0, (size.Height-h)/2))
			i.text.Resize(fyne.NewSize(size.Width, h))
		},
		min:     func() fyne.Size { return i.text.MinSize() },
		refresh: func() { i.paint(); i.text.Refresh() },
	}
}

// tint paints a colour of the theme behind a bar.
type tint struct {
	fw.BaseWidget
	fill *canvas.Rectangle
	name fyne.ThemeColorName
}

func newTint(name fyne.ThemeColorName) *tint {
	g := &tint{fill: canvas.NewRectangle(nil), name: name}
	g.ExtendBaseWidget(g)
	return g
}

func (g *tint) color() color.Color {
	return g.Theme().Color(g.name, fyne.CurrentApp().Settings().ThemeVariant())
}

// CreateRenderer is the toolkit's.
func (g *tint) CreateRenderer() fyne.WidgetRenderer {
	g.fill.FillColor = g.color()
	return &drawn{
		all:     []fyne.CanvasObject{g.fill},
		layout:  func(size fyne.Size) { g.fill.Resize(size) },
		min:     func() fyne.Size { return fyne.Size{} },
		refresh: func() { g.fill.FillColor = g.color(); g.fill.Refresh() },
	}
}

// drawn is a renderer of functions.
type drawn struct {
	all     []fyne.CanvasObject
	layout  func(fyne.Size)
	min     func() fyne.Size
	refresh func()
}

func (d *drawn) Objects() []fyne.CanvasObject { return d.all }
func (d *drawn) Layout(size fyne.Size)        { d.layout(size) }
func (d *drawn) MinSize() fyne.Size           { return d.min() }
func (d *drawn) Refresh()                     { d.refresh() }
func (d *drawn) Destroy()                     {}
