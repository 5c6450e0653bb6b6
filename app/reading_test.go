package app

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
)

// seen returns what is shown of these objects: themselves, and all within them.
func seen(objects ...fyne.CanvasObject) (all []fyne.CanvasObject) {
	for _, o := range objects {
		if o == nil || !o.Visible() {
			continue
		}
		all = append(all, o)
		switch o := o.(type) {
		case fyne.Widget:
			all = append(all, seen(test.WidgetRenderer(o).Objects()...)...)
		case *fyne.Container:
			all = append(all, seen(o.Objects...)...)
		}
	}
	return all
}

// shown returns the widgets of a kind among what is shown of these objects.
func shown[T fyne.Widget](objects ...fyne.CanvasObject) (all []T) {
	for _, o := range seen(objects...) {
		if w, ok := o.(T); ok {
			all = append(all, w)
		}
	}
	return all
}

// readable returns what a person can read in these objects, with single spaces.
func readable(objects ...fyne.CanvasObject) string {
	var out []string
	for _, o := range seen(objects...) {
		if t, ok := o.(*canvas.Text); ok {
			out = append(out, t.Text)
		}
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}
