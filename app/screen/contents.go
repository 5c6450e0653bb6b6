package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// Contents is the page of Offline contents…: what there is to say about the
// cache. What is in it is the entry list itself.
type Contents struct {
	dialog *widget.Dialog
}

// NewContents returns the page of a model; leave closes it.
func NewContents(words *present.Catalogue, m present.Contents, leave func()) *Contents {
	var rows []widget.FormRow
	for _, f := range m.Facts {
		value := fw.NewLabel(f.Value)
		value.Wrapping = fyne.TextWrapWord
		if f.ID == "path" { // has no words
			value.Wrapping = fyne.TextWrapBreak
		}
		value.Selectable = true
		value.Importance = severityImportance(f.Severity)
		rows = append(rows, widget.FormRow{Label: f.Label, Field: container.New(trim{}, value), Lines: true})
	}
	var points []widget.Point
	if m.Level.ID != "" {
		color := toolkit.ColorNamePrimary
		if m.Level.Weak {
			color = theme.ColorWarning
		}
		points = append(points, widget.Point{Icon: theme.IconChip, Color: color, Text: m.Level.Does},
			widget.Point{Icon: theme.IconWarning, Color: theme.ColorWarning, Text: m.Level.Cannot})
	}
	if m.Escrow != "" {
		points = append(points, widget.Point{Icon: theme.IconKey, Text: m.Escrow})
	}
	if len(points) > 0 {
		rows = append(rows, widget.FormRow{Wide: true, Field: widget.NewPoints(points...)})
	}
	x := &Contents{}
	x.dialog = &widget.Dialog{
		Title: dialogTitle(words, present.CmdOfflineContents), Icon: theme.IconContents, Body: widget.NewForm(rows...), Width: 560,
		Cancel: words.Text("dialog.close", nil), OnCancel: leave,
	}
	if n := noticeMessage(m.Notice); n.Text != "" {
		x.dialog.SetMessage(n.Level, n.Text, n.Remedy)
	}
	return x
}

// Dialog returns what a Stack opens.
func (x *Contents) Dialog() *widget.Dialog { return x.dialog }

func severityImportance(s present.Severity) fw.Importance {
	switch s {
	case present.Good:
		return fw.SuccessImportance
	case present.Warning:
		return fw.WarningImportance
	case present.Alarm:
		return fw.DangerImportance
	}
	return fw.MediumImportance
}

// trim takes the room above and below a label, for facts that stand close.
type trim struct{}

const trimmed = 4 // above, and below

// Layout is the toolkit's.
func (trim) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		put(o, 0, -trimmed, size.Width, size.Height+2*trimmed)
	}
}

// MinSize is the toolkit's.
func (trim) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := objects[0].MinSize()
	return fyne.NewSize(m.Width, max(0, m.Height-2*trimmed))
}
