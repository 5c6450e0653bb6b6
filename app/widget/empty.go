package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// Empty stands where there is nothing to show: it says why, and offers the one
// thing that helps.
type Empty struct {
	widget.BaseWidget
	icon     *canvas.Image
	headline *widget.Label
	hint     *Hint
	button   *Button
	content  *fyne.Container
}

// NewEmpty returns an empty place. Hint and label may be empty.
func NewEmpty(icon fyne.ThemeIconName, headline, hint, label string, tapped func()) *Empty {
	e := &Empty{icon: canvas.NewImageFromResource(nil), headline: widget.NewLabel(""), hint: newHint("", toolkit.SizeNameText, fyne.TextAlignCenter)}
	e.icon.FillMode = canvas.ImageFillContain
	e.icon.SetMinSize(fyne.NewSize(44, 44))
	e.headline.Alignment = fyne.TextAlignCenter
	e.headline.TextStyle.Bold, e.headline.SizeName = true, toolkit.SizeNameSubHeadingText
	e.headline.Wrapping = fyne.TextWrapWord
	e.button = NewPrimaryButton("", nil)
	e.content = container.New(&column{width: 360, gap: 6}, e.icon, e.headline, e.hint, container.NewCenter(e.button))
	e.Set(icon, headline, hint, label, tapped)
	e.ExtendBaseWidget(e)
	return e
}

// Set says something else.
func (e *Empty) Set(icon fyne.ThemeIconName, headline, hint, label string, tapped func()) {
	e.icon.Resource = theme.Colored(icon, theme.ColorDim)
	e.icon.Refresh()
	e.headline.SetText(headline)
	e.hint.SetText(hint)
	e.hint.Hidden = hint == ""
	e.button.OnTapped = tapped
	e.button.SetText(label)
	e.button.Hidden = label == ""
	e.content.Refresh()
}

// CreateRenderer is the toolkit's.
func (e *Empty) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(e.content)
}

// column puts objects below each other in the middle of the place, no wider
// than a width at which texts read well.
type column struct{ width, gap float32 }

// Layout is the toolkit's.
func (c *column) Layout(all []fyne.CanvasObject, size fyne.Size) {
	w := min(c.width, size.Width)
	var height float32
	for _, o := range all {
		if o.Visible() {
			o.Resize(fyne.NewSize(w, o.MinSize().Height))
			height += o.MinSize().Height + c.gap
		}
	}
	y := max(0, (size.Height-height)*0.42)
	for _, o := range all {
		if o.Visible() {
			place(o, (size.Width-w)/2, y, w, o.MinSize().Height)
			y += o.MinSize().Height + c.gap
		}
	}
}

// MinSize is the toolkit's.
func (c *column) MinSize(all []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range all {
		if o.Visible() {
			size.Width = max(size.Width, o.MinSize().Width)
			size.Height += o.MinSize().Height + c.gap
		}
	}
	return size
}
