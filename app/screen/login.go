package screen

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// LoginActions are what a person can do at the login. Each returns at once.
type LoginActions struct {
	// SignIn is told of a complete form, and owns its secrets.
	SignIn func(LoginForm)
	// Code is told of a one-time code, for the form that was sent before. The
	// receiver wipes it.
	Code        func(code []byte)
	Accept      func(pin string) // the identity is the server's
	Refuse      func()           // back from the question about the identity, or the code
	Cancel      func()           // ends the attempt under way
	WorkOffline func()
	Back        func() // to what was shown before
}

// LoginForm is what a person typed. Whoever gets it wipes Password.
type LoginForm struct {
	Server, User string
	Password     []byte
}

// Login is the place where a person signs in. It asks for what is needed and
// nothing more: first for server, user and password, then, where the server is
// not known yet, whether it is the right one, and for a one-time code where the
// server wants one.
type Login struct {
	words   *present.Catalogue
	actions LoginActions
	model   present.Login
	shown   bool // a model was shown

	card               *card
	head               *head
	server, user, code *widget.TextEntry
	password           *widget.PasswordEntry
	identity           *fingerprint
	strip              *widget.Strip
	progress           *widget.Progress
	signIn, accept     *widget.Button
	back, cancel       *widget.Button
	buttons            *fyne.Container
	offline            *fyne.Container
	workOffline        *widget.Button
	offlineHint        *widget.Hint
}

// NewLogin returns the place, which shows nothing before Show.
func NewLogin(words *present.Catalogue, actions LoginActions) *Login {
	l := &Login{words: words, actions: actions}
	text := func(key string) string { return words.Text(key, nil) }
	l.head = newHead(text("window.title"), text("login.title"))
	l.server, l.user, l.code = widget.NewTextEntry(), widget.NewTextEntry(), widget.NewTextEntry()
	l.server.SetPlaceHolder(text("login.server.example"))
	l.password = newPassword(words)
	for _, e := range []*widget.TextEntry{l.server, l.user, l.code} {
		e.OnEnter, e.OnEscape = l.submit, l.escape
	}
	l.password.OnEnter, l.password.OnEscape = l.submit, l.escape
	l.identity = newFingerprint(text("login.identity.fingerprint"))
	l.strip, l.progress = widget.NewStrip(), widget.NewProgress()

	l.signIn = widget.NewPrimaryButton(text("login.sign_in"), l.submit)
	l.accept = widget.NewPrimaryButton("", l.submit)
	l.back = widget.NewButton(text("login.back"), l.goBack)
	l.cancel = widget.NewButton(text("login.cancel"), actions.Cancel)
	l.workOffline = widget.NewIconButton(text("menu.server.work_offline"), theme.Icon(theme.IconCache), actions.WorkOffline)
	for _, b := range []*widget.Button{l.signIn, l.accept, l.back, l.cancel, l.workOffline} {
		b.OnEscape = l.escape
	}
	l.buttons = buttonRow(l.back, layout.NewSpacer(), l.cancel, l.signIn, l.accept)
	l.offlineHint = widget.NewHint("")
	// not higher than the button, so that the hint has room for two lines beside it
	l.offline = container.NewVBox(fw.NewSeparator(), gap(0, 3),
		container.NewBorder(nil, nil, container.NewCenter(l.workOffline), nil, l.offlineHint))
	l.card = newCard(widget.NewForm(
		widget.FormRow{Field: l.head.object, Wide: true},
		widget.FormRow{Label: text("login.server"), Field: l.server},
		widget.FormRow{Label: text("login.user"), Field: l.user},
		widget.FormRow{Label: text("login.password"), Field: l.password},
		widget.FormRow{Label: text("login.code"), Field: l.code},
		widget.FormRow{Field: l.identity.object, Wide: true},
		widget.FormRow{Field: l.strip, Wide: true},
		widget.FormRow{Field: l.progress, Wide: true},
		widget.FormRow{Field: l.buttons, Wide: true},
		widget.FormRow{Field: l.offline, Wide: true},
	))
	l.card.Hide()
	return l
}

// Object returns what is drawn.
func (l *Login) Object() fyne.CanvasObject { return l.card }

