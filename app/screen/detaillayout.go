package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fw "fyne.io/fyne/v2/widget"
)

// fitted gives a scrolled content the width of its place before its height is
// asked for: what wraps knows its height only then.
type fitted struct {
	scroll  *container.Scroll
	content fyne.CanvasObject
}

// Layout is the toolkit's.
func (f *fitted) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	f.content.Resize(fyne.NewSize(size.Width, f.content.Size().Height))
	f.content.Resize(fyne.NewSize(size.Width, max(size.Height, f.content.MinSize().Height)))
	put(f.scroll, 0, 0, size.Width, size.Height)
	f.scroll.Refresh()
}

// MinSize is the toolkit's.
func (f *fitted) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, 70) }

// Where the details have two columns, in points.
const (
	twoColumns = 660 // from this width on
	pageGap    = 16
	pageEdge   = 8
	leftShare  = 0.58
)

// pages lays the details out: the header, then fields and facts beside each
// other, or below where it is narrow.
type pages struct{ width float32 }

// Layout is the toolkit's.
func (p *pages) Layout(all []fyne.CanvasObject, size fyne.Size) {
	p.width = size.Width
	p.arrange(all)
}

func (p *pages) arrange(all []fyne.CanvasObject) float32 {
	if len(all) < 3 {
		return 0
	}
	room := p.width - 2*pageEdge
	head := all[0].MinSize().Height
	put(all[0], pageEdge, pageEdge/2, room, head)
	y := pageEdge/2 + head + 2
	narrow := p.width < twoColumns
	alignSheets(all[1:], narrow)
	if narrow {
		h := fit(all[1], pageEdge, y, room)
		if h > 0 {
			h += 7
		}
		return y + h + fit(all[2], pageEdge, y+h, room) + pageEdge
	}
	left := (room - pageGap) * leftShare
	a := fit(all[1], pageEdge, y, left)
	b := fit(all[2], pageEdge+left+pageGap, y, room-left-pageGap)
	return y + max(a, b) + pageEdge
}

// alignSheets has sheets below each other begin their fields at the same place.
func alignSheets(all []fyne.CanvasObject, below bool) {
	var widest float32
	for _, set := range []bool{false, true} {
		for _, o := range all {
			c, ok := o.(*fyne.Container)
			if !ok {
				continue
			}
			s, ok := c.Layout.(*sheet)
			switch {
			case !ok:
			case set && below:
				s.least = widest
			case !set:
				s.least = 0
				widest = max(widest, s.left(c.Objects))
			}
		}
	}
}

// fit places an object in a width and returns the height that it needs there.
func fit(o fyne.CanvasObject, x, y, w float32) float32 {
	if o.Size().Width != w {
		o.Resize(fyne.NewSize(w, o.Size().Height))
	}
	h := o.MinSize().Height
	put(o, x, y, w, h)
	return h
}

// MinSize is the toolkit's.
func (p *pages) MinSize(all []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(180, p.arrange(all))
}

// headline is icon and title, and the path at the right where there is room.
type headline struct{}

// Layout is the toolkit's.
func (headline) Layout(all []fyne.CanvasObject, size fyne.Size) {
	const side = 20
	put(all[0], 0, (size.Height-side)/2, side, side)
	x := float32(side + 4)
	want := all[2].MinSize()
	label := all[1].(*fw.Label)
	title := fyne.MeasureText(label.Text, label.Theme().Size(label.SizeName), label.TextStyle).Width + 12
	if x+title+want.Width > size.Width { // the title matters more
		put(all[2], away, 0, want.Width, size.Height)
		put(all[1], x, 0, size.Width-x, size.Height)
		return
	}
	put(all[1], x, 0, size.Width-x-want.Width-4, size.Height)
	put(all[2], size.Width-want.Width, 0, want.Width, size.Height)
}

// MinSize is the toolkit's.
func (headline) MinSize(all []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(120, all[1].MinSize().Height)
}

// stacked puts objects below each other without gaps.
type stacked struct{}

// Layout is the toolkit's.
func (stacked) Layout(all []fyne.CanvasObject, size fyne.Size) {
	var y float32
	for _, o := range all {
		if o.Visible() {
			y += fit(o, 0, y, size.Width)
		}
	}
}

// MinSize is the toolkit's.
func (stacked) MinSize(all []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range all {
		if o.Visible() {
			m.Width = max(m.Width, o.MinSize().Width)
			m.Height += o.MinSize().Height
		}
	}
	return m
}

// inset keeps a bar in line with the text above it, no wider than one reads at
// a glance.
type inset struct{}

// Layout is the toolkit's.
func (inset) Layout(all []fyne.CanvasObject, size fyne.Size) {
	put(all[0], 4, 0, min(220, size.Width-8), size.Height)
}

// MinSize is the toolkit's.
func (inset) MinSize(all []fyne.CanvasObject) fyne.Size {
	if !all[0].Visible() {
		return fyne.Size{}
	}
	return all[0].MinSize()
}

// signed is a small icon before words that may wrap.
type signed struct{}

// Layout is the toolkit's.
func (signed) Layout(all []fyne.CanvasObject, size fyne.Size) {
	const side = 16
	put(all[0], 4, 5, side, side)
	put(all[1], side+4, 0, size.Width-side-4, size.Height)
}

// MinSize is the toolkit's.
func (signed) MinSize(all []fyne.CanvasObject) fyne.Size {
	m := all[1].MinSize()
	return fyne.NewSize(m.Width+20, m.Height)
}

// sheet lays out labels and fields in two columns, closer to each other than a
// form to be filled in. Objects come in pairs; a field without a label has an
// empty one.
type sheet struct {
	least float32 // width of the labels, where a sheet above or below has wider ones
}

const (
	labelGap  = 8  // between a label and its field
	labelLine = 26 // height of a field of one line, which the label stands beside
)

// Layout is the toolkit's.
func (s *sheet) Layout(all []fyne.CanvasObject, size fyne.Size) {
	left := s.left(all)
	var y float32
	for i := 0; i+1 < len(all); i += 2 {
		m := all[i].MinSize()
		h := fit(all[i+1], left+labelGap, y, max(0, size.Width-left-labelGap))
		put(all[i], left-m.Width, y+(min(h, labelLine)-m.Height)/2, m.Width, m.Height)
		y += h
	}
}

func (s *sheet) left(all []fyne.CanvasObject) float32 {
	w := s.least
	for i := 0; i < len(all); i += 2 {
		w = max(w, all[i].MinSize().Width)
	}
	return w
}

// MinSize is the toolkit's.
func (s *sheet) MinSize(all []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for i := 1; i < len(all); i += 2 {
		m.Width = max(m.Width, all[i].MinSize().Width)
		m.Height += all[i].MinSize().Height
	}
	m.Width += s.left(all) + labelGap
	return m
}
