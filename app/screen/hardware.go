package screen

import (
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// HardwareActions are what a person can do in Prepare for a hardware change….
type HardwareActions struct {
	Prepare func()
	Stop    func() // waiting for the server, while the dialog is busy
	Leave   func()
	Closed  func()
}

// Hardware is the question of Prepare for a hardware change…. The keyboard is at
// the way out at first.
type Hardware struct {
	words  *present.Catalogue
	dialog *widget.Dialog
}

// NewHardware returns the question of a model.
func NewHardware(words *present.Catalogue, m present.Hardware, actions HardwareActions) *Hardware {
	points := func(icon widget.Point, texts ...string) *widget.Points {
		var list []widget.Point
		for _, text := range texts {
			p := icon
			p.Text = text
			list = append(list, p)
		}
		return widget.NewPoints(list...)
	}
	rows := []widget.FormRow{
		{Wide: true, Field: widget.NewHint(m.When)},
		{Wide: true, Field: bold(words.Text("hardware.does", nil))},
		{Wide: true, Field: points(widget.Point{Icon: theme.IconChip}, m.Does...)},
	}
	if m.Drafts != "" {
		rows = append(rows, widget.FormRow{Wide: true, Field: points(widget.Point{Icon: theme.IconDraft, Color: theme.ColorError}, m.Drafts)})
	}
	rows = append(
		rows,
		widget.FormRow{Wide: true, Field: bold(words.Text("hardware.after", nil))},
		widget.FormRow{Wide: true, Field: points(widget.Point{Icon: theme.IconInfo}, m.After...)},
	)
	x := &Hardware{words: words}
	x.dialog = &widget.Dialog{
		Title: dialogTitle(words, present.CmdHardware), Icon: theme.IconChip, Width: 500, Body: widget.NewForm(rows...),
		Primary: m.Confirm, Dangerous: true, Cancel: words.Text("dialog.cancel", nil),
		OnPrimary: actions.Prepare, OnStop: actions.Stop, OnCancel: actions.Leave, OnClosed: actions.Closed,
	}
	x.dialog.First = x.dialog.CancelButton()
	return x
}

// Dialog returns what a Stack opens.
func (x *Hardware) Dialog() *widget.Dialog { return x.dialog }

// SetBusy shows that the server is asked and the chip freed. The waiting can be
// stopped, the clearing cannot.
func (x *Hardware) SetBusy(busy bool) { x.dialog.SetBusy(busy, x.words.Text("hardware.busy", nil), -1) }

// SetNotice says what went wrong.
func (x *Hardware) SetNotice(n *present.Notice) {
	m := noticeMessage(n)
	x.dialog.SetMessage(m.Level, m.Text, m.Remedy)
}
