package screen

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// DisconnectActions are what a person can do in Disconnect/Cache…. Each returns
// at once; whoever gets bytes owns and wipes them.
type DisconnectActions struct {
	SignIn   func(password, code []byte)
	Again    func()                              // asks the server anew
	Continue func(comment string, giveUp bool)   // giveUp: level A, as the review asks
	Judge    func(master, again, account []byte) // after every change; answered by Judged
	Make     func(master []byte)
	Key      func(add bool) // a security key is to be added, as the review offers, or not
	Back     func()         // from the master password to the review
	Stop     func()         // ends what is under way
	Leave    func()
	Closed   func() // the dialog is hidden, whoever did it
}

// Disconnect is the dialog of Disconnect/Cache…, page after page: the account's
// password where it is needed, what a cache would hold, its master password.
// What was typed stays until the dialog closes, so that no failure costs it.
type Disconnect struct {
	words   *present.Catalogue
	actions DisconnectActions
	dialog  *widget.Dialog
	form    *widget.Form
	back    *widget.Button

	account, master, again *widget.PasswordEntry
	code, comment          *widget.TextEntry
	accountIntro           *widget.Hint
	giveUp, addKey         *widget.Check
	foot                   *widget.Points
	review                 present.Review // as shown last

	strength *widget.StrengthBar
	rules    *widget.Points

	page    disconnectPage
	can     bool // of the review: there is something to go on with
	stale   bool // what was typed is not judged yet
	good    bool // what was judged last will do
	pressed bool // the person pressed before it was judged
}

type disconnectPage int

const (
	pageNone disconnectPage = iota
	pageSignIn
	pageReview
	pageMaster
)

// NewDisconnect returns the dialog, which shows nothing useful before a page is
// shown.
func NewDisconnect(words *present.Catalogue, actions DisconnectActions) *Disconnect {
	x := &Disconnect{
		words: words, actions: actions, form: widget.NewForm(),
		account: newPassword(words), master: newPassword(words), again: newPassword(words),
		code: widget.NewTextEntry(), comment: widget.NewTextEntry(),
		accountIntro: widget.NewHint(""), strength: widget.NewStrengthBar(), rules: widget.NewPoints(), foot: widget.NewPoints(),
	}
	x.giveUp = widget.NewCheck("", func(bool) { x.agreed() })
	x.addKey = widget.NewCheck("", func(on bool) {
		actions.Key(on)
		x.foot.SetPoints(reviewFoot(x.review, on)...)
		x.fit()
	})
	x.back = widget.NewButton(words.Text("dialog.back", nil), actions.Back)
	x.back.Hide()
	x.master.OnEnter, x.again.OnEnter = x.submit, x.submit
	typed := func(string) { x.typed() }
	x.master.OnChanged, x.again.OnChanged = typed, typed
	x.dialog = &widget.Dialog{
		Title: dialogTitle(words, present.CmdDisconnect), Icon: theme.IconDisconnect, Body: x.form, Width: 540,
		Primary: words.Text("cache.continue", nil), Cancel: words.Text("dialog.cancel", nil), Extra: x.back,
		OnPrimary: x.submit, OnCancel: actions.Leave, OnStop: actions.Stop,
		OnClosed: func() { x.Clear(); actions.Closed() },
	}
	return x
}

// Dialog returns what a Stack opens.
func (x *Disconnect) Dialog() *widget.Dialog { return x.dialog }

// Clear lets go of everything that was typed.
func (x *Disconnect) Clear() {
	x.page = pageNone // nothing is judged any more
	x.account.Clear()
	x.master.Clear()
	x.again.Clear()
	x.code.SetText("")
}

// ShowSignIn asks for the account's password; why is in words, code says
// whether a one-time code is wanted too.
func (x *Disconnect) ShowSignIn(why string, code bool, notice *present.Notice) {
	first := fyne.Focusable(x.account)
	if code {
		first = x.code
	}
	x.accountIntro.SetText(why)
	x.turn(pageSignIn, x.words.Text("cache.continue", nil),
		widget.FormRow{Field: x.accountIntro, Wide: true},
		widget.FormRow{Label: x.words.Text("cache.account", nil), Field: x.account},
		widget.FormRow{Label: x.words.Text("cache.code", nil), Field: x.code},
	)
	show(x.code, code)
	x.settle(first, true, notice)
}

