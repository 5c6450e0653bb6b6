package screen_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault/session"
)

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
