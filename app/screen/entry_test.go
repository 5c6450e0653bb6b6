package screen_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// entrySeat is a person before the entry dialog.
type entrySeat struct {
	*seat
	stack *widget.Stack
	entry *screen.Entry
	saved []present.Changes
	keys  fyne.ShortcutHandler // of the window
}

// keyed is a canvas that says which shortcuts it was given: the toolkit's for
// tests keeps them to itself.
type keyed struct {
	fyne.Canvas
	keys *fyne.ShortcutHandler
}

func (k keyed) AddShortcut(s fyne.Shortcut, do func(fyne.Shortcut)) { k.keys.AddShortcut(s, do) }

func entryForm(offline bool) present.EntryForm {
	e := &vault.Entry{ID: vault.ID{1}, Tags: []string{"mail"}}
	e.Set(vault.FieldTitle, vault.SecretText("Mail"), false)
	e.Set(vault.FieldUsername, vault.SecretText("ada"), false)
	e.Set(vault.FieldPassword, vault.Secret{}, true)
	e.Set("PIN", vault.Secret{}, true)
	e.Set("Account", vault.SecretText("4711"), false)
	e.Attachments = []vault.Attachment{{ID: vault.ID{2}, Name: "a.txt"}}
	state := present.State{Mode: session.Online, SignedIn: true}
	if offline {
		state = present.State{Mode: session.Offline, NoEdit: present.ReasonEditsOff}
	}
	item := &session.Item{Entry: e, Path: []string{"Vault", "Mail"}, HasPassword: true, HasOTP: true, Digits: 6, Period: 30 * time.Second, AttachmentSizes: []int64{3}, History: 1}
	return present.NewEntryForm(present.Load("en"), present.EntryFacts{Item: item, State: state})
}

// A new entry has no earlier forms to turn to.
func TestNewEntryHasNoHistory(t *testing.T) {
	state := present.State{Mode: session.Online, SignedIn: true}
	e := sitAtEntry(t, present.NewEntryForm(present.Load("en"), present.EntryFacts{State: state}))
	for _, o := range e.sees() {
		h, ok := o.(fyne.Disableable)
		if ok && strings.HasSuffix(fmt.Sprintf("%T", o), "tabHead") && h.Disabled() {
			test.Tap(o.(fyne.Tappable))
		}
	}
	if strings.Contains(e.reads(), "earlier") || slices.Contains(e.told, "versions") {
		t.Errorf("turned to the history: %q, told %q", e.reads(), e.told)
	}
	for range 4 {
		e.keys.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyTab, Modifier: fyne.KeyModifierControl})
		if slices.Contains(e.told, "versions") || strings.Contains(e.reads(), present.Load("en").Text("entry.history.none", nil)) {
			t.Errorf("the keyboard turned to the history")
		}
	}
}

func sitAtEntry(t *testing.T, form present.EntryForm) *entrySeat {
	t.Helper()
	e := &entrySeat{}
	e.seat = sit(t, func(*seat) fyne.CanvasObject { return canvas.NewRectangle(nil) })
	e.stack = widget.NewStack(keyed{e.window.Canvas(), &e.keys})
	told := func(format string, args ...any) { e.told = append(e.told, fmt.Sprintf(format, args...)) }
	e.entry = screen.NewEntry(present.Load("en"), e.stack, screen.EntryActions{
		Save: func(c present.Changes) { e.saved = append(e.saved, c); e.entry.Busy("Saving", -1) },
		Stop: e.tell("stop"), Closed: e.tell("closed"),
		Reveal: func(f string) { told("reveal %s", f) }, Copy: func(f string) { told("copy %s", f) },
		CopyTyped: func(v []byte, f string) { told("copy typed %s %s", f, v) }, OpenURL: func(u string) { told("open %s", u) },
		Judge: func(p []byte) { told("judge %s", p) },
		Generate: func(g present.Generator) present.Generated {
			g.Length = max(g.Length, 8)
			return present.Generated{Rules: g, Password: []byte(strings.Repeat("g", g.Length)), Score: 4, Words: "good"}
		},
		ShowCode: func(typed []byte) { told("code %s", typed) }, CopyCode: e.tell("copy code"),
		AddFile: e.tell("add file"), SaveFile: func(n string) { told("save file %s", n) },
		Versions: e.tell("versions"), OpenVersion: func(i int) { told("version %d", i) }, RestoreVersion: func(i int) { told("restore %d", i) },
	})
	e.entry.Open(form)
	return e
}