// ShowReview shows what a cache would hold.
func (x *Disconnect) ShowReview(r present.Review) {
	x.can = r.Can
	primary := "cache.continue"
	if !r.Can {
		primary = "cache.again"
	}
	var lists []fyne.CanvasObject
	if len(r.Cached) > 0 {
		lines := make([]widget.PathLine, len(r.Cached))
		for i, path := range r.Cached {
			lines[i] = widget.PathLine{Path: path}
		}
		lists = append(lists, x.disclose(len(r.Cached), x.words.Text("cache.review.kept", nil), lines)...)
	}
	for _, reason := range r.Reasons {
		lines := make([]widget.PathLine, len(reason.Entries))
		for i, e := range reason.Entries {
			lines[i] = widget.PathLine{Path: e.Path, More: e.Detail}
		}
		lists = append(lists, x.disclose(reason.Count, x.words.Text("cache.review.left_out", nil)+" "+reason.Words, lines)...)
	}
	show(x.comment, r.Comment != "")
	x.review = r
	x.giveUp.SetChecked(false) // for another review nobody agreed yet
	x.giveUp.SetText(r.GiveUp)
	show(x.giveUp, r.GiveUp != "")
	if x.addKey.SetText(r.AddKey); r.AddKey == "" {
		x.addKey.SetChecked(false)
	}
	show(x.addKey, r.AddKey != "")
	x.foot.SetPoints(reviewFoot(r, x.addKey.Checked)...)
	x.turn(
		pageReview, x.words.Text(primary, nil),
		widget.FormRow{Wide: true, Field: widget.NewPoints(reviewHead(r)...)},
		widget.FormRow{Wide: true, Field: container.New(column{}, lists...)},
		widget.FormRow{Wide: true, Field: x.foot},
		widget.FormRow{Wide: true, Field: x.addKey},
		widget.FormRow{Wide: true, Field: x.giveUp},
		widget.FormRow{Label: x.words.Text("cache.comment", nil), Field: x.comment, Hint: r.Comment},
	)
	var first fyne.Focusable
	if r.Comment != "" {
		first = x.comment
	}
	x.settle(first, r.GiveUp == "", r.Notice)
}

// agreed is told that the person ticked that level A is given up, or not.
func (x *Disconnect) agreed() {
	if x.page == pageReview && x.giveUp.Visible() {
		x.dialog.SetPrimaryEnabled(x.giveUp.Checked)
	}
}

// ShowFailure says why there is nothing to review.
func (x *Disconnect) ShowFailure(n *present.Notice) {
	x.can = false
	show(x.giveUp, false)
	show(x.addKey, false)
	x.turn(pageReview, x.words.Text("cache.again", nil))
	x.settle(nil, true, n)
}

func reviewHead(r present.Review) []widget.Point {
	points := []widget.Point{{Icon: theme.IconCache, Color: toolkit.ColorNamePrimary, Text: r.Summary, Bold: true, More: r.Estimated}}
	if r.Until != "" {
		points = append(points, widget.Point{Icon: theme.IconClock, Text: r.Until})
	}
	return points
}

// reviewFoot is what is said below the lists; withKey: while the offer of a security
// key is taken.
func reviewFoot(r present.Review, withKey bool) []widget.Point {
	if withKey {
		r.NoFactor, r.Recovery = r.WithKey.NoFactor, r.WithKey.Recovery
	}
	level := widget.Point{Icon: theme.IconChip, Color: toolkit.ColorNamePrimary, Text: r.LevelTitle, Bold: true, More: r.Level.Does}
	if r.Level.Weak {
		level.Color = theme.ColorWarning
	}
	points := []widget.Point{
		level,
		{Icon: theme.IconWarning, Color: theme.ColorWarning, Text: r.Level.Cannot},
	}
	if r.NotA != "" {
		points = append(points, widget.Point{Icon: theme.IconInfo, Text: r.NotA})
	}
	if r.Recovery != "" {
		points = append(points, widget.Point{Icon: theme.IconInfo, Text: r.Recovery})
	}
	return append(points, widget.Point{Icon: theme.IconUnlock, Text: r.NoFactor}, widget.Point{Icon: theme.IconHistory, Text: r.Journal})
}

// disclose returns a line that opens a list.
func (x *Disconnect) disclose(count int, words string, lines []widget.PathLine) []fyne.CanvasObject {
	list := widget.NewPathList(7)
	list.SetLines(lines)
	list.Hide()
	line := widget.NewDisclosure(strconv.Itoa(count), words, len(lines) == 0)
	line.OnToggle = func(open bool) {
		show(list, open)
		x.fit()
	}
	return []fyne.CanvasObject{line, list}
}

