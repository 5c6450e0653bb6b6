package widget

import "slices"

// narrowest is the width below which a column shows nothing useful.
const narrowest = 48

// span is a column with its place in the list.
type span struct {
	key     string
	x, w    float32
	ordered bool
}

func (c Column) least() float32 {
	if c.Min > 0 {
		return c.Min
	}
	return narrowest
}

// share gives every column its part of a width, in the proportions of their
// wished widths but never under their least; those that there is no room for
// go, the highest Drop first.
func share(columns []Column, room float32) []span {
	kept := slices.Clone(columns)
	for {
		var least float32
		worst := -1
		for i, c := range kept {
			least += c.least()
			if c.Drop > 0 && (worst < 0 || c.Drop >= kept[worst].Drop) {
				worst = i
			}
		}
		if least <= room || worst < 0 {
			break
		}
		kept = slices.Delete(kept, worst, worst+1)
	}
	widths := proportions(kept, room)
	spans := make([]span, len(kept))
	var x float32
	for i, c := range kept {
		spans[i] = span{key: c.Key, x: x, w: widths[i], ordered: !c.Fixed}
		x += widths[i]
	}
	return spans
}

// proportions scales the wished widths so that they fill the room. Columns that
// would fall under their least get it, and the others share the rest.
func proportions(columns []Column, room float32) []float32 {
	widths := make([]float32, len(columns))
	fixed := make([]bool, len(columns))
	for range columns {
		free, wished := room, float32(0)
		for i, c := range columns {
			if fixed[i] {
				free -= widths[i]
			} else {
				wished += max(c.Width, 1)
			}
		}
		again := false
		for i, c := range columns {
			if fixed[i] {
				continue
			}
			widths[i] = free * max(c.Width, 1) / wished
			if widths[i] < c.least() {
				widths[i], fixed[i], again = c.least(), true, true
			}
		}
		if !again {
			break
		}
	}
	return widths
}

// drag moves the border after the i-th shown column by some points and writes
// the new widths into the columns.
func drag(columns []Column, shown []span, i int, by float32) {
	if i < 0 || i+1 >= len(shown) {
		return
	}
	at := func(key string) *Column {
		return &columns[slices.IndexFunc(columns, func(c Column) bool { return c.Key == key })]
	}
	for _, s := range shown { // what is seen becomes what is wished
		at(s.key).Width = s.w
	}
	left, right := at(shown[i].key), at(shown[i+1].key)
	by = max(left.least()-left.Width, min(by, right.Width-right.least()))
	left.Width += by
	right.Width -= by
}
