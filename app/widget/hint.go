package widget

import (
	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// Hint is dim text that wraps. The toolkit's label of low importance has the
// colour of disabled things, which is too faint to read.
type Hint struct {
	widget.RichText
}

// NewHint returns a hint in the size of captions.
func NewHint(text string) *Hint {
	return newHint(text, toolkit.SizeNameCaptionText, fyne.TextAlignLeading)
}

func newHint(text string, size fyne.ThemeSizeName, align fyne.TextAlign) *Hint {
	h := &Hint{}
	h.Wrapping = fyne.TextWrapWord
	h.Segments = []widget.RichTextSegment{&widget.TextSegment{
		Text:  text,
		Style: widget.RichTextStyle{Alignment: align, ColorName: theme.ColorDim, SizeName: size},
	}}
	h.ExtendBaseWidget(h)
	return h
}

// SetText says something else.
func (h *Hint) SetText(text string) {
	segment := h.Segments[0].(*widget.TextSegment)
	if segment.Text == text {
		return
	}
	segment.Text = text
	h.Refresh()
}

// Text returns what the hint says.
func (h *Hint) Text() string { return h.Segments[0].(*widget.TextSegment).Text }
