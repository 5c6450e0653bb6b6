package screen_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

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