// Show shows a model. What a person has typed stays, unless the model's server
// or user is another one than before; the keyboard moves only with the question
// that is asked.
func (l *Login) Show(m present.Login) {
	before, first := l.model, !l.shown
	l.model, l.shown = m, true
	if first || m.Server != before.Server {
		l.server.SetText(m.Server)
	}
	if first || m.User != before.User {
		l.user.SetText(m.User)
	}
	form, code := m.Identity == nil && !m.SecondFactor, m.Identity == nil && m.SecondFactor
	for _, o := range []fyne.CanvasObject{l.server, l.user, l.password} {
		show(o, form)
	}
	show(l.code, code)
	if !code {
		l.code.SetText("")
	}
	for _, e := range []interface {
		Enable()
		Disable()
	}{l.server, l.user, l.password, l.code} {
		enable(e, !m.Busy)
	}

	title, line := l.words.Text("window.title", nil), l.words.Text("login.title", nil)
	if m.Locked {
		line = l.words.Text("login.locked", nil)
	}
	switch {
	case m.Identity != nil:
		title, line = m.Identity.Title, m.Identity.Server
	case code:
		line = l.words.Text("login.code.for", map[string]any{"User": m.User, "Server": m.Server})
	}
	l.head.set(title, line)
	l.identity.show(m.Identity)
	l.showNotice()
	l.progress.Set(m.Busy, l.words.Text("login.busy", map[string]any{"Server": m.Server}), -1)
	l.showButtons(form)
	show(l.offline, m.WorkOffline && form)
	enable(l.workOffline, m.WorkOfflineCan)
	switch {
	case m.WorkOfflineWhy != "":
		l.offlineHint.SetText(m.WorkOfflineWhy)
	case m.Recent != "":
		l.offlineHint.SetText(l.words.Text("login.offline.recent", map[string]any{"Recent": m.Recent}))
	default:
		l.offlineHint.SetText("")
	}
	l.card.Show()
	l.card.fit()
	switch {
	case first:
	case l.step(before) != l.step(m), before.Busy && !m.Busy:
		l.next()
	case m.Busy && !before.Busy:
		l.card.focusUnless(l.cancel)
	}
}

// step tells the questions apart that the place asks one after the other.
func (l *Login) step(m present.Login) string {
	switch {
	case m.Identity != nil:
		return "identity"
	case m.SecondFactor:
		return "code"
	}
	return "form"
}

func (l *Login) showNotice() {
	m := l.model
	switch {
	case m.Busy:
		l.strip.Set(widget.Message{})
	case m.Identity != nil && m.Notice != nil: // the notice says again what the question says
		l.strip.Set(widget.Message{Level: noticeLevel(m.Notice.Severity), Text: m.Identity.Ask, Remedy: m.Notice.Remedy})
	case m.Identity != nil && m.Identity.Accept == "":
		l.strip.Set(widget.Message{Level: widget.LevelError, Text: m.Identity.Ask})
	default:
		l.strip.Set(noticeMessage(m.Notice))
	}
}

func (l *Login) showButtons(form bool) {
	m := l.model
	question := m.Identity != nil
	show(l.signIn, !question)
	enable(l.signIn, m.SignIn && !m.Busy)
	show(l.accept, question && m.Identity.Accept != "")
	if question {
		l.accept.SetText(m.Identity.Accept)
	}
	enable(l.accept, !m.Busy)
	show(l.cancel, m.Busy)
	show(l.back, !m.Busy && (!form || m.Back))
}

// Focus gives the keyboard to what has to be typed next, now and from now on
// after every step. The canvas is the window's, which the place fills; nil: it
// does so no more.
func (l *Login) Focus(c fyne.Canvas) {
	l.card.canvas = c
	l.next()
}

// next gives the keyboard to what has to be typed next. The question about an
// identity begins at the way out: nobody accepts one by a slip.
func (l *Login) next() {
	switch {
	case l.model.Busy:
		l.card.focus(l.cancel)
	case l.model.Identity != nil:
		l.card.focus(l.back)
	case l.model.SecondFactor:
		l.card.focus(l.code)
	case l.model.FocusOn == "server":
		l.card.focus(l.server)
	case l.model.FocusOn == "user":
		l.card.focus(l.user)
	default:
		l.card.focus(l.password)
	}
}

// Clear lets go of every secret.
func (l *Login) Clear() {
	l.password.Clear()
	l.code.SetText("")
}

// Typed reports whether a secret is being typed.
func (l *Login) Typed() bool { return l.password.Text != "" || l.code.Text != "" }

// submit is Enter and the primary button. A field that is empty gets the
// keyboard instead.
func (l *Login) submit() {
	m := l.model
	server, user := strings.TrimSpace(l.server.Text), strings.TrimSpace(l.user.Text)
	switch {
	case m.Busy, !m.SignIn:
	case m.Identity != nil:
		if m.Identity.Accept != "" {
			l.actions.Accept(m.Identity.Pin)
		}
	case m.SecondFactor:
		code := strings.Join(strings.Fields(l.code.Text), "") // people type 123 456
		if code == "" {
			l.card.focus(l.code)
			return
		}
		l.code.SetText("")
		l.actions.Code([]byte(code))
	case server == "":
		l.card.focus(l.server)
	case user == "":
		l.card.focus(l.user)
	case l.password.Text == "":
		l.card.focus(l.password)
	default:
		l.actions.SignIn(LoginForm{Server: server, User: user, Password: l.password.Take()})
	}
}

// escape ends what is under way, or goes one question back.
func (l *Login) escape() {
	switch {
	case l.model.Busy:
		l.actions.Cancel()
	case l.back.Visible():
		l.goBack()
	}
}

func (l *Login) goBack() {
	if l.model.Identity != nil || l.model.SecondFactor {
		l.actions.Refuse()
		return
	}
	l.Clear()
	l.actions.Back()
}
