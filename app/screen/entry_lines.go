package screen

import (
	"encoding/binary"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/widget"
)

// line is one row of a small list: its cells by column, and its picture.
type line struct {
	cells map[string]string
	look  widget.RowLook
}

// lines are rows known by their place.
type lines []line

// Len is the number of rows.
func (l lines) Len() int { return len(l) }

// ID is the place as the list wants it; the first is not zero.
func (l lines) ID(row int) (id widget.RowID) {
	binary.BigEndian.PutUint32(id[:], uint32(row)+1)
	return id
}

// Cell is the text of a column.
func (l lines) Cell(row int, column string) string { return l[row].cells[column] }

// Look is how the row looks.
func (l lines) Look(row int) widget.RowLook { return l[row].look }

// placeOf is the inverse of lines.ID.
func placeOf(id widget.RowID) int { return int(binary.BigEndian.Uint32(id[:])) - 1 }

// picked is the place of the one selected row; -1: none.
func picked(l *widget.EntryList) int {
	if ids := l.Selected(); len(ids) == 1 {
		return placeOf(ids[0])
	}
	return -1
}

// buttonColumn is the width of the buttons beside a list: that of the widest
// below another list, in both languages, so that both lists end together.
const buttonColumn = 136

// listWithButtons is a list with its buttons in a column at the right, as
// KeePass has them.
func listWithButtons(title string, list fyne.CanvasObject, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	column := container.New(wide{width: buttonColumn}, container.NewVBox(buttons...))
	body := container.NewBorder(nil, nil, nil, container.NewHBox(gap(4, 0), column), list)
	if title == "" {
		return body
	}
	return container.NewBorder(container.NewVBox(newHeading(title), gap(0, 2)), gap(0, 8), nil, nil, body)
}

// newHeading is the title of one of several parts of a page.
func newHeading(text string) fyne.CanvasObject {
	l := fw.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	return l
}
