package widget_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// drawn returns the texts that an object paints.
func drawn(o fyne.CanvasObject) []string {
	if !o.Visible() {
		return nil
	}
	var below []fyne.CanvasObject
	switch o := o.(type) {
	case *canvas.Text:
		return []string{o.Text}
	case fyne.Widget:
		below = test.WidgetRenderer(o).Objects()
	case *fyne.Container:
		below = o.Objects
	}
	var out []string
	for _, b := range below {
		out = append(out, drawn(b)...)
	}
	return out
}

func TestPointsWrap(t *testing.T) {
	long := strings.Repeat("word ", 40)
	p := widget.NewPoints(widget.Point{Icon: theme.IconCheck, Text: long, More: long, Value: "B0"}, widget.Point{Text: "short"})
	window(t, container.NewWithoutLayout(p), 400, 300)
	p.Resize(fyne.NewSize(300, p.MinSize().Height))
	high := p.MinSize().Height
	p.Resize(fyne.NewSize(600, high))
	if low := p.MinSize().Height; low >= high || !slices.Contains(drawn(p), "B0") {
		t.Errorf("height %v at 600, %v at 300; drawn %q", low, high, drawn(p))
	}
	p.SetPoints(widget.Point{Text: "another"})
	if got := drawn(p); !slices.Equal(got, []string{"another"}) {
		t.Errorf("drawn %q", got)
	}
}

func TestDisclosureByKeyboard(t *testing.T) {
	var told []bool
	d := widget.NewDisclosure("300", "left out", false)
	d.OnToggle = func(open bool) { told = append(told, open) }
	window(t, container.NewVBox(d), 300, 200)
	for _, k := range []fyne.KeyName{fyne.KeyRight, fyne.KeyRight, fyne.KeyLeft, fyne.KeyLeft, fyne.KeyReturn, fyne.KeySpace} {
		d.TypedKey(&fyne.KeyEvent{Name: k})
	}
	if want := []bool{true, false, true, false}; !slices.Equal(told, want) || d.Open() {
		t.Errorf("told %v, want %v", told, want)
	}
	bare := widget.NewDisclosure("3", "nothing named", true)
	bare.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	bare.Tapped(&fyne.PointEvent{})
	if bare.Open() {
		t.Error("what has nothing to open is open")
	}
}

// A path that is too long shows its end, and ten thousand cost what ten do.
func TestPathList(t *testing.T) {
	lines := []widget.PathLine{{Lead: "edited", Path: strings.Repeat("level/", 126) + "Deep entry", More: "Password"}}
	for i := range 10_000 {
		lines = append(lines, widget.PathLine{Path: fmt.Sprintf("Group/Entry %d", i)})
	}
	l := widget.NewPathList(7)
	l.SetLines(lines)
	w := window(t, container.NewVBox(l), 360, 400)
	got := drawn(l)
	if len(got) > 60 || !slices.Contains(got, "edited") || !slices.Contains(got, "Password") || !slices.Contains(got, "Group/Entry 3") {
		t.Errorf("%d texts: %q", len(got), got)
	}
	cut := got[slices.IndexFunc(got, func(s string) bool { return strings.HasSuffix(s, "Deep entry") })]
	if !strings.HasPrefix(cut, "…") || fyne.MeasureText(cut, 12, fyne.TextStyle{}).Width > 300 {
		t.Errorf("cut to %q", cut)
	}
	w.Canvas().FocusNext()
	w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	if got := drawn(l); !slices.Contains(got, "Group/Entry 9999") {
		t.Errorf("at the end: %q", got)
	}
	l.SetLines(lines[:1])
	if got := drawn(l); slices.Contains(got, "Group/Entry 9999") {
		t.Errorf("after other lines: %q", got)
	}
}

// Bold letters are wider: a line of them stays within its place, too.
func TestBoldPointStaysInItsPlace(t *testing.T) {
	test.NewTempApp(t)
	for _, text := range []string{strings.Repeat("Rot: im Tresor der Niederlassung Süd-West, Standort Konstanz ", 3), strings.Repeat("WM", 80), strings.Repeat("il. ", 90)} {
		p := widget.NewPoints(widget.Point{Text: text, Bold: true})
		w := test.NewTempWindow(t, p)
		for width := float32(200); width < 420; width += 7 {
			w.Resize(fyne.NewSize(width, 400))
			p.Resize(fyne.NewSize(width, p.MinSize().Height))
			for _, o := range test.WidgetRenderer(p).Objects() {
				line, ok := o.(*canvas.Text)
				if ok && line.Position().X+line.MinSize().Width > width {
					t.Errorf("%q ends at %v of %v", line.Text, line.Position().X+line.MinSize().Width, width)
				}
			}
		}
	}
}
