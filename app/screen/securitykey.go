package screen

import (
	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// SecurityKeyActions are what a person can do at the prompt for a security key.
type SecurityKeyActions struct {
	PIN    func(pin []byte) // whoever gets it wipes it
	Ready  func()           // the other key is plugged in
	Cancel func()
	Closed func() // the dialog is hidden, whoever did it
}

// SecurityKey is the prompt for a security key: for its touch, for its PIN, or
// for another key to be plugged in.
type SecurityKey struct {
	words   *present.Catalogue
	actions SecurityKeyActions
	dialog  *widget.Dialog
	form    *widget.Form
	hint    *widget.Hint
	pin     *widget.PasswordEntry
	ready   bool // the primary button says that the key is there
	touch   bool // it waits to be touched
}

// NewSecurityKey returns the prompt, which shows nothing useful before it is
// told what is wanted.
func NewSecurityKey(words *present.Catalogue, actions SecurityKeyActions) *SecurityKey {
	k := &SecurityKey{words: words, actions: actions, form: widget.NewForm(), hint: widget.NewHint(""), pin: newPassword(words)}
	k.pin.OnEnter = k.submit
	k.pin.OnChanged = func(typed string) { k.dialog.SetPrimaryEnabled(typed != "") }
	k.dialog = &widget.Dialog{
		Title: words.Text("key.title", nil), Icon: theme.IconUnlock, Body: k.form, Width: 420,
		Primary: words.Text("key.continue", nil), Cancel: words.Text("dialog.cancel", nil),
		OnPrimary: k.submit, OnCancel: actions.Cancel, OnStop: actions.Cancel,
		OnClosed: func() { k.pin.Clear(); actions.Closed() },
	}
	return k
}

// Dialog returns what a Stack opens.
func (k *SecurityKey) Dialog() *widget.Dialog { return k.dialog }

// ShowTouch says that the key waits to be touched. Where it does so already nothing
// changes.
func (k *SecurityKey) ShowTouch() {
	if k.touch {
		return
	}
	k.touch = true
	k.pin.Clear()
	k.form.SetRows()
	k.dialog.PrimaryButton().Hide()
	k.dialog.SetBusy(true, k.words.Text("key.touch", nil), -1) // not in the form, which is dim by then
	k.fit()
}

// ShowPIN asks for the key's PIN; tries is how many it takes yet, in words, and
// may be empty.
func (k *SecurityKey) ShowPIN(tries string) {
	k.ready = false
	k.hint.SetText(k.words.Text("key.pin.ask", map[string]any{"Tries": tries}))
	k.form.SetRows(widget.FormRow{Field: k.hint, Wide: true}, widget.FormRow{Label: k.words.Text("key.pin", nil), Field: k.pin})
	k.settle(k.pin, k.words.Text("key.continue", nil), false)
}

// ShowNew asks for the key that is to be added.
func (k *SecurityKey) ShowNew() {
	k.ready = true
	k.hint.SetText(k.words.Text("key.new", nil))
	k.form.SetRows(widget.FormRow{Field: k.hint, Wide: true})
	k.settle(nil, k.words.Text("key.plugged", nil), true)
}

func (k *SecurityKey) settle(first fyne.Focusable, primary string, enabled bool) {
	k.touch = false
	k.dialog.First = first
	k.dialog.SetBusy(false, "", 0)
	k.dialog.PrimaryButton().Show()
	k.dialog.SetPrimaryLabel(primary)
	k.dialog.SetPrimaryEnabled(enabled)
	k.fit()
	k.dialog.SetFirst(first)
}

func (k *SecurityKey) fit() {
	k.form.Refresh()
	k.dialog.Relayout()
}

func (k *SecurityKey) submit() {
	switch {
	case k.dialog.Busy():
	case k.ready:
		k.ShowTouch()
		k.actions.Ready()
	case k.pin.Text != "":
		typed := []byte(k.pin.Text)
		k.ShowTouch()
		k.actions.PIN(typed)
	}
}
