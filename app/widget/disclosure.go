package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// Disclosure is a line that opens and closes what stands below it: an arrow, a
// count and words. A press, Enter, Space, Left and Right do it.
type Disclosure struct {
	widget.BaseWidget

	// OnToggle is told what the person did.
	OnToggle func(open bool)

	count, words string
	open, bare   bool
	hover, focus bool
	ground       *canvas.Rectangle
	arrow        pictures
	number       *canvas.Text
	lines        []*canvas.Text
	broke        float32
}

// NewDisclosure returns a closed one. One that is bare has nothing to open and
// only says its words.
func NewDisclosure(count, words string, bare bool) *Disclosure {
	d := &Disclosure{count: count, words: words, bare: bare, broke: -1, arrow: pictures{}}
	d.ground = canvas.NewRectangle(nil)
	d.ground.CornerRadius = 4
	d.number = canvas.NewText(count, nil)
	d.number.TextStyle.Bold = true
	d.ExtendBaseWidget(d)
	return d
}

// Open tells whether it is open.
func (d *Disclosure) Open() bool { return d.open }

// SetOpen opens or closes it without telling.
func (d *Disclosure) SetOpen(open bool) {
	d.open = open && !d.bare
	d.Refresh()
}

func (d *Disclosure) toggle() {
	if d.bare {
		return
	}
	d.SetOpen(!d.open)
	if d.OnToggle != nil {
		d.OnToggle(d.open)
	}
}

// left is where the words begin.
func (d *Disclosure) left() float32 { return 26 + max(d.number.MinSize().Width, 22) + 8 }

func (d *Disclosure) arrange(width float32) {
	size := sizeOf(d, toolkit.SizeNameText)
	step := size * 1.4
	if d.broke != width {
		d.broke, d.lines = width, nil
		for _, line := range breakLines(d.words, size, max(1, width-d.left()-6)) {
			d.lines = append(d.lines, canvas.NewText(line, nil))
		}
	}
	for i, l := range d.lines {
		setText(l, l.Text, size, colorOf(d, toolkit.ColorNameForeground))
		place(l, d.left(), 4+float32(i)*step, max(0, width-d.left()), step)
	}
	place(d.number, 26, 4, d.number.MinSize().Width, step)
	place(d.ground, 0, 0, width, d.height())
}

func (d *Disclosure) height() float32 {
	return float32(max(1, len(d.lines)))*sizeOf(d, toolkit.SizeNameText)*1.4 + 8
}

func (d *Disclosure) paint() {
	ground := fyne.ThemeColorName(toolkit.ColorNameOverlayBackground)
	switch {
	case d.focus:
		ground = theme.ColorSelectedDim
	case d.hover && !d.bare:
		ground = theme.ColorRowHover
	}
	setFill(d.ground, colorOf(d, ground))
	setText(d.number, d.count, sizeOf(d, toolkit.SizeNameText), colorOf(d, toolkit.ColorNameForeground))
	icon := theme.IconChevronRight
	if d.open {
		icon = theme.IconChevronDown
	}
	d.arrow.show(theme.Colored(icon, theme.ColorDim), 5, 4+(sizeOf(d, toolkit.SizeNameText)*1.4-16)/2, 16)
	if d.bare {
		d.arrow.hide()
	}
}

// CreateRenderer is the toolkit's.
func (d *Disclosure) CreateRenderer() fyne.WidgetRenderer {
	d.paint()
	return &objects{
		all: func() []fyne.CanvasObject {
			all := []fyne.CanvasObject{d.ground, d.number}
			for _, l := range d.lines {
				all = append(all, l)
			}
			return d.arrow.over(all...)
		},
		layout:  func(size fyne.Size) { d.arrange(size.Width) },
		min:     func() fyne.Size { return fyne.NewSize(160, d.height()) },
		refresh: func() { d.paint(); d.arrange(d.Size().Width); canvas.Refresh(d) },
	}
}

// Resize is the toolkit's; the words are broken at once, so that MinSize knows
// the height.
func (d *Disclosure) Resize(size fyne.Size) {
	d.arrange(size.Width)
	d.BaseWidget.Resize(size)
}

// Tapped is the toolkit's.
func (d *Disclosure) Tapped(*fyne.PointEvent) {
	if !d.bare {
		focus(d)
		d.toggle()
	}
}

// TypedKey is the toolkit's.
func (d *Disclosure) TypedKey(e *fyne.KeyEvent) {
	switch {
	case isEnter(e) && !d.bare, e.Name == fyne.KeySpace:
		d.toggle()
	case e.Name == fyne.KeyRight && !d.open, e.Name == fyne.KeyLeft && d.open:
		d.toggle()
	default:
		pass(d, e)
	}
}

// TypedRune is the toolkit's.
func (d *Disclosure) TypedRune(rune) {}

// FocusGained is the toolkit's.
func (d *Disclosure) FocusGained() { d.focus = true; d.Refresh() }

// FocusLost is the toolkit's.
func (d *Disclosure) FocusLost() { d.focus = false; d.Refresh() }

// MouseIn is the toolkit's.
func (d *Disclosure) MouseIn(*desktop.MouseEvent) { d.hover = true; d.Refresh() }

// MouseMoved is the toolkit's.
func (d *Disclosure) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is the toolkit's.
func (d *Disclosure) MouseOut() { d.hover = false; d.Refresh() }