// ShowMaster asks for the master password under these rules.
func (x *Disconnect) ShowMaster(rules []present.Rule, notice *present.Notice) {
	x.turn(pageMaster, x.words.Text("cache.make", nil),
		widget.FormRow{Wide: true, Field: widget.NewHint(x.words.Text("cache.master.intro", nil))},
		widget.FormRow{Label: x.words.Text("cache.master", nil), Field: x.master},
		widget.FormRow{Label: x.words.Text("cache.master.again", nil), Field: x.again},
		widget.FormRow{Label: x.words.Text("cache.master.strength", nil), Field: x.strength},
		widget.FormRow{Field: x.rules},
	)
	x.check(rules)
	x.strength.Set(-1, "")
	x.settle(x.master, false, notice)
	if x.master.Text != "" {
		x.typed()
	}
}

// Judged shows how the master password that was typed last stands.
func (x *Disconnect) Judged(m present.Master) {
	if x.page != pageMaster {
		return
	}
	x.stale, x.good = false, m.OK
	score, word := m.Strength, m.StrengthWords
	if x.master.Text == "" {
		score, word = -1, ""
	}
	x.strength.Set(score, word)
	x.check(m.Rules)
	x.dialog.SetPrimaryEnabled(m.OK)
	if pressed := x.pressed; pressed {
		x.pressed = false
		x.submit()
	}
}

func (x *Disconnect) check(rules []present.Rule) {
	points := make([]widget.Point, len(rules))
	for i, r := range rules {
		points[i] = widget.Point{Icon: theme.IconClose, Text: r.Words}
		if r.Met {
			points[i].Icon, points[i].Color = theme.IconCheck, theme.ColorOnline
		}
	}
	before := len(x.rules.Points())
	x.rules.SetPoints(points...)
	if before != len(points) {
		x.fit()
	}
}

// SetBusy shows what is under way; an empty text: nothing.
func (x *Disconnect) SetBusy(what string, share float64) {
	x.dialog.SetBusy(what != "", what, share)
	if what != "" {
		x.back.Disable()
	} else {
		x.back.Enable()
	}
}

// SetNotice says what went wrong, or right; nil takes it away.
func (x *Disconnect) SetNotice(n *present.Notice) {
	m := noticeMessage(n)
	x.dialog.SetMessage(m.Level, m.Text, m.Remedy)
}

// turn shows a page.
func (x *Disconnect) turn(page disconnectPage, primary string, rows ...widget.FormRow) {
	x.page, x.pressed, x.good = page, false, false
	show(x.back, page == pageMaster)
	x.dialog.SetPrimaryLabel(primary)
	x.form.SetRows(rows...)
}

// settle ends the waiting and gives the keyboard to the first field.
func (x *Disconnect) settle(first fyne.Focusable, enabled bool, notice *present.Notice) {
	x.dialog.First = first
	x.SetBusy("", 0)
	x.dialog.SetPrimaryEnabled(enabled)
	x.SetNotice(notice)
	x.fit()
	x.dialog.SetFirst(first)
	retype(first, notice)
}

// fit lays the dialog out anew.
func (x *Disconnect) fit() {
	x.form.Refresh()
	x.dialog.Relayout()
}

// typed has the master password judged.
func (x *Disconnect) typed() {
	if x.page != pageMaster {
		return
	}
	x.stale, x.pressed = true, false
	x.actions.Judge([]byte(x.master.Text), []byte(x.again.Text), []byte(x.account.Text))
}

// submit is the primary button of the page.
func (x *Disconnect) submit() {
	if x.dialog.Busy() {
		return
	}
	switch x.page {
	case pageSignIn:
		if x.account.Text != "" {
			x.actions.SignIn([]byte(x.account.Text), []byte(x.code.Text))
		}
	case pageReview:
		switch {
		case x.giveUp.Visible() && !x.giveUp.Checked:
		case x.can:
			x.actions.Continue(x.comment.Text, x.giveUp.Visible())
		default:
			x.actions.Again()
		}
	case pageMaster:
		switch {
		case x.stale:
			x.pressed = true
		case x.good:
			x.actions.Make([]byte(x.master.Text))
		case x.again.Text == "" && x.master.Text != "":
			x.dialog.SetFirst(x.again) // Enter after the first field goes on to the second
		}
	}
}
