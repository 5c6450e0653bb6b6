package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// FormRow is one line of a Form.
type FormRow struct {
	Label string            // "": the field stands alone, under the others
	Field fyne.CanvasObject // takes the rest of the width
	Hint  string            // a line below the field; "": none
	Wide  bool              // over both columns
	Lines bool              // the field is lines of text and nothing else: the label stands beside the first
}

// Form shows rows with their labels in a column at the left, aligned to the
// fields. Rows whose field is hidden take no room.
type Form struct {
	widget.BaseWidget
	rows   []FormRow
	labels []*canvas.Text
	hints  []*Hint
}

// formGap is between two rows.
const formGap = 7

// NewForm returns a form of these rows.
func NewForm(rows ...FormRow) *Form {
	f := &Form{}
	f.set(rows)
	f.ExtendBaseWidget(f)
	return f
}

// SetRows shows other rows.
func (f *Form) SetRows(rows ...FormRow) {
	f.set(rows)
	f.Refresh()
}

// SetHint changes the line below the i-th field.
func (f *Form) SetHint(i int, hint string) {
	f.rows[i].Hint = hint
	f.hints[i].SetText(hint)
	f.Refresh()
}

func (f *Form) set(rows []FormRow) {
	f.rows, f.labels, f.hints = rows, nil, nil
	for _, r := range rows {
		f.labels = append(f.labels, canvas.NewText(r.Label, nil))
		f.hints = append(f.hints, NewHint(r.Hint))
	}
}

func (f *Form) paint() {
	for _, l := range f.labels {
		setText(l, l.Text, sizeOf(f, toolkit.SizeNameText), colorOf(f, theme.ColorDim))
	}
}

// left is the width of the column of labels.
func (f *Form) left() float32 {
	var w float32
	for i, l := range f.labels {
		if !f.rows[i].Wide && f.rows[i].Field.Visible() {
			w = max(w, l.MinSize().Width)
		}
	}
	if w > 0 {
		w += 10
	}
	return w
}

// arrange places the rows in a width and returns the height that they take.
func (f *Form) arrange(width float32) float32 {
	left := f.left()
	var y float32
	for i, r := range f.rows {
		shown := r.Field.Visible()
		f.labels[i].Hidden = !shown
		f.hints[i].Hidden = !shown || r.Hint == ""
		if !shown {
			continue
		}
		x := left
		if r.Wide {
			x = 0
		}
		w := max(0, width-x)
		r.Field.Resize(fyne.NewSize(w, r.Field.MinSize().Height)) // what wraps knows its height now
		h := r.Field.MinSize().Height
		place(r.Field, x, y, w, h)
		m := f.labels[i].MinSize()
		// beside the first line of the field
		first := min(h, rowHeight(f))
		if r.Lines {
			first = min(h, m.Height)
		}
		place(f.labels[i], left-10-m.Width, y+max(0, (first-m.Height)/2), m.Width, m.Height)
		y += h
		if !f.hints[i].Hidden {
			f.hints[i].Resize(fyne.NewSize(w, f.hints[i].MinSize().Height))
			place(f.hints[i], x-2, y-1, w, f.hints[i].MinSize().Height)
			y += f.hints[i].MinSize().Height - 2
		}
		y += formGap
	}
	return max(0, y-formGap)
}

// CreateRenderer is the toolkit's.
func (f *Form) CreateRenderer() fyne.WidgetRenderer {
	f.paint()
	return &objects{
		all: func() []fyne.CanvasObject {
			var all []fyne.CanvasObject
			for i, r := range f.rows {
				all = append(all, f.labels[i], r.Field, f.hints[i])
			}
			return all
		},
		layout: func(size fyne.Size) { f.arrange(size.Width) },
		min: func() fyne.Size {
			var w float32
			left := f.left()
			for _, r := range f.rows {
				switch {
				case !r.Field.Visible():
				case r.Wide:
					w = max(w, r.Field.MinSize().Width)
				default:
					w = max(w, left+r.Field.MinSize().Width)
				}
			}
			return fyne.NewSize(w, f.arrange(max(w, f.Size().Width)))
		},
		refresh: func() { f.paint(); f.arrange(f.Size().Width); canvas.Refresh(f) },
	}
}
