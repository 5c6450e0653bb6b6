package screen

import (
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// KeyListActions are what a person can do in Security keys….
type KeyListActions struct {
	Add    func()
	Remove func(name string)
	Leave  func()
	Closed func()
}

// KeyList is the dialog of Security keys…: each of the cache's keys with a button
// that removes it, and one to add another.
type KeyList struct {
	words   *present.Catalogue
	actions KeyListActions
	dialog  *widget.Dialog
	form    *widget.Form
	intro   *widget.Hint
	add     *widget.Button
}

// NewKeyList returns the dialog, which shows nothing useful before Show.
func NewKeyList(words *present.Catalogue, actions KeyListActions) *KeyList {
	x := &KeyList{words: words, actions: actions, intro: widget.NewHint(""), form: widget.NewForm()}
	x.add = widget.NewIconButton(words.Text("keys.add", nil), theme.Icon(theme.IconAdd), actions.Add)
	x.dialog = &widget.Dialog{
		Title: dialogTitle(words, present.CmdSecurityKeys), Icon: theme.IconKey, Body: x.form, Width: 520,
		Extra: x.add, Cancel: words.Text("dialog.close", nil), OnCancel: actions.Leave, OnClosed: actions.Closed,
	}
	return x
}

// Dialog returns what a Stack opens.
func (x *KeyList) Dialog() *widget.Dialog { return x.dialog }

// Show shows a model.
func (x *KeyList) Show(m present.KeyList) {
	x.intro.SetText(m.Intro)
	show(x.intro, m.Intro != "")
	rows := []widget.FormRow{{Wide: true, Field: x.intro}}
	for _, k := range m.Keys {
		remove := widget.NewButton(x.words.Text("keys.remove", nil), func() { x.actions.Remove(k.Name) })
		enable(remove, m.NoRemove == "")
		rows = append(rows, widget.FormRow{Wide: true, Field: container.New(
			&beside{}, widget.NewPoints(widget.Point{Icon: theme.IconKey, Text: k.Name, Bold: true, More: k.Added}), remove,
		)})
	}
	if m.NoRemove != "" && len(m.Keys) > 0 {
		rows = append(rows, widget.FormRow{Wide: true, Field: widget.NewHint(m.NoRemove)})
	}
	if m.NoAdd != "" && (m.NoAdd != m.NoRemove || len(m.Keys) == 0) && m.NoAdd != m.Intro {
		rows = append(rows, widget.FormRow{Wide: true, Field: widget.NewHint(m.NoAdd)})
	}
	enable(x.add, m.NoAdd == "")
	x.form.SetRows(rows...)
	n := noticeMessage(m.Notice)
	x.dialog.SetMessage(n.Level, n.Text, n.Remedy)
	x.form.Refresh()
	x.dialog.Relayout()
}