// sees is what is shown of the dialog in front.
func (e *entrySeat) sees() []fyne.CanvasObject {
	top := e.window.Canvas().Overlays().Top()
	if top == nil {
		return nil
	}
	return seen(top)
}

func (e *entrySeat) reads() string {
	var out []string
	for _, o := range e.sees() {
		if t, ok := o.(*canvas.Text); ok && t.Text != "" {
			out = append(out, t.Text)
		}
	}
	return strings.Join(out, " ")
}

// push presses the button, tab or check of a label.
func (e *entrySeat) push(t *testing.T, label string) {
	t.Helper()
	for _, o := range e.sees() {
		var text string
		switch b := o.(type) {
		case *widget.Button:
			text = b.Text
		case *widget.Check:
			text = b.Text
		case interface{ MinSize() fyne.Size }:
			if h, ok := o.(fyne.Tappable); ok && strings.HasSuffix(fmt.Sprintf("%T", o), "tabHead") {
				for _, x := range seen(o) {
					if c, ok := x.(*canvas.Text); ok && c.Text == label {
						test.Tap(h)
						return
					}
				}
			}
		}
		if text == label {
			if d, ok := o.(fyne.Disableable); ok && d.Disabled() {
				t.Fatalf("%q is disabled", label)
			}
			if c, ok := o.(*widget.Check); ok {
				c.SetChecked(!c.Checked)
				return
			}
			test.Tap(o.(fyne.Tappable))
			return
		}
	}
	t.Fatalf("there is no %q: %s", label, e.reads())
}

// secrets are the fields for secrets that can be seen.
func (e *entrySeat) secrets() []*widget.PasswordEntry {
	var list []*widget.PasswordEntry
	for _, o := range e.sees() {
		if p, ok := o.(*widget.PasswordEntry); ok {
			list = append(list, p)
		}
	}
	return list
}

func (e *entrySeat) eye(p *widget.PasswordEntry) { test.Tap(p.ActionItem.(fyne.Tappable)) }

// list returns the n-th list that can be seen.
func (e *entrySeat) list(t *testing.T, n int) *widget.EntryList {
	t.Helper()
	for _, o := range e.sees() {
		if l, ok := o.(*widget.EntryList); ok {
			if n == 0 {
				return l
			}
			n--
		}
	}
	t.Fatal("there is no such list")
	return nil
}

func pick(l *widget.EntryList, at int) { l.Select(widget.RowID{0, 0, 0, byte(at + 1)}) }

func TestEntryByKeyboard(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.write(t, "Post") // the title has the keyboard, and is selected
	e.window.Canvas().FocusNext()
	e.write(t, "bob")
	e.press(t, fyne.KeyReturn)
	if len(e.saved) != 1 {
		t.Fatalf("saved %d times", len(e.saved))
	}
	c := e.saved[0]
	if c.Title == nil || *c.Title != "Post" || c.User == nil || *c.User != "bob" {
		t.Errorf("title %v, user %v", c.Title, c.User)
	}
	c.Title, c.User = nil, nil
	if !c.IsEmpty() {
		t.Errorf("more than that changes: %+v", c)
	}
	if len(e.told) != 0 {
		t.Errorf("asked for %q: an edit reveals nothing", e.told)
	}
}

func TestEntryUnchangedIsNotSaved(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.press(t, fyne.KeyReturn)
	if len(e.saved) != 0 || e.stack.Len() != 0 || !slices.Equal(e.told, []string{"closed"}) {
		t.Errorf("saved %d, open %d, told %q", len(e.saved), e.stack.Len(), e.told)
	}
}

// What was typed goes only after a question.
func TestEntryEscape(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.write(t, "x")
	e.press(t, fyne.KeyEscape)
	if e.stack.Len() != 2 || !strings.Contains(e.reads(), "Discard the changes?") {
		t.Fatalf("%d dialogs: %s", e.stack.Len(), e.reads())
	}
	e.press(t, fyne.KeyReturn) // on the way back
	if e.stack.Len() != 1 || len(e.told) != 0 {
		t.Fatalf("%d dialogs, %q", e.stack.Len(), e.told)
	}
	e.press(t, fyne.KeyEscape)
	e.push(t, "Discard")
	if e.stack.Len() != 0 || !slices.Equal(e.told, []string{"closed"}) {
		t.Errorf("%d dialogs, %q", e.stack.Len(), e.told)
	}
}

