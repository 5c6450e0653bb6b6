package screen

import (
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// ImportActions are what a person can do in Import cache file….
type ImportActions struct {
	Browse func()
	File   func(path string) // another one was typed or chosen
	// Import is told of the file and its master password, which the receiver
	// wipes.
	Import func(path string, master []byte)
	Stop   func()
	Leave  func()
	Closed func()
}

// Import is the dialog of Import cache file….
type Import struct {
	words   *present.Catalogue
	actions ImportActions
	dialog  *widget.Dialog
	form    *widget.Form
	rules   *widget.Points
	file    *widget.TextEntry
	master  *widget.PasswordEntry
	can     bool
}

// NewImport returns the dialog, which shows nothing useful before Show.
func NewImport(words *present.Catalogue, actions ImportActions) *Import {
	x := &Import{words: words, actions: actions, rules: widget.NewPoints(), file: widget.NewTextEntry(), master: newPassword(words)}
	x.file.OnChanged = actions.File
	x.form = widget.NewForm(
		widget.FormRow{Wide: true, Field: x.rules},
		widget.FormRow{Label: words.Text("import.file", nil), Field: container.NewBorder(nil, nil, nil,
			widget.NewButton(words.Text("import.browse", nil), actions.Browse), x.file)},
		widget.FormRow{Label: words.Text("import.master", nil), Field: x.master, Hint: words.Text("import.password", nil)},
	)
	x.dialog = &widget.Dialog{
		Title: dialogTitle(words, present.CmdImportCache), Icon: theme.IconImport, Body: x.form, Width: 500, First: x.file,
		Primary: words.Text("import.import", nil), Cancel: words.Text("dialog.cancel", nil),
		OnPrimary: x.submit, OnCancel: actions.Leave, OnStop: actions.Stop,
		OnClosed: func() { x.master.Clear(); actions.Closed() },
	}
	return x
}

// Dialog returns what a Stack opens.
func (x *Import) Dialog() *widget.Dialog { return x.dialog }

// Show shows a model. The master password that was typed stays.
func (x *Import) Show(m present.Import) {
	var points []widget.Point
	for _, rule := range m.Rules {
		points = append(points, widget.Point{Icon: theme.IconInfo, Text: rule})
	}
	if m.Replaces != "" {
		points = append(points, widget.Point{Icon: theme.IconWarning, Color: theme.ColorWarning, Text: m.Replaces})
	}
	x.rules.SetPoints(points...)
	if x.file.Text != m.File {
		x.file.SetText(m.File)
	}
	x.can = m.Can
	x.dialog.SetBusy(m.Busy, x.words.Text("import.busy", nil), -1)
	x.dialog.SetPrimaryEnabled(m.Can)
	message := noticeMessage(m.Notice)
	x.dialog.SetMessage(message.Level, message.Text, message.Remedy)
	x.form.Refresh()
	x.dialog.Relayout()
}

// Ask gives the keyboard to the first field that is empty.
func (x *Import) Ask() {
	if x.file.Text == "" {
		x.dialog.SetFirst(x.file)
		return
	}
	x.dialog.SetFirst(x.master)
}

func (x *Import) submit() {
	switch {
	case x.dialog.Busy() || !x.can:
	case x.master.Text == "":
		x.Ask()
	default:
		x.actions.Import(x.file.Text, []byte(x.master.Text))
	}
}
