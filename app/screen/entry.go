package screen

import (
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// EntryActions are what a person can do in the entry dialog. All return at
// once.
type EntryActions struct {
	// Save is given what changed, which the receiver wipes. The dialog waits:
	// Busy, then Failed, or it is closed.
	Save func(present.Changes)
	// Stop ends what the dialog waits for.
	Stop func()
	// Closed is told that the dialog is gone, whoever closed it.
	Closed func()

	// Reveal asks for a stored secret by the name of its field; Revealed brings
	// it.
	Reveal func(field string)
	// Copy puts a stored value on the clipboard.
	Copy func(field string)
	// CopyTyped does so with what was typed. The receiver copies it.
	CopyTyped func(value []byte, field string)
	// OpenURL opens what was typed.
	OpenURL func(url string)
	// Judge asks how strong a password is; Judged brings it. The receiver owns
	// the bytes and wipes them.
	Judge func(password []byte)
	// Generate makes a password.
	Generate func(present.Generator) present.Generated

	// ShowCode asks for the code of what was typed (the receiver owns and wipes
	// it), or of what is stored for nil. SetCode brings it, again and again.
	ShowCode func(typed []byte)
	CopyCode func()

	// AddFile asks for a file; AddFile of the dialog brings it.
	AddFile func()
	// SaveFile writes a stored attachment into a file.
	SaveFile func(name string)

	// Versions asks for the earlier forms; ShowVersions brings them.
	Versions       func()
	OpenVersion    func(index int)
	RestoreVersion func(index int)
}

// entryWidth and entryHeight are the size of the dialog's body in points: of
// the highest page in German, so that it does not jump from tab to tab.
const (
	entryWidth  = 640
	entryHeight = 452
)

// Entry is the dialog in which an entry is read and edited.
type Entry struct {
	words   *present.Catalogue
	actions EntryActions
	stack   *widget.Stack
	dialog  *widget.Dialog
	strip   *widget.Strip
	tabs    *tabs

	general    *generalPage
	fields     *fieldsPage
	files      *filesPage
	code       *codePage
	history    *historyPage
	properties *propertiesPage

	form present.EntryForm
}

// The pages, in their order.
const (
	tabGeneral = iota
	tabAdvanced
	tabCode
	tabHistory
	tabProperties
)

// NewEntry returns the dialog over a window's stack. Open shows it.
func NewEntry(words *present.Catalogue, stack *widget.Stack, actions EntryActions) *Entry {
	e := &Entry{words: words, stack: stack, actions: actions, strip: widget.NewStrip()}
	e.general, e.fields, e.files = newGeneralPage(e), newFieldsPage(e), newFilesPage(e)
	e.code, e.history, e.properties = newCodePage(e), newHistoryPage(e), newPropertiesPage(e)
	advanced := container.NewGridWithRows(2, e.fields.object, e.files.object)
	e.tabs = newTabs(e.leave, e.turned,
		page{e.text("tab.general"), e.general.object},
		page{e.text("tab.advanced"), advanced},
		page{e.text("tab.code"), e.code.object},
		page{e.text("tab.history"), e.history.object},
		page{e.text("tab.properties"), e.properties.object},
	)
	e.dialog = &widget.Dialog{
		Body: container.NewBorder(e.strip, nil, nil, nil, e.tabs), Width: entryWidth, Height: entryHeight,
		OnPrimary: e.save, OnCancel: e.leave, OnClosed: e.closed, OnTurn: e.tabs.turn,
		OnStop: func() { e.actions.Stop() },
	}
	return e
}

// text returns a wording of the dialog.
func (e *Entry) text(key string) string { return e.words.Text("entry."+key, nil) }

// Open shows the dialog with a model.
func (e *Entry) Open(form present.EntryForm) {
	e.form = form
	e.dialog.Title, e.dialog.Icon = form.Heading, iconOf(form.Icon)
	e.dialog.Primary, e.dialog.Cancel = e.text("save"), e.text("cancel")
	e.dialog.First = e.general.title
	if form.ReadOnly != "" {
		e.dialog.Primary, e.dialog.Cancel = "", e.text("close")
		e.dialog.First = e.dialog.CancelButton()
		e.dialog.CancelButton().SetText(e.dialog.Cancel)
	}
	switch {
	case form.ReadOnly != "":
		e.strip.Set(widget.Message{Level: widget.LevelInfo, Text: form.ReadOnly, Remedy: form.Remedy})
	case form.Draft != "":
		e.strip.Set(widget.Message{Level: widget.LevelWarning, Text: form.Draft})
	default:
		e.strip.Set(widget.Message{})
	}
	e.general.show()
	e.fields.show()
	e.files.show()
	e.code.show()
	e.history.show()
	e.properties.show()
	e.tabs.allow(tabHistory, !form.New) // nothing was before it
	e.tabs.choose(tabGeneral)
	e.stack.Open(e.dialog)
}

// Close closes the dialog without a question.
func (e *Entry) Close() { e.stack.Close(e.dialog) }

// editable reports whether anything may be changed.
func (e *Entry) editable() bool { return e.form.ReadOnly == "" }

// Busy shows that something is under way: what it is, and how far (under 0: not
// known).
func (e *Entry) Busy(what string, share float64) {
	e.dialog.SetMessage(widget.LevelInfo, "", "")
	e.dialog.SetBusy(true, what, share)
}

// Idle ends Busy without a word, as after a stop.
func (e *Entry) Idle() { e.dialog.SetBusy(false, "", 0) }

// Failed ends Busy and says inside the dialog what went wrong; what was typed
// stays. err may name the part where it is the matter.
func (e *Entry) Failed(notice *present.Notice, err error) {
	e.dialog.SetBusy(false, "", 0)
	m := noticeMessage(notice)
	e.dialog.SetMessage(m.Level, m.Text, m.Remedy)
	var p *present.EntryProblem
	if errors.As(err, &p) {
		e.point(p.Part)
	}
}

// Tell shows something inside the dialog.
func (e *Entry) Tell(notice *present.Notice) {
	m := noticeMessage(notice)
	e.dialog.SetMessage(m.Level, m.Text, m.Remedy)
}

// point shows the page of a part, and gives it the keyboard.
func (e *Entry) point(part present.EntryPart) {
	at, field := tabGeneral, fyne.Focusable(nil)
	switch part {
	case present.PartFields:
		at, field = tabAdvanced, e.fields.list.Focusable()
	case present.PartFiles:
		at, field = tabAdvanced, e.files.list.Focusable()
	case present.PartCode:
		at, field = tabCode, e.code.secret.entry
	default:
		field = e.general.field(part)
	}
	e.tabs.choose(at)
	if field != nil {
		e.dialog.SetFirst(field)
	}
}

// Revealed brings a stored secret. The caller wipes the bytes.
func (e *Entry) Revealed(field string, value []byte) {
	switch field {
	case vault.FieldPassword:
		e.general.password.reveal(value)
	case vault.FieldOTP:
		e.code.secret.reveal(value)
		e.code.parts()
	default:
		e.fields.reveals(field, value)
	}
}

// Conceal hides a secret that was shown for long enough.
func (e *Entry) Conceal(field string) {
	switch field {
	case vault.FieldPassword:
		e.general.password.hide()
	case vault.FieldOTP:
		e.code.secret.hide()
	default:
		e.fields.conceal(field)
	}
}

// Judged shows how strong the password is that Judge was given; below 0: there
// is none.
func (e *Entry) Judged(score int, words string) { e.general.strength.Set(score, words) }

// SetCode shows a one-time code and how much of its time is left, from 1 to 0;
// an empty code hides it.
func (e *Entry) SetCode(code string, left float64, words string) { e.code.set(code, left, words) }

// ShowsCode reports whether a one-time code is shown.
func (e *Entry) ShowsCode() bool { return e.code.now.Text != "" }

// AddFile adds a file that was chosen. The dialog owns the bytes.
func (e *Entry) AddFile(name string, data []byte) { e.files.take(name, data) }

// ShowVersions lists the earlier forms.
func (e *Entry) ShowVersions(list []present.Version) { e.history.fill(list) }

// VersionsFailed says in the place of the list why there is none.
func (e *Entry) VersionsFailed(notice *present.Notice) { e.history.failed(notice) }

// turned is told which page is shown.
func (e *Entry) turned(at int) {
	if e.history != nil && at == tabHistory {
		e.history.wanted()
	}
	if e.dialog != nil {
		e.dialog.Relayout()
	}
}

// changes collects what was typed; an *present.EntryProblem if something of it
// cannot be. The caller wipes them.
func (e *Entry) changes() (present.Changes, error) {
	var c present.Changes
	if !e.editable() {
		return c, nil
	}
	e.properties.collect(&c)
	err := e.general.collect(&c)
	if err == nil {
		e.fields.collect(&c)
		e.files.collect(&c)
		err = e.code.collect(&c)
	}
	if err != nil {
		c.Wipe()
		return present.Changes{}, err
	}
	return c, nil
}

// enter is Enter in a field.
func (e *Entry) enter() {
	if !e.editable() {
		e.Close()
		return
	}
	if !e.dialog.PrimaryButton().Disabled() {
		e.save()
	}
}

// save is the primary button.
func (e *Entry) save() {
	c, err := e.changes()
	if err == nil {
		err = c.Check(e.files.held())
	}
	if err != nil {
		c.Wipe()
		e.Failed(e.words.Failure(err), err)
		return
	}
	if c.IsEmpty() && !e.form.New {
		e.Close()
		return
	}
	e.dialog.SetMessage(widget.LevelInfo, "", "")
	e.actions.Save(c)
}

// leave is Escape and Cancel: it asks before anything typed is lost.
func (e *Entry) leave() {
	if e.dialog.Busy() {
		e.actions.Stop()
		return
	}
	c, err := e.changes()
	typed := err != nil || !c.IsEmpty()
	c.Wipe()
	if !typed {
		e.Close()
		return
	}
	e.ask("discard", theme.IconWarning, true, e.Close)
}

// ask asks one question: keys entry.WHAT.title, .question, .yes and .no.
func (e *Entry) ask(what string, icon fyne.ThemeIconName, dangerous bool, yes func()) {
	d := &widget.Dialog{
		Title: e.text(what + ".title"), Icon: icon, Body: paragraph(e.text(what + ".question")), Width: 380,
		Primary: e.text(what + ".yes"), Cancel: e.text(what + ".no"), Dangerous: dangerous,
	}
	d.First = d.CancelButton()
	d.OnPrimary = func() {
		e.stack.Close(d)
		yes()
	}
	e.stack.Open(d)
}

// closed lets go of every secret.
func (e *Entry) closed() {
	e.general.clear()
	e.fields.clear()
	e.files.clear()
	e.code.clear()
	e.actions.Closed()
}