// A secret comes when the eye asks for it, is hidden after a while, and is not
// saved unless somebody typed another.
func TestEntryReveals(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	p := e.secrets()[0]
	e.eye(p)
	if !slices.Equal(e.told, []string{"reveal Password"}) {
		t.Fatalf("told %q", e.told)
	}
	e.entry.Revealed(vault.FieldPassword, []byte("hunter2"))
	if !p.Shown() || p.Text != "hunter2" {
		t.Errorf("shows %q, %v", p.Text, p.Shown())
	}
	e.entry.Conceal(vault.FieldPassword)
	if p.Shown() || p.Text != "" {
		t.Errorf("holds %q still", p.Text)
	}
	e.eye(p)
	e.entry.Revealed(vault.FieldPassword, []byte("hunter2"))
	e.window.Canvas().Focus(p)
	e.write(t, "3")
	e.entry.Conceal(vault.FieldPassword)
	if p.Text != "hunter23" {
		t.Errorf("what was typed is lost: %q", p.Text)
	}
	e.eye(p) // it can be read again, so nothing has to be repeated
	e.push(t, "Save")
	if len(e.saved) != 1 || e.saved[0].Password == nil || e.saved[0].Password.Text() != "hunter23" {
		t.Fatalf("saved %+v", e.saved)
	}
	e.entry.Close()
	if p.Text != "" {
		t.Error("the field holds it after the end")
	}
}

func TestEntryRepeat(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	p := e.secrets()[0]
	e.window.Canvas().Focus(p)
	e.write(t, "new")
	if len(e.secrets()) != 2 {
		t.Fatal("what cannot be read is not repeated")
	}
	e.press(t, fyne.KeyReturn)
	if len(e.saved) != 0 || !strings.Contains(e.reads(), "differ") || e.window.Canvas().Focused() != fyne.Focusable(e.secrets()[1]) {
		t.Fatalf("saved %d, %s", len(e.saved), e.reads())
	}
	e.write(t, "new")
	e.press(t, fyne.KeyReturn)
	if len(e.saved) != 1 || e.saved[0].Password.Text() != "new" {
		t.Errorf("saved %+v", e.saved)
	}
}

func TestEntryKeepsWhatWasTypedAfterAFailure(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.write(t, "Post")
	e.press(t, fyne.KeyReturn)
	e.press(t, fyne.KeyEscape) // while it is busy
	words := present.Load("en")
	err := error(vault.Fail(vault.Unreachable, "vault.example.org"))
	e.entry.Failed(words.Failure(err), err)
	if !strings.Contains(e.reads(), words.Failure(err).Remedy[:10]) || !slices.Equal(e.told, []string{"stop"}) {
		t.Errorf("%q: %s", e.told, e.reads())
	}
	e.push(t, "Save")
	if len(e.saved) != 2 || *e.saved[1].Title != "Post" {
		t.Errorf("saved %d times", len(e.saved))
	}
}

func TestEntryReadOnly(t *testing.T) {
	e := sitAtEntry(t, entryForm(true))
	if !strings.Contains(e.reads(), "policy allows no changes") {
		t.Errorf("no reason: %s", e.reads())
	}
	if len(e.secrets()) != 0 {
		t.Error("a field for a password can be typed in")
	}
	for range 12 {
		e.window.Canvas().FocusNext()
		if f, ok := e.window.Canvas().Focused().(interface{ TypedRune(rune) }); ok {
			f.TypedRune('!')
		}
		if f := e.window.Canvas().Focused(); f != nil {
			f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
		}
	}
	for _, name := range []string{"Mail", "ada"} {
		if !strings.Contains(e.reads(), name) {
			t.Errorf("%s is gone: %s", name, e.reads())
		}
	}
	for _, o := range e.sees() {
		if l, ok := o.(*widget.SecretLabel); ok {
			l.OnReveal()
		}
	}
	if !slices.Equal(e.told, []string{"reveal Password"}) {
		t.Errorf("told %q", e.told)
	}
	e.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if e.stack.Len() != 0 {
		t.Error("Escape does not close it")
	}
}

