package widget

import "fyne.io/fyne/v2"

// RowID names an entry in a list: the bytes of a vault.ID, which convert to it
// without copying.
type RowID = [16]byte

// Rows is what an EntryList shows. It is asked for the rows in view only, on
// the UI goroutine, and has to answer in microseconds: no sorting, no
// searching, no formatting of more than one value.
type Rows interface {
	Len() int
	ID(row int) RowID
	// Cell returns the text of a column, by its key. It may be long or hold
	// several lines: the list cuts it.
	Cell(row int, column string) string
	Look(row int) RowLook
}

// RowLook is how a row of an EntryList looks, beside its texts.
type RowLook struct {
	Icon    fyne.ThemeIconName // before the title; "": the key
	Mark    string             // word of a badge after the title, such as "edited"; "": none
	Expired bool               // greyed and struck through
	Faint   string             // column whose text only says that there is none; "": none of them
}

// Column is one column of an EntryList.
type Column struct {
	Key   string
	Title string
	Width float32 // wished width; columns share what the list has in these proportions
	Min   float32 // it is never narrower; 0: 48
	// Drop says when the column goes, as the list gets too narrow for all:
	// the highest first, 0 never.
	Drop int
	// Fixed leaves the order of rows alone: a press on the head does nothing.
	Fixed bool
}

// Sorting is the order that the head of an EntryList shows.
type Sorting struct {
	Column     string // "": none
	Descending bool
}

// noRows is a list before SetRows.
type noRows struct{}

func (noRows) Len() int                { return 0 }
func (noRows) ID(int) RowID            { return RowID{} }
func (noRows) Cell(int, string) string { return "" }
func (noRows) Look(int) RowLook        { return RowLook{} }
