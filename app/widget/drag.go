package widget

import (
	"math"

	"fyne.io/fyne/v2"
)

// DropTarget is where the selected rows of an EntryList can be dragged to.
// Places are those on the canvas.
type DropTarget interface {
	// Over shows what a drop there would do; it need not be within the target.
	Over(at fyne.Position)
	// Drop does it.
	Drop(at fyne.Position)
	// Leave shows nothing any more.
	Leave()
}

// dragFrom is how far, in points, the pointer moves with its button pressed
// before rows are dragged: the toolkit calls two points a drag, which is a click
// of an unsteady hand.
const dragFrom = 8

// rowDrag is what a pressed button does with the selected rows of an EntryList.
type rowDrag struct {
	row     int     // that was pressed
	several bool    // it is one of several selected: they stay so until the release
	far     float64 // how far the pointer went
	dx, dy  float32
	at      fyne.Position
	moving  bool // rows are dragged
	over    bool // a drag was given up, the button is still pressed
}

// press hears of a button before it selects.
func (d *rowDrag) press(l *EntryList, row int, m fyne.KeyModifier, secondary bool) {
	d.cancel(l)
	*d = rowDrag{row: row}
	d.several = m == 0 && !secondary && l.Target != nil && len(l.chosen.ids) > 1 && l.chosen.has(l.rows.ID(row))
}

// release hears of the end of the press: a row of several that was not dragged is
// the only one selected then.
func (d *rowDrag) release(l *EntryList) {
	if d.several && !d.moving && !d.over && d.row < l.rows.Len() {
		l.chosen.only(l.rows, d.row)
		l.after(false)
	}
	d.several = false
}

func (d *rowDrag) move(l *EntryList, e *fyne.DragEvent) {
	if l.Target == nil || d.over || len(l.chosen.ids) == 0 {
		return
	}
	d.at = e.AbsolutePosition
	d.dx, d.dy = d.dx+e.Dragged.DX, d.dy+e.Dragged.DY
	d.far = max(d.far, math.Hypot(float64(d.dx), float64(d.dy)))
	if d.far >= dragFrom {
		d.moving = true
		l.Target.Over(d.at)
	}
}

func (d *rowDrag) end(l *EntryList) {
	moving := d.moving
	d.moving = false
	if moving {
		l.Target.Leave()
		l.Target.Drop(d.at)
	}
}

// cancel gives a drag up and reports whether there was one.
func (d *rowDrag) cancel(l *EntryList) bool {
	if !d.moving {
		return false
	}
	d.moving, d.over = false, true
	l.Target.Leave()
	return true
}
