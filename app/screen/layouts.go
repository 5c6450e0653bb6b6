package screen

import "fyne.io/fyne/v2"

// away is where a layout puts what there is no room for. Hiding it would ask
// for another layout from within this one.
const away = -20_000

// put moves and resizes, where it differs.
func put(o fyne.CanvasObject, x, y, w, h float32) {
	if pos := fyne.NewPos(x, y); o.Position() != pos {
		o.Move(pos)
	}
	if size := fyne.NewSize(w, h); o.Size() != size {
		o.Resize(size)
	}
}

// flow lays objects out like words, in as many lines as it takes.
type flow struct {
	gap   float32
	width float32 // of the last layout, which the height depends on
}

// Layout is the toolkit's.
func (f *flow) Layout(all []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	f.arrange(all, true)
}

func (f *flow) arrange(all []fyne.CanvasObject, move bool) (height float32) {
	var x, y, line float32
	for _, o := range all {
		m := o.MinSize()
		m.Width = min(m.Width, max(f.width, 1))
		if x > 0 && x+m.Width > f.width {
			x, y, line = 0, y+line+f.gap, 0
		}
		if move {
			put(o, x, y, m.Width, m.Height)
		}
		x += m.Width + f.gap
		line = max(line, m.Height)
	}
	return y + line
}

// MinSize is the toolkit's.
func (f *flow) MinSize(all []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(60, f.arrange(all, false))
}

// beside gives the first object what the others, at its right, leave. It is as
// high as the first needs to be in that width.
type beside struct{ side float32 }

// Layout is the toolkit's.
func (b *beside) Layout(all []fyne.CanvasObject, size fyne.Size) {
	x := size.Width
	for k := len(all) - 1; k > 0; k-- {
		if all[k].Visible() {
			m := all[k].MinSize()
			w := m.Width
			if b.side > 0 {
				w = b.side
			}
			x -= w
			put(all[k], x, 0, w, min(size.Height, max(b.side, m.Height)))
		}
	}
	put(all[0], 0, 0, max(x, 0), size.Height)
}

// MinSize is the toolkit's.
func (b *beside) MinSize(all []fyne.CanvasObject) fyne.Size {
	m := all[0].MinSize()
	for _, o := range all[1:] {
		if o.Visible() {
			s := o.MinSize()
			if b.side > 0 {
				s = fyne.NewSquareSize(b.side)
			}
			m.Width += s.Width
			m.Height = max(m.Height, s.Height)
		}
	}
	return m
}

// lowered puts chips in line with the labels beside them.
type lowered struct{}

// Layout is the toolkit's.
func (lowered) Layout(all []fyne.CanvasObject, size fyne.Size) {
	put(all[0], 4, 3, size.Width-4, size.Height-6)
}

// MinSize is the toolkit's.
func (lowered) MinSize(all []fyne.CanvasObject) fyne.Size {
	return all[0].MinSize().AddWidthHeight(4, 6)
}
