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
	"github.com/tideover/tideover/vault"
)

// UnlockActions are what a person can do at the prompt for the master password.
// Each returns at once.
type UnlockActions struct {
	// Unlock is told of a complete form, and owns the password.
	Unlock  func(user string, password []byte)
	Cancel  func() // ends the attempt under way
	Connect func()
	Back    func() // to the login
	Import  func() // another cache file
	Clear   func() // the cache that is here
}

// Unlock is the place where a person opens the offline cache. Where it does not
// open whatever the password, it says why, and what helps.
type Unlock struct {
	words   *present.Catalogue
	actions UnlockActions
	model   present.Unlock
	shown   bool // a model was shown

	card            *card
	form            *widget.Form
	head            *head
	facts           *facts
	user            *widget.TextEntry
	password        *widget.PasswordEntry
	strip           *widget.Strip
	progress        *widget.Progress
	unlock, connect *widget.Button
	back, cancel    *widget.Button
	mend            *fyne.Container
	importing       *widget.Button
	clearing        *widget.Button
	factor          *widget.Hint
}

// unlockUserRow is the row of the form that has a hint.
const unlockUserRow = 2

// NewUnlock returns the place, which shows nothing before Show.
func NewUnlock(words *present.Catalogue, actions UnlockActions) *Unlock {
	u := &Unlock{words: words, actions: actions}
	text := func(key string) string { return words.Text(key, nil) }
	u.head = newHead("", "")
	u.facts = newFacts()
	u.user, u.password = widget.NewTextEntry(), newPassword(words)
	u.user.OnEnter, u.user.OnEscape = u.submit, u.escape
	u.password.OnEnter, u.password.OnEscape = u.submit, u.escape
	u.strip, u.progress = widget.NewStrip(), widget.NewProgress()
	u.unlock = widget.NewPrimaryButton(text("unlock.unlock"), u.submit)
	u.connect = widget.NewIconButton(text("menu.server.connect"), theme.Icon(theme.IconConnect), actions.Connect)
	u.back = widget.NewButton(text("unlock.back"), u.goBack)
	u.cancel = widget.NewButton(text("unlock.cancel"), actions.Cancel)
	u.importing = widget.NewIconButton(text("menu.server.import_cache"), theme.Icon(theme.IconImport), actions.Import)
	u.clearing = widget.NewIconButton(text("menu.server.clear_cache"), theme.Icon(theme.IconClearCache), actions.Clear)
	for _, b := range []*widget.Button{u.unlock, u.connect, u.back, u.cancel, u.importing, u.clearing} {
		b.OnEscape = u.escape
	}
	u.mend = buttonRow(u.importing, u.clearing)
	u.factor = widget.NewHint("")
	buttons := buttonRow(u.back, layout.NewSpacer(), u.connect, u.cancel, u.unlock)
	u.form = widget.NewForm(
		widget.FormRow{Field: u.head.object, Wide: true},
		widget.FormRow{Field: u.facts.object, Wide: true},
		widget.FormRow{Label: text("unlock.user"), Field: u.user},
		widget.FormRow{Label: text("unlock.password"), Field: u.password},
		widget.FormRow{Field: u.strip, Wide: true},
		widget.FormRow{Field: u.mend, Wide: true},
		widget.FormRow{Field: u.progress, Wide: true},
		widget.FormRow{Field: buttons, Wide: true},
		widget.FormRow{Field: u.factor, Wide: true},
	)
	u.card = newCard(u.form)
	u.card.Hide()
	return u
}

// Object returns what is drawn.
func (u *Unlock) Object() fyne.CanvasObject { return u.card }

