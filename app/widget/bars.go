package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// StrengthBar shows how strong a password is: as many of five parts as it has
// points, in their colour, and a word beside them for those who see no colour.
type StrengthBar struct {
	widget.BaseWidget
	score int
	parts [5]*canvas.Rectangle
	word  *canvas.Text
}

// NewStrengthBar returns an empty bar.
func NewStrengthBar() *StrengthBar {
	b := &StrengthBar{score: -1, word: canvas.NewText("", nil)}
	for i := range b.parts {
		b.parts[i] = canvas.NewRectangle(nil)
		b.parts[i].CornerRadius = 2
	}
	b.ExtendBaseWidget(b)
	return b
}

// Set shows a score from 0 (guessed at once) to 4 with its word; under 0:
// nothing to judge.
func (b *StrengthBar) Set(score int, word string) {
	b.score, b.word.Text = min(score, 4), word
	b.Refresh()
}

// CreateRenderer is the toolkit's.
func (b *StrengthBar) CreateRenderer() fyne.WidgetRenderer {
	colors := [5]fyne.ThemeColorName{theme.ColorVeryWeak, theme.ColorWeak, theme.ColorFair, theme.ColorStrong, theme.ColorVeryStrong}
	arrange := func(size fyne.Size) {
		b.word.Resize(b.word.MinSize())
		room := size.Width
		if b.word.Text != "" {
			room -= max(96, b.word.MinSize().Width+10)
		}
		w := max(0, (room-4*3)/5)
		for i, p := range b.parts {
			place(p, float32(i)*(w+3), (size.Height-5)/2, w, 5)
		}
		b.word.Move(fyne.NewPos(room+10, (size.Height-b.word.MinSize().Height)/2))
	}
	paint := func() {
		for i, p := range b.parts {
			color := toolkit.ColorNameSeparator
			if i <= b.score {
				color = colors[b.score]
			}
			setFill(p, colorOf(b, color))
		}
		b.word.TextSize, b.word.Color = sizeOf(b, toolkit.SizeNameCaptionText), colorOf(b, theme.ColorDim)
		b.word.Refresh()
	}
	paint()
	return &objects{
		all: func() []fyne.CanvasObject {
			all := []fyne.CanvasObject{b.word}
			for _, p := range b.parts {
				all = append(all, p)
			}
			return all
		},
		layout:  arrange,
		min:     func() fyne.Size { return fyne.NewSize(140, max(12, b.word.MinSize().Height)) },
		refresh: func() { paint(); arrange(b.Size()); canvas.Refresh(b) },
	}
}

// CountdownBar runs down while something lasts: a password on the clipboard, a
// one-time code. It has no clock; the owner sets what is left.
type CountdownBar struct {
	widget.BaseWidget
	left  float64
	text  *canvas.Text
	track *canvas.Rectangle
	rest  *canvas.Rectangle
}

// NewCountdownBar returns an empty bar.
func NewCountdownBar() *CountdownBar {
	b := &CountdownBar{text: canvas.NewText("", nil), track: canvas.NewRectangle(nil), rest: canvas.NewRectangle(nil)}
	b.track.CornerRadius, b.rest.CornerRadius = 3, 3
	b.ExtendBaseWidget(b)
	return b
}

// Set shows what is left, from 1 down to 0, with a text before the bar. Under
// 0.2 the bar warns.
func (b *CountdownBar) Set(left float64, text string) {
	left = max(0, min(left, 1))
	if b.left == left && b.text.Text == text {
		return
	}
	b.left, b.text.Text = left, text
	b.Refresh()
}

// Left returns what is left.
func (b *CountdownBar) Left() float64 { return b.left }

// CreateRenderer is the toolkit's.
func (b *CountdownBar) CreateRenderer() fyne.WidgetRenderer {
	arrange := func(size fyne.Size) {
		x := float32(0)
		if b.text.Text != "" {
			m := b.text.MinSize()
			place(b.text, 0, (size.Height-m.Height)/2, m.Width, m.Height)
			x = m.Width + 8
		}
		room := max(0, size.Width-x)
		place(b.track, x, (size.Height-6)/2, room, 6)
		place(b.rest, x, (size.Height-6)/2, room*float32(b.left), 6)
	}
	paint := func() {
		color := toolkit.ColorNamePrimary
		if b.left < 0.2 {
			color = theme.ColorWarning
		}
		setFill(b.rest, colorOf(b, color))
		setFill(b.track, colorOf(b, toolkit.ColorNameSeparator))
		b.text.TextSize, b.text.Color = sizeOf(b, toolkit.SizeNameCaptionText), colorOf(b, theme.ColorDim)
		b.text.Refresh()
	}
	paint()
	return &objects{
		all:     func() []fyne.CanvasObject { return []fyne.CanvasObject{b.text, b.track, b.rest} },
		layout:  arrange,
		min:     func() fyne.Size { return fyne.NewSize(b.text.MinSize().Width+68, max(14, b.text.MinSize().Height)) },
		refresh: func() { paint(); arrange(b.Size()); canvas.Refresh(b) },
	}
}
