package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// fingerprintColumns is how many groups of digits stand beside each other: a
// line of four can be read aloud in one breath.
const fingerprintColumns = 4

// fingerprint shows the question whether an identity is the server's.
type fingerprint struct {
	object fyne.CanvasObject
	ask    *fw.Label
	box    *fyne.Container
	groups *fyne.Container
	text   []string
}

func newFingerprint(caption string) *fingerprint {
	f := &fingerprint{ask: fw.NewLabel(""), groups: container.NewGridWithColumns(fingerprintColumns)}
	f.ask.Wrapping = fyne.TextWrapWord
	f.box = container.NewVBox(widget.NewHint(caption), newGround(f.groups), gap(0, 4)) // the buttons below keep their distance
	f.object = container.New(&tight{overlap: -4}, f.ask, f.box)
	return f
}

// show shows the question; nil: there is none.
func (f *fingerprint) show(i *present.Identity) {
	show(f.object, i != nil && i.Accept != "")
	f.text = nil
	f.groups.RemoveAll()
	if i == nil || i.Accept == "" {
		return
	}
	f.ask.SetText(i.Ask)
	f.text = i.Groups
	for _, g := range i.Groups {
		t := fw.NewLabelWithStyle(g, fyne.TextAlignCenter, fyne.TextStyle{Monospace: true})
		t.SizeName = toolkit.SizeNameSubHeadingText
		f.groups.Add(t)
	}
	f.object.Refresh()
}

// ground is a soft ground under what stands out of a card.
type ground struct {
	fw.BaseWidget
	fill *canvas.Rectangle
	over fyne.CanvasObject
}

func newGround(over fyne.CanvasObject) *ground {
	g := &ground{fill: canvas.NewRectangle(nil), over: over}
	g.fill.CornerRadius = 5
	g.ExtendBaseWidget(g)
	return g
}

// CreateRenderer is the toolkit's.
func (g *ground) CreateRenderer() fyne.WidgetRenderer {
	r := &groundRenderer{WidgetRenderer: fw.NewSimpleRenderer(container.NewStack(g.fill, container.NewPadded(container.NewPadded(g.over)))), g: g}
	r.paint()
	return r
}

type groundRenderer struct {
	fyne.WidgetRenderer
	g *ground
}

func (r *groundRenderer) paint() {
	r.g.fill.FillColor = r.g.Theme().Color(theme.ColorZebra, fyne.CurrentApp().Settings().ThemeVariant())
	r.g.fill.Refresh()
}

// Refresh is the toolkit's.
func (r *groundRenderer) Refresh() {
	r.paint()
	r.WidgetRenderer.Refresh()
}
