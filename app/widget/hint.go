package widget

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// Hint is dim text that wraps. The toolkit's label of low importance has the
// colour of disabled things, which is too faint to read.
type Hint struct {
	widget.BaseWidget
	text  string
	size  fyne.ThemeSizeName
	align fyne.TextAlign
	lines []*canvas.Text
	broke float32 // width that the lines were broken for
}

// NewHint returns a hint in the size of captions.
func NewHint(text string) *Hint {
	return newHint(text, toolkit.SizeNameCaptionText, fyne.TextAlignLeading)
}

func newHint(text string, size fyne.ThemeSizeName, align fyne.TextAlign) *Hint {
	h := &Hint{text: text, size: size, align: align}
	h.ExtendBaseWidget(h)
	return h
}

// SetText says something else.
func (h *Hint) SetText(text string) {
	if h.text == text {
		return
	}
	h.text = text
	h.broke = -1
	h.Refresh()
}

// Text returns what the hint says.
func (h *Hint) Text() string { return h.text }

// wrap breaks the text for a width.
func (h *Hint) wrap(width float32) {
	size, ink := sizeOf(h, h.size), colorOf(h, theme.ColorDim)
	if h.broke != width {
		h.broke, h.lines = width, nil
		for _, paragraph := range strings.Split(h.text, "\n") {
			for _, line := range breakLines(paragraph, size, max(1, width-2*h.pad())) {
				t := canvas.NewText(line, ink)
				t.Alignment = h.align
				h.lines = append(h.lines, t)
			}
		}
	}
	for i, t := range h.lines {
		setText(t, t.Text, size, ink)
		place(t, h.pad(), h.pad()+float32(i)*h.step(), width-2*h.pad(), h.step())
	}
}

func (h *Hint) pad() float32  { return sizeOf(h, toolkit.SizeNameInnerPadding) }
func (h *Hint) step() float32 { return sizeOf(h, h.size) * 1.4 }

// Resize is the toolkit's; the text is broken at once, so that MinSize knows
// the height.
func (h *Hint) Resize(size fyne.Size) {
	h.wrap(size.Width)
	h.BaseWidget.Resize(size)
}

// CreateRenderer is the toolkit's.
func (h *Hint) CreateRenderer() fyne.WidgetRenderer {
	return &objects{
		all: func() []fyne.CanvasObject {
			all := make([]fyne.CanvasObject, len(h.lines))
			for i, t := range h.lines {
				all[i] = t
			}
			return all
		},
		layout: func(size fyne.Size) { h.wrap(size.Width) },
		min: func() fyne.Size {
			return fyne.NewSize(80, float32(max(1, len(h.lines)))*h.step()+2*h.pad())
		},
		refresh: func() { h.wrap(h.Size().Width); canvas.Refresh(h) },
	}
}