// Show shows a model. A user name that a person has typed stays, unless the
// cache is another user's than before.
func (u *Unlock) Show(m present.Unlock) {
	before, first := u.model, !u.shown
	u.model, u.shown = m, true
	if first || m.User != before.User {
		u.user.SetText(m.User)
	}
	line := m.Server // whose cache it is stands in the field
	if !m.Can && m.User != "" {
		line = u.words.Text("login.code.for", map[string]any{"User": m.User, "Server": m.Server})
	}
	u.head.set(m.Title, line)
	u.facts.show(m)

	for _, o := range []fyne.CanvasObject{u.user, u.password, u.unlock} {
		show(o, m.Can)
	}
	if !m.Can {
		u.password.Clear()
	}
	// While Offline the cache is one person's, and no other name has one.
	hint := ""
	if m.Back {
		hint = u.words.Text("unlock.user.hint", nil)
	}
	u.form.SetHint(unlockUserRow, hint)
	for _, w := range []interface {
		Enable()
		Disable()
	}{u.user, u.password, u.unlock, u.connect, u.importing, u.clearing} {
		enable(w, !m.Busy)
	}
	show(u.connect, m.Connect && !m.Busy)
	show(u.cancel, m.Busy)
	show(u.back, m.Back && !m.Busy)
	show(u.mend, !m.Can && !m.Busy)
	// Another file would ask the same chip for a password.
	show(u.importing, m.Notice == nil || m.Notice.ID != string(vault.ChipLocked))
	show(u.clearing, m.Made != "" || m.Level != "")
	if m.Busy {
		u.strip.Set(widget.Message{})
	} else {
		u.strip.Set(noticeMessage(m.Notice))
	}
	u.progress.Set(m.Busy, u.words.Text("unlock.busy", nil), -1)
	u.factor.SetText(m.NoFactor)
	show(u.factor, m.Can && m.Notice == nil) // it was read before anything could go wrong
	u.card.Show()
	u.card.fit()
	switch {
	case first:
	case before.Busy && !m.Busy, before.Can != m.Can:
		u.next()
	case m.Busy && !before.Busy:
		u.card.focusUnless(u.cancel)
	}
}

// Focus gives the keyboard to what has to be typed next, now and from now on
// after every step. The canvas is the window's, which the place fills; nil: it
// does so no more.
func (u *Unlock) Focus(c fyne.Canvas) {
	u.card.canvas = c
	u.next()
}

// next gives the keyboard to what has to be typed next.
func (u *Unlock) next() {
	switch {
	case u.model.Busy:
		u.card.focus(u.cancel)
	case u.model.Can && strings.TrimSpace(u.user.Text) == "":
		u.card.focus(u.user)
	case u.model.Can:
		u.card.focus(u.password)
	case u.connect.Visible():
		u.card.focus(u.connect)
	case u.back.Visible():
		u.card.focus(u.back)
	}
}

// Clear lets go of every secret.
func (u *Unlock) Clear() { u.password.Clear() }

// submit is Enter and the primary button. A field that is empty gets the
// keyboard instead.
func (u *Unlock) submit() {
	user := strings.TrimSpace(u.user.Text)
	switch {
	case u.model.Busy, !u.model.Can:
	case user == "":
		u.card.focus(u.user)
	case u.password.Text == "":
		u.card.focus(u.password)
	default:
		u.actions.Unlock(user, u.password.Take())
	}
}

// escape ends what is under way, or goes back.
func (u *Unlock) escape() {
	switch {
	case u.model.Busy:
		u.actions.Cancel()
	case u.back.Visible():
		u.goBack()
	}
}

func (u *Unlock) goBack() {
	u.Clear()
	u.actions.Back()
}

// facts says what is known of the cache without its password.
type facts struct {
	object *ground
	rows   []*factRow
	box    *fyne.Container
}

// factRow is an icon, a fact beside it, and one at the right.
type factRow struct {
	object      fyne.CanvasObject
	left, right *fw.Label
}

func newFactRow(icon fyne.ThemeIconName) *factRow {
	r := &factRow{left: fw.NewLabel(""), right: fw.NewLabel("")}
	r.left.Truncation = fyne.TextTruncateEllipsis
	r.right.Alignment = fyne.TextAlignTrailing
	mark := container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(16), fw.NewIcon(theme.Icon(icon))))
	r.object = container.NewBorder(nil, nil, mark, r.right, r.left)
	return r
}

func (r *factRow) set(left, right string, urgency present.Severity) {
	r.left.SetText(left)
	r.right.Importance = importance(urgency)
	r.right.SetText(right)
	show(r.object, left != "" || right != "")
}

func newFacts() *facts {
	f := &facts{rows: []*factRow{newFactRow(theme.IconClock), newFactRow(theme.IconChip), newFactRow(theme.IconCache)}}
	f.box = container.New(&tight{overlap: 3})
	for _, r := range f.rows {
		f.box.Add(r.object)
	}
	f.object = newGround(f.box)
	return f
}

func (f *facts) show(m present.Unlock) {
	tries := present.Info
	if m.TriesLow {
		tries = present.Warning
	}
	f.rows[0].set(m.Made, m.Left, m.Urgency)
	left := m.Tries
	if !m.Can {
		left = "" // nothing to try
	}
	f.rows[1].set(m.Level, left, tries)
	f.rows[2].set(m.Entries, m.Drafts, present.Info)
	show(f.object, m.Made != "" || m.Level != "" || m.Tries != "" || m.Drafts != "")
	f.object.Refresh()
}

func importance(s present.Severity) fw.Importance {
	switch s {
	case present.Warning:
		return fw.WarningImportance
	case present.Alarm:
		return fw.DangerImportance
	}
	return fw.MediumImportance
}