func TestEntryFields(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.push(t, "Advanced")
	e.push(t, "Add…")
	e.press(t, fyne.KeyReturn) // without a name
	if !strings.Contains(e.reads(), "name is missing") {
		t.Fatalf("%s", e.reads())
	}
	e.write(t, "Key")
	e.window.Canvas().FocusNext()
	e.write(t, "k")
	e.push(t, "Protected")
	e.push(t, "OK")
	pick(e.list(t, 0), 0)
	e.push(t, "Show") // of the PIN
	e.entry.Revealed("PIN", []byte("1234"))
	if !strings.Contains(e.reads(), "1234") {
		t.Error("it is not shown")
	}
	e.entry.Conceal("PIN")
	if strings.Contains(e.reads(), "1234") {
		t.Error("it is shown still")
	}
	pick(e.list(t, 0), 1)
	e.push(t, "Remove")
	e.push(t, "Save")
	if len(e.saved) != 1 || len(e.saved[0].Fields) != 2 {
		t.Fatalf("saved %+v", e.saved)
	}
	pin, key := e.saved[0].Fields[0], e.saved[0].Fields[1]
	if pin.Was != "PIN" || pin.Value != nil || !pin.Protected {
		t.Errorf("the PIN becomes %+v", pin)
	}
	if key.Was != "" || key.Name != "Key" || key.Value == nil || key.Value.Text() != "k" || !key.Protected {
		t.Errorf("the new one is %+v", key)
	}
	if !slices.Equal(e.told, []string{"reveal PIN"}) {
		t.Errorf("told %q", e.told)
	}
}

func TestEntryFiles(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.push(t, "Advanced")
	e.entry.AddFile("a.txt", []byte("new"))
	pick(e.list(t, 1), 0)
	e.push(t, "Save as…")
	e.push(t, "Rename…")
	e.write(t, "b.txt")
	e.press(t, fyne.KeyReturn)
	e.push(t, "Save")
	if len(e.saved) != 1 || len(e.saved[0].Files) != 2 {
		t.Fatalf("saved %+v", e.saved)
	}
	old, added := e.saved[0].Files[0], e.saved[0].Files[1]
	if old.Was != "a.txt" || old.Name != "b.txt" || old.Data != nil || added.Name != "a (2).txt" || string(added.Data) != "new" {
		t.Errorf("%+v, %+v", old, added)
	}
	if !slices.Equal(e.told, []string{"save file a.txt"}) {
		t.Errorf("told %q", e.told)
	}
}

func TestEntryCode(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.push(t, "One-time code")
	e.push(t, "Show code")
	e.entry.SetCode("123456", 0.5, "15 s")
	if !strings.Contains(e.reads(), "123 456") || !e.entry.ShowsCode() {
		t.Errorf("%s", e.reads())
	}
	p := e.secrets()[0]
	e.window.Canvas().Focus(p)
	e.write(t, "no secret!")
	e.push(t, "General")
	e.push(t, "Save")
	if len(e.saved) != 0 || !strings.Contains(e.reads(), "Changes every") {
		t.Fatalf("saved %d, and not pointed to the code: %s", len(e.saved), e.reads())
	}
	p.SetText("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	for _, o := range e.sees() {
		if s, ok := o.(*widget.Select); ok && strings.Contains(s.Selected, "digits") {
			s.SetSelected("8 digits")
		}
	}
	e.push(t, "Save")
	if len(e.saved) != 1 || e.saved[0].Code == nil || !strings.Contains(e.saved[0].Code.Setting.Text(), "digits=8") {
		t.Fatalf("saved %+v", e.saved)
	}
	if !slices.Equal(e.told, []string{"code "}) {
		t.Errorf("told %q", e.told)
	}
}

func TestEntryCodeGoes(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.push(t, "One-time code")
	e.push(t, "Remove one-time code")
	e.push(t, "Save")
	if len(e.saved) != 1 || e.saved[0].Code == nil || !e.saved[0].Code.Setting.IsEmpty() {
		t.Errorf("saved %+v", e.saved)
	}
}

func TestEntryHistory(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.push(t, "History")
	e.push(t, "General")
	e.push(t, "History")
	e.entry.ShowVersions([]present.Version{{At: "newer", User: "ada"}, {At: "older", User: "bob"}})
	pick(e.list(t, 0), 1)
	e.push(t, "View")
	e.push(t, "Restore…")
	e.push(t, "Restore")
	if want := []string{"versions", "version 1", "restore 1"}; !slices.Equal(e.told, want) {
		t.Errorf("told %q, want %q", e.told, want)
	}
}

