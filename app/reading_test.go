package app

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
)

// readable returns what a person can read in these objects, with single spaces.
func readable(objects ...fyne.CanvasObject) string {
	var out []string
	var walk func(o fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if o == nil || !o.Visible() {
			return
		}
		switch o := o.(type) {
		case *canvas.Text:
			out = append(out, o.Text)
		case fyne.Widget:
			for _, below := range test.WidgetRenderer(o).Objects() {
				walk(below)
			}
		case *fyne.Container:
			for _, below := range o.Objects {
				walk(below)
			}
		}
	}
	for _, o := range objects {
		walk(o)
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}
