package screen

import (
	"fyne.io/fyne/v2"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// ConnectActions are what a person can do in Connect…. Each returns at once.
type ConnectActions struct {
	// Connect is told of the form; drop says that the drafts listed are given
	// up. The receiver wipes the bytes.
	Connect func(typed ConnectTyped, drop bool)
	Stop    func()
	Leave   func()
	Closed  func()
}

// ConnectTyped is what was typed into Connect….
type ConnectTyped struct{ Password, Code, Master []byte }

// Connect is the dialog of Connect…. It asks for what is missing and lists what
// would be lost, which its button then names.
type Connect struct {
	words   *present.Catalogue
	actions ConnectActions
	dialog  *widget.Dialog
	form    *widget.Form
	model   present.ConnectForm
	shown   bool

	who              *fw.Label
	ready            *widget.Hint
	password, master *widget.PasswordEntry
	code             *widget.TextEntry
	warning          *widget.Points
	drop             *widget.PathList
}

// NewConnect returns the dialog, which shows nothing useful before Show.
func NewConnect(words *present.Catalogue, actions ConnectActions) *Connect {
	x := &Connect{
		words: words, actions: actions, who: fw.NewLabel(""), ready: widget.NewHint(words.Text("connect.ready", nil)),
		password: newPassword(words), master: newPassword(words), code: widget.NewTextEntry(),
		warning: widget.NewPoints(), drop: widget.NewPathList(7),
	}
	x.who.Truncation = fyne.TextTruncateEllipsis
	x.who.TextStyle.Bold = true
	x.form = widget.NewForm()
	x.dialog = &widget.Dialog{
		Title: dialogTitle(words, present.CmdConnect), Icon: theme.IconConnect, Body: x.form, Width: 500,
		Primary: words.Text("connect.connect", nil), Cancel: words.Text("dialog.cancel", nil),
		OnPrimary: x.submit, OnCancel: actions.Leave, OnStop: actions.Stop,
		OnClosed: func() { x.Clear(); actions.Closed() },
	}
	return x
}

// Dialog returns what a Stack opens.
func (x *Connect) Dialog() *widget.Dialog { return x.dialog }

// Clear lets go of everything that was typed.
func (x *Connect) Clear() {
	x.password.Clear()
	x.master.Clear()
	x.code.SetText("")
}

// Show shows a model. What was typed stays.
func (x *Connect) Show(m present.ConnectForm) {
	x.model, x.shown = m, true
	x.who.SetText(x.words.Text("connect.who", map[string]any{"User": m.User, "Server": m.Server}))
	show(x.ready, !m.Password && !m.SecondFactor)
	show(x.password, m.Password || m.SecondFactor)
	show(x.code, m.SecondFactor)
	show(x.master, m.Master)
	show(x.warning, m.Drop != nil)
	show(x.drop, m.Drop != nil && len(m.Drop.Items) > 0)
	primary, importance := x.words.Text("connect.connect", nil), fw.HighImportance
	if m.Drop != nil {
		primary, importance = m.Drop.Confirm, fw.DangerImportance
		x.warning.SetPoints(widget.Point{Icon: theme.IconWarning, Color: theme.ColorWarning, Text: m.Drop.Title, Bold: true, More: m.Drop.Warning})
		lines := make([]widget.PathLine, len(m.Drop.Items))
		for i, item := range m.Drop.Items {
			lines[i] = widget.PathLine{Lead: item.Op, Path: item.Path, More: item.Fields}
		}
		x.drop.SetLines(lines)
	}
	x.form.SetRows(
		widget.FormRow{Wide: true, Field: x.who},
		widget.FormRow{Wide: true, Field: x.ready},
		widget.FormRow{Label: x.words.Text("connect.password", nil), Field: x.password},
		widget.FormRow{Label: x.words.Text("connect.code", nil), Field: x.code},
		widget.FormRow{Label: x.words.Text("connect.master", nil), Field: x.master, Hint: m.MasterHint},
		widget.FormRow{Wide: true, Field: x.warning},
		widget.FormRow{Wide: true, Field: x.drop},
	)
	x.dialog.SetPrimaryLabel(primary)
	x.dialog.PrimaryButton().Importance = importance
	x.dialog.PrimaryButton().Refresh()
	x.dialog.First = x.first()
	if !m.Busy {
		x.dialog.SetBusy(false, "", 0)
	}
	x.SetNotice(m.Notice)
	x.dialog.Relayout()
	if !m.Busy {
		x.dialog.SetFirst(x.dialog.First)
		retype(x.dialog.First, m.Notice)
	}
}

// SetBusy shows what is under way, and how far it is; an empty text: nothing.
func (x *Connect) SetBusy(what string, share float64) {
	x.dialog.SetBusy(what != "", what, share)
}

// SetNotice says something in place; nil takes it away.
func (x *Connect) SetNotice(n *present.Notice) {
	m := noticeMessage(n)
	x.dialog.SetMessage(m.Level, m.Text, m.Remedy)
}

// first is the field to type into first. Where nothing needs to be typed and
// something would be lost, that is the way out.
func (x *Connect) first() fyne.Focusable {
	m := x.model
	switch {
	case m.SecondFactor && x.code.Text == "":
		return x.code
	case m.Password || m.SecondFactor:
		return x.password
	case m.Master:
		return x.master
	case m.Drop != nil:
		return x.dialog.CancelButton()
	}
	return nil
}

func (x *Connect) submit() {
	if x.dialog.Busy() || !x.shown {
		return
	}
	m := x.model
	if (m.Password || m.SecondFactor) && x.password.Text == "" {
		x.dialog.SetFirst(x.password)
		return
	}
	typed := ConnectTyped{}
	if m.Password || m.SecondFactor {
		typed.Password = []byte(x.password.Text)
	}
	if m.SecondFactor {
		typed.Code = []byte(x.code.Text)
	}
	if m.Master {
		typed.Master = []byte(x.master.Text)
	}
	x.actions.Connect(typed, m.Drop != nil)
}
