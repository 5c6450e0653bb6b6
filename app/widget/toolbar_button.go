package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// ToolbarButton is an icon, with or without a label, that a tip explains. While
// it is disabled the tip says why. The keyboard does not stop at it: its
// command has a shortcut and stands in a menu.
type ToolbarButton struct {
	widget.BaseWidget
	tips
	icon   fyne.ThemeIconName
	label  string
	tip    string
	reason string
	tapped func()
	off    bool
	hover  bool
	ground *canvas.Rectangle
	image  *canvas.Image
	text   *canvas.Text
}

// NewToolbarButton returns a button; label may be empty.
func NewToolbarButton(icon fyne.ThemeIconName, label, tip string, tapped func()) *ToolbarButton {
	b := &ToolbarButton{icon: icon, label: label, tip: tip, tapped: tapped, ground: canvas.NewRectangle(nil), image: canvas.NewImageFromResource(theme.Icon(icon)), text: canvas.NewText(label, nil)}
	b.ground.CornerRadius = 4
	b.ExtendBaseWidget(b)
	return b
}

// SetEnabled enables the button, or disables it with the reason that its tip
// then adds.
func (b *ToolbarButton) SetEnabled(enabled bool, reason string) {
	if b.off == !enabled && b.reason == reason {
		return
	}
	b.off, b.reason = !enabled, reason
	b.leave()
	b.Refresh()
}

// Enabled tells whether a press does anything.
func (b *ToolbarButton) Enabled() bool { return !b.off }

// SetLook changes icon, label and tip, for a command that turns into another
// (connect, disconnect).
func (b *ToolbarButton) SetLook(icon fyne.ThemeIconName, label, tip string) {
	if b.icon == icon && b.label == label && b.tip == tip {
		return
	}
	b.icon, b.label, b.tip = icon, label, tip
	b.Refresh()
}

// Tip returns what a resting pointer is told.
func (b *ToolbarButton) Tip() string {
	if b.off && b.reason != "" {
		return b.tip + " – " + b.reason
	}
	return b.tip
}

// CreateRenderer is the toolkit's.
func (b *ToolbarButton) CreateRenderer() fyne.WidgetRenderer {
	const side, pad = 18, 6
	r := &objects{
		all: func() []fyne.CanvasObject { return []fyne.CanvasObject{b.ground, b.image, b.text} },
		layout: func(size fyne.Size) {
			b.ground.Resize(size)
			x := float32(pad)
			if b.label == "" {
				x = (size.Width - side) / 2
			}
			place(b.image, x, (size.Height-side)/2, side, side)
			h := b.text.MinSize().Height
			place(b.text, x+side+5, (size.Height-h)/2, b.text.MinSize().Width, h)
		},
		min: func() fyne.Size {
			w := float32(side + 2*pad)
			if b.label != "" {
				w += 5 + fyne.MeasureText(b.label, sizeOf(b, toolkit.SizeNameText), fyne.TextStyle{}).Width + 2
			}
			return fyne.NewSize(w, side+2*pad)
		},
		refresh: b.paint,
	}
	b.paint()
	return r
}

func (b *ToolbarButton) paint() {
	ink := toolkit.ColorNameForeground
	if b.off {
		ink = toolkit.ColorNameDisabled
	}
	setIcon(b.image, theme.Colored(b.icon, ink))
	setText(b.text, b.label, sizeOf(b, toolkit.SizeNameText), colorOf(b, ink))
	if b.hover && !b.off {
		setFill(b.ground, colorOf(b, toolkit.ColorNameHover))
	} else {
		setFill(b.ground, nil)
	}
	canvas.Refresh(b)
}

// Tapped is the toolkit's.
func (b *ToolbarButton) Tapped(*fyne.PointEvent) {
	b.leave()
	if !b.off && b.tapped != nil {
		b.tapped()
	}
}

// MouseIn is the toolkit's.
func (b *ToolbarButton) MouseIn(e *desktop.MouseEvent) {
	b.hover = true
	b.paint()
	b.enter(b, b.Tip(), e)
}

// MouseMoved is the toolkit's.
func (b *ToolbarButton) MouseMoved(e *desktop.MouseEvent) { b.moved(e) }

// MouseOut is the toolkit's.
func (b *ToolbarButton) MouseOut() {
	b.hover = false
	b.paint()
	b.leave()
}
