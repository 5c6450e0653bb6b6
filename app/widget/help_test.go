package widget_test

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// window shows an object in a window of our look.
func window(t *testing.T, o fyne.CanvasObject, w, h float32) fyne.Window {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(theme.New(theme.Light))
	win := test.NewTempWindow(t, widget.NewTipHost(o))
	win.SetPadded(false)
	win.Resize(fyne.NewSize(w, h))
	return win
}

// texts returns every text that is painted below an object.
func texts(o fyne.CanvasObject) []string {
	var out []string
	for _, c := range test.LaidOutObjects(o) {
		if t, ok := c.(*canvas.Text); ok && t.Text != "" && t.Visible() {
			out = append(out, t.Text)
		}
	}
	return out
}

// rowOf returns the painted row that shows a text.
func rowOf(t *testing.T, o fyne.CanvasObject, text string) fyne.CanvasObject {
	t.Helper()
	for _, c := range test.LaidOutObjects(o) {
		if _, ok := c.(desktop.Mouseable); !ok {
			continue
		}
		if _, ok := c.(fyne.SecondaryTappable); !ok {
			continue
		}
		for _, have := range texts(c) {
			if have == text {
				return c
			}
		}
	}
	t.Fatalf("no row shows %q", text)
	return nil
}

func press(o fyne.CanvasObject, button desktop.MouseButton, m fyne.KeyModifier, at fyne.Position) {
	o.(desktop.Mouseable).MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: button, Modifier: m})
	o.(desktop.Mouseable).MouseUp(&desktop.MouseEvent{Button: button})
}

func keys(f fyne.Focusable, names ...fyne.KeyName) {
	for _, n := range names {
		f.TypedKey(&fyne.KeyEvent{Name: n})
	}
}

// table is rows of one column that spell their number.
type table struct {
	from, n int
	title   func(i int) string
	look    widget.RowLook
}

func (x table) Len() int { return x.n }

func (x table) ID(i int) widget.RowID {
	i += x.from
	return widget.RowID{byte(i >> 16), byte(i >> 8), byte(i)}
}

func (x table) Cell(i int, column string) string {
	if column == "title" && x.title != nil {
		return x.title(i + x.from)
	}
	return fmt.Sprintf("%s %d", column, i+x.from)
}

func (x table) Look(int) widget.RowLook { return x.look }

func id(i int) widget.RowID { return table{n: i + 1}.ID(i) }
