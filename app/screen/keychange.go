package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// KeyChangeActions are what a person can do before a security key is added or
// removed. Each returns at once.
type KeyChangeActions struct {
	Change func(typed KeyTyped) // the receiver wipes the bytes
	Stop   func()
	Leave  func()
	Closed func() // the dialog is hidden, whoever did it
}

// KeyTyped is what was typed there.
type KeyTyped struct {
	Name                   string // of the key that is added; empty: any
	Master, Password, Code []byte
}

// KeyChange asks before a security key is added or removed, and for what it takes:
// the master password of the cache, and where the server wants it the account's.
// What was typed stays until the dialog closes.
type KeyChange struct {
	words   *present.Catalogue
	actions KeyChangeActions
	dialog  *widget.Dialog
	form    *widget.Form
	model   present.KeyChange

	name, code       *widget.TextEntry
	master, password *widget.PasswordEntry
	why              *widget.Hint
}

// NewKeyChange returns the question of a model.
func NewKeyChange(words *present.Catalogue, m present.KeyChange, actions KeyChangeActions) *KeyChange {
	x := &KeyChange{
		words: words, actions: actions, form: widget.NewForm(), name: widget.NewTextEntry(), code: widget.NewTextEntry(),
		master: newPassword(words), password: newPassword(words), why: widget.NewHint(words.Text("keys.sign_in", nil)),
	}
	typed := func(string) { x.dialog.SetPrimaryEnabled(x.whole()) }
	x.master.OnChanged, x.password.OnChanged, x.code.OnChanged = typed, typed, typed
	next := func() {
		if x.whole() {
			x.submit()
		} else {
			x.dialog.SetFirst(x.missing())
		}
	}
	x.name.OnEnter, x.master.OnEnter, x.password.OnEnter, x.code.OnEnter = next, next, next, next
	x.dialog = &widget.Dialog{
		Title: m.Title, Icon: theme.IconKey, Body: x.form, Width: 520,
		Primary: m.Confirm, Dangerous: m.Removes, Cancel: words.Text("dialog.cancel", nil),
		OnPrimary: x.submit, OnCancel: actions.Leave, OnStop: actions.Stop,
		OnClosed: func() { x.Clear(); actions.Closed() },
	}
	x.Show(m)
	return x
}

// Dialog returns what a Stack opens.
func (x *KeyChange) Dialog() *widget.Dialog { return x.dialog }

// Clear lets go of everything that was typed.
func (x *KeyChange) Clear() {
	x.master.Clear()
	x.password.Clear()
	x.code.SetText("")
}

// Show shows a model. What was typed stays.
func (x *KeyChange) Show(m present.KeyChange) {
	x.model = m
	var points []widget.Point
	for _, text := range m.Does {
		points = append(points, widget.Point{Icon: theme.IconInfo, Text: text})
	}
	if m.Weaker != "" {
		points = append(points, widget.Point{Icon: theme.IconWarning, Color: theme.ColorWarning, Text: m.Weaker})
	}
	hint := ""
	if m.Name {
		hint = x.words.Text("keys.name.hint", nil)
	}
	show(x.name, m.Name)
	show(x.why, m.Password)
	show(x.password, m.Password)
	show(x.code, m.Code)
	x.form.SetRows(
		widget.FormRow{Wide: true, Field: widget.NewPoints(points...)},
		widget.FormRow{Label: x.words.Text("keys.name", nil), Field: x.name, Hint: hint},
		widget.FormRow{Label: x.words.Text("connect.master", nil), Field: x.master},
		widget.FormRow{Wide: true, Field: x.why},
		widget.FormRow{Label: x.words.Text("connect.password", nil), Field: x.password},
		widget.FormRow{Label: x.words.Text("connect.code", nil), Field: x.code},
	)
	x.dialog.First = x.first()
	x.dialog.SetBusy(false, "", 0)
	x.dialog.SetPrimaryEnabled(x.whole())
	x.SetNotice(m.Notice)
	x.form.Refresh()
	x.dialog.Relayout()
	x.dialog.SetFirst(x.dialog.First)
	retype(x.dialog.First, m.Notice)
}

// first is the field to type into first.
func (x *KeyChange) first() fyne.Focusable {
	switch n := x.model.Notice; {
	case x.model.Name && x.master.Text == "":
		return x.name
	case x.master.Text == "", n != nil && n.ID == string(vault.WrongPassword):
		return x.master
	case n != nil && n.ID == string(vault.Usage): // the name, or a key that is there already
		return x.name
	}
	return x.missing()
}

// missing is the first field that nothing was typed into, of those that are
// wanted; the last one if there is none.
func (x *KeyChange) missing() fyne.Focusable {
	switch m := x.model; {
	case x.master.Text == "", !m.Password:
		return x.master
	case x.password.Text == "", !m.Code:
		return x.password
	}
	return x.code
}

// whole reports whether everything that is wanted was typed.
func (x *KeyChange) whole() bool {
	return x.master.Text != "" && (!x.model.Password || x.password.Text != "") && (!x.model.Code || x.code.Text != "")
}

// SetBusy shows what is under way.
func (x *KeyChange) SetBusy(what string, share float64) { x.dialog.SetBusy(true, what, share) }

// SetNotice says something in place; nil takes it away.
func (x *KeyChange) SetNotice(n *present.Notice) {
	m := noticeMessage(n)
	x.dialog.SetMessage(m.Level, m.Text, m.Remedy)
}

func (x *KeyChange) submit() {
	if x.dialog.Busy() || !x.whole() {
		return
	}
	typed := KeyTyped{Name: strings.TrimSpace(x.name.Text), Master: []byte(x.master.Text)}
	if x.model.Password {
		typed.Password, typed.Code = []byte(x.password.Text), []byte(x.code.Text)
	}
	x.actions.Change(typed)
}
