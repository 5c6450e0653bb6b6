package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// themed is what every widget of the toolkit offers: its theme.
type themed interface{ Theme() fyne.Theme }

// colorOf returns a colour of the theme of a widget, in the variant shown.
func colorOf(w themed, name fyne.ThemeColorName) color.Color {
	return w.Theme().Color(name, fyne.CurrentApp().Settings().ThemeVariant())
}

// sizeOf returns a measure of the theme of a widget.
func sizeOf(w themed, name fyne.ThemeSizeName) float32 { return w.Theme().Size(name) }

// setText changes a text object only where it differs: a refresh costs a
// texture.
func setText(t *canvas.Text, text string, size float32, c color.Color) {
	if t.Text == text && t.TextSize == size && t.Color == c {
		return
	}
	t.Text, t.TextSize, t.Color = text, size, c
	t.Refresh()
}

// setFill changes a rectangle only where it differs.
func setFill(r *canvas.Rectangle, c color.Color) {
	if r.FillColor == c {
		return
	}
	r.FillColor = c
	r.Refresh()
}

// setIcon changes an image only where the resource differs by name.
func setIcon(i *canvas.Image, r fyne.Resource) {
	if i.Resource != nil && r != nil && i.Resource.Name() == r.Name() {
		return
	}
	i.Resource = r
	i.Refresh()
}

// place moves and resizes an object at once.
func place(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
}

// objects is a renderer for widgets that lay out and paint themselves.
type objects struct {
	all     func() []fyne.CanvasObject
	layout  func(fyne.Size)
	min     func() fyne.Size
	refresh func()
}

func (o *objects) Objects() []fyne.CanvasObject { return o.all() }
func (o *objects) Layout(size fyne.Size)        { o.layout(size) }
func (o *objects) MinSize() fyne.Size           { return o.min() }
func (o *objects) Refresh()                     { o.refresh() }
func (o *objects) Destroy()                     {}
