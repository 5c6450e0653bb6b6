package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// Point is one line of Points.
type Point struct {
	Icon  fyne.ThemeIconName  // "": room for none
	Color fyne.ThemeColorName // of the icon; "": dim
	Text  string              // wraps
	Bold  bool                // the text is
	More  string              // dim, smaller, below the text; "": nothing
	Value string              // dim, at the right of the first line; "": nothing
}

// Points says several things one below the other, each with an icon: a
// checklist, what will happen, what was found out. All of them wrap.
type Points struct {
	widget.BaseWidget
	points []Point
	lines  []pointLines
	broke  float32 // width that the lines were broken for
	height float32
}

// pointLines is what a point looks like in a width.
type pointLines struct {
	icon       *canvas.Image
	value      *canvas.Text
	text, more []*canvas.Text
}

const (
	pointIcon = 16 // side of the icon of a point
	pointLeft = 24 // from the edge to the text
	pointGap  = 5  // between two points
	// boldSlack is for a line whose letters grow more than those of the whole text.
	boldSlack = 0.98
)

// NewPoints returns a list of points.
func NewPoints(points ...Point) *Points {
	p := &Points{points: points, broke: -1}
	p.ExtendBaseWidget(p)
	return p
}

// SetPoints says other things. The same ones cost nothing.
func (p *Points) SetPoints(points ...Point) {
	if len(points) == len(p.points) {
		same := true
		for i := range points {
			same = same && points[i] == p.points[i]
		}
		if same {
			return
		}
	}
	p.points = append([]Point(nil), points...)
	p.broke = -1
	p.Refresh()
}

// Points returns what is said.
func (p *Points) Points() []Point { return p.points }

// arrange breaks the texts for a width and places them.
func (p *Points) arrange(width float32) {
	size, small := sizeOf(p, toolkit.SizeNameText), sizeOf(p, toolkit.SizeNameCaptionText)
	if p.broke != width {
		p.broke, p.lines = width, nil
		for _, point := range p.points {
			p.lines = append(p.lines, p.breakPoint(point, width, size, small))
		}
	}
	var y float32
	for i, l := range p.lines {
		if i > 0 {
			y += pointGap
		}
		if l.icon != nil {
			place(l.icon, 2, y+(size*1.4-pointIcon)/2, pointIcon, pointIcon)
		}
		if l.value != nil {
			place(l.value, width-l.value.MinSize().Width, y, l.value.MinSize().Width, size*1.4)
		}
		for _, t := range l.text {
			place(t, pointLeft, y, max(0, width-pointLeft), size*1.4)
			y += size * 1.4
		}
		for _, t := range l.more {
			place(t, pointLeft, y, max(0, width-pointLeft), small*1.4)
			y += small * 1.4
		}
	}
	p.height = y
}

func (p *Points) breakPoint(point Point, width, size, small float32) pointLines {
	var l pointLines
	room := max(1, width-pointLeft)
	if point.Icon != "" {
		color := point.Color
		if color == "" {
			color = theme.ColorDim
		}
		l.icon = canvas.NewImageFromResource(theme.Colored(point.Icon, color))
	}
	if point.Value != "" {
		c := cutter{}
		c.reset(size)
		value, _ := c.cut(point.Value, room*0.45)
		l.value = p.text(value, size, theme.ColorDim)
		room -= l.value.MinSize().Width + 8
	}
	if point.Bold { // lines are broken by the width of plain letters
		plain, bold := fyne.MeasureText(point.Text, size, fyne.TextStyle{}), fyne.MeasureText(point.Text, size, fyne.TextStyle{Bold: true})
		room *= min(1, plain.Width/max(1, bold.Width)) * boldSlack
	}
	for _, line := range breakLines(point.Text, size, room) {
		t := p.text(line, size, toolkit.ColorNameForeground)
		t.TextStyle.Bold = point.Bold
		l.text = append(l.text, t)
	}
	if point.More != "" {
		for _, line := range breakLines(point.More, small, max(1, width-pointLeft)) {
			l.more = append(l.more, p.text(line, small, theme.ColorDim))
		}
	}
	return l
}

func (p *Points) text(text string, size float32, color fyne.ThemeColorName) *canvas.Text {
	t := canvas.NewText(text, colorOf(p, color))
	t.TextSize = size
	return t
}

// Resize is the toolkit's; the texts are broken at once, so that MinSize knows
// the height.
func (p *Points) Resize(size fyne.Size) {
	p.arrange(size.Width)
	p.BaseWidget.Resize(size)
}

// CreateRenderer is the toolkit's.
func (p *Points) CreateRenderer() fyne.WidgetRenderer {
	return &objects{
		all: func() []fyne.CanvasObject {
			var all []fyne.CanvasObject
			for _, l := range p.lines {
				if l.icon != nil {
					all = append(all, l.icon)
				}
				if l.value != nil {
					all = append(all, l.value)
				}
				for _, t := range l.text {
					all = append(all, t)
				}
				for _, t := range l.more {
					all = append(all, t)
				}
			}
			return all
		},
		layout: func(size fyne.Size) { p.arrange(size.Width) },
		min:    func() fyne.Size { p.arrange(max(p.Size().Width, 120)); return fyne.NewSize(120, p.height) },
		refresh: func() {
			p.broke = -1 // the theme may be another
			p.arrange(p.Size().Width)
			canvas.Refresh(p)
		},
	}
}
