package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// BadgeMode is what a ModeBadge shows.
type BadgeMode int

// The modes. Each has a shape of its own: a full dot, waves, a ring.
const (
	BadgeDisconnected BadgeMode = iota
	BadgeOffline
	BadgeOnline
)

// ModeBadge says how the window works: shape, colour and words.
type ModeBadge struct {
	widget.BaseWidget

	// OnTapped is told of a press.
	OnTapped func()

	mode   BadgeMode
	ground *canvas.Rectangle
	dot    *canvas.Circle
	wave   *canvas.Image
	text   *canvas.Text
}

// NewModeBadge returns a badge without words.
func NewModeBadge() *ModeBadge {
	b := &ModeBadge{ground: canvas.NewRectangle(nil), dot: canvas.NewCircle(nil), wave: canvas.NewImageFromResource(theme.Colored(theme.IconWave, theme.ColorOffline)), text: canvas.NewText("", nil)}
	b.text.TextStyle.Bold = true
	b.ExtendBaseWidget(b)
	return b
}

// Set shows a mode with its words.
func (b *ModeBadge) Set(mode BadgeMode, words string) {
	b.mode, b.text.Text = mode, words
	b.Refresh()
}

// Words returns what the badge says.
func (b *ModeBadge) Words() string { return b.text.Text }

// Tapped is the toolkit's.
func (b *ModeBadge) Tapped(*fyne.PointEvent) {
	if b.OnTapped != nil {
		b.OnTapped()
	}
}

func (b *ModeBadge) paint() {
	ink, ground := theme.ColorDisconnected, theme.ColorDisconnectedGround
	switch b.mode {
	case BadgeOnline:
		ink, ground = theme.ColorOnline, theme.ColorOnlineGround
	case BadgeOffline:
		ink, ground = theme.ColorOffline, theme.ColorOfflineGround
	}
	setFill(b.ground, colorOf(b, ground))
	b.text.TextSize, b.text.Color = sizeOf(b, toolkit.SizeNameCaptionText), colorOf(b, ink)
	b.text.Refresh()
	b.dot.FillColor, b.dot.StrokeColor, b.dot.StrokeWidth = colorOf(b, ink), colorOf(b, ink), 0
	if b.mode == BadgeDisconnected {
		b.dot.FillColor, b.dot.StrokeWidth = nil, 2
	}
	b.dot.Hidden, b.wave.Hidden = b.mode == BadgeOffline, b.mode != BadgeOffline
	b.dot.Refresh()
}

// CreateRenderer is the toolkit's.
func (b *ModeBadge) CreateRenderer() fyne.WidgetRenderer {
	b.paint()
	arrange := func(size fyne.Size) {
		b.ground.CornerRadius = size.Height / 2
		b.ground.Resize(size)
		place(b.dot, 9, (size.Height-9)/2, 9, 9)
		place(b.wave, 6, (size.Height-15)/2, 15, 15)
		m := b.text.MinSize()
		place(b.text, 24, (size.Height-m.Height)/2, m.Width, m.Height)
	}
	return &objects{
		all:     func() []fyne.CanvasObject { return []fyne.CanvasObject{b.ground, b.dot, b.wave, b.text} },
		layout:  arrange,
		min:     func() fyne.Size { m := b.text.MinSize(); return fyne.NewSize(m.Width+34, m.Height+5) },
		refresh: func() { b.paint(); arrange(b.Size()); canvas.Refresh(b) },
	}
}

// Chip is a short word on a ground of its own, such as a tag. With OnRemove it
// has a cross.
type Chip struct {
	widget.BaseWidget

	OnTapped func()

	text   *canvas.Text
	ground *canvas.Rectangle
	cross  *iconTap
}

// NewChip returns a chip; onRemove may be nil.
func NewChip(text string, onRemove func()) *Chip {
	c := &Chip{text: canvas.NewText(text, nil), ground: canvas.NewRectangle(nil)}
	if onRemove != nil {
		c.cross = newIconTap(theme.IconClose, onRemove)
	}
	c.ExtendBaseWidget(c)
	return c
}

// Tapped is the toolkit's.
func (c *Chip) Tapped(*fyne.PointEvent) {
	if c.OnTapped != nil {
		c.OnTapped()
	}
}

// CreateRenderer is the toolkit's.
func (c *Chip) CreateRenderer() fyne.WidgetRenderer {
	paint := func() {
		setFill(c.ground, colorOf(c, theme.ColorInfoGround))
		c.text.TextSize, c.text.Color = sizeOf(c, toolkit.SizeNameCaptionText), colorOf(c, theme.ColorInfo)
		c.text.Refresh()
	}
	paint()
	return &objects{
		all: func() []fyne.CanvasObject {
			if c.cross != nil {
				return []fyne.CanvasObject{c.ground, c.text, c.cross}
			}
			return []fyne.CanvasObject{c.ground, c.text}
		},
		layout: func(size fyne.Size) {
			c.ground.CornerRadius = size.Height / 2
			c.ground.Resize(size)
			m := c.text.MinSize()
			place(c.text, 9, (size.Height-m.Height)/2, m.Width, m.Height)
			if c.cross != nil {
				place(c.cross, size.Width-22, 0, 20, size.Height)
			}
		},
		min: func() fyne.Size {
			m := c.text.MinSize()
			w := m.Width + 18
			if c.cross != nil {
				w += 12
			}
			return fyne.NewSize(w, m.Height+5)
		},
		refresh: func() { paint(); canvas.Refresh(c) },
	}
}
