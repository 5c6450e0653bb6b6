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

// place moves and resizes an object at once, where it differs: an image that
// is resized to its own size is read and drawn again.
func place(o fyne.CanvasObject, x, y, w, h float32) {
	if pos := fyne.NewPos(x, y); o.Position() != pos {
		o.Move(pos)
	}
	if size := fyne.NewSize(w, h); o.Size() != size {
		o.Resize(size)
	}
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

// pictures are the icons that one place of a row has shown. A picture that
// changes is read and drawn again, which took most of the time of scrolling;
// so each is kept, and one is visible.
type pictures map[string]*canvas.Image

// keptPictures is how many a place keeps: lists rarely show more kinds.
const keptPictures = 8

// show shows an icon in a square.
func (p pictures) show(r fyne.Resource, x, y, side float32) {
	name := r.Name()
	if p[name] == nil {
		if len(p) >= keptPictures {
			clear(p)
		}
		p[name] = canvas.NewImageFromResource(r)
	}
	for key, image := range p {
		image.Hidden = key != name
	}
	place(p[name], x, y, side, side)
}

// hide shows none.
func (p pictures) hide() {
	for _, image := range p {
		image.Hidden = true
	}
}

// over returns objects with the pictures above them.
func (p pictures) over(objects ...fyne.CanvasObject) []fyne.CanvasObject {
	for _, image := range p {
		objects = append(objects, image)
	}
	return objects
}