func TestEntryGenerator(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.push(t, "Generate…")
	if !strings.Contains(e.reads(), "gggggggg") {
		t.Errorf("%s", e.reads())
	}
	e.write(t, "12") // the length has the keyboard
	e.press(t, fyne.KeyReturn)
	p := e.secrets()[0]
	if p.Text != "gggggggggggg" || !p.Shown() || len(e.secrets()) != 1 {
		t.Fatalf("%q, shown %v, %d fields", p.Text, p.Shown(), len(e.secrets()))
	}
	e.push(t, "Save")
	if len(e.saved) != 1 || e.saved[0].Password.Text() != "gggggggggggg" {
		t.Errorf("saved %+v", e.saved)
	}
}

func TestEntryTags(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	for _, o := range e.sees() {
		if f, ok := o.(*widget.TextEntry); ok && f.PlaceHolder == "Add a tag" {
			e.window.Canvas().Focus(f)
		}
	}
	e.write(t, "work,home")
	e.push(t, "Save")
	if len(e.saved) != 1 || e.saved[0].Tags == nil || !slices.Equal(*e.saved[0].Tags, []string{"mail", "work", "home"}) {
		t.Errorf("saved %+v", e.saved)
	}
}

func TestEntryExpiry(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	for _, o := range e.sees() {
		if s, ok := o.(*widget.Select); ok {
			s.SetSelected("In 1 year")
		}
	}
	e.push(t, "Save")
	year := time.Now().AddDate(1, 0, 0)
	if len(e.saved) != 1 || e.saved[0].Expiry == nil || !e.saved[0].Expiry.On || e.saved[0].Expiry.At.Sub(year).Abs() > time.Hour {
		t.Errorf("saved %+v", e.saved)
	}
}

// Every page fits a small window: what is higher scrolls, the buttons stay.
func TestEntryInASmallWindow(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	e.window.Resize(fyne.NewSize(420, 320))
	for _, page := range []string{"Advanced", "One-time code", "General"} {
		e.push(t, page)
		for _, o := range e.sees() {
			b, ok := o.(*widget.Button)
			if !ok || b.Text != "Save" && b.Text != "Cancel" || b.Importance == fw.LowImportance {
				continue
			}
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b)
			if at.X+b.Size().Width > 420 || at.Y+b.Size().Height > 320 {
				t.Errorf("%s: %s ends at %v", page, b.Text, at.Add(b.Size()))
			}
		}
	}
}

// Ctrl+Tab turns the pages from wherever the keyboard is, round and round, and
// nothing is typed into a page that is hidden.
func TestEntryPagesTurnByKeys(t *testing.T) {
	e := sitAtEntry(t, entryForm(false))
	c := e.window.Canvas()
	press := func(m fyne.KeyModifier) {
		keys := &desktop.CustomShortcut{KeyName: fyne.KeyTab, Modifier: m}
		if f, ok := c.Focused().(fyne.Shortcutable); ok { // as the real driver does
			f.TypedShortcut(keys)
		} else {
			e.keys.TypedShortcut(keys)
		}
	}
	head := func() string {
		b, ok := c.Focused().(interface{ MinSize() fyne.Size })
		if !ok {
			return ""
		}
		return strings.Join(painted(b.(fyne.CanvasObject)), " ")
	}
	if _, ok := c.Focused().(interface{ SelectedText() string }); !ok {
		t.Fatalf("%T has the keyboard", c.Focused())
	}
	for _, want := range []string{"Advanced", "One-time code", "History", "Properties", "General", "Advanced"} {
		press(fyne.KeyModifierControl)
		if got := head(); got != want {
			t.Errorf("the page is %q, want %q", got, want)
		}
	}
	press(fyne.KeyModifierControl | fyne.KeyModifierShift)
	press(fyne.KeyModifierControl | fyne.KeyModifierShift)
	if got := head(); got != "Properties" {
		t.Errorf("two back is %q", got)
	}
	c.Unfocus()
	press(fyne.KeyModifierControl)
	if got := head(); got != "General" {
		t.Errorf("with the keyboard nowhere it is %q", got)
	}
}
