package widget_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/widget"
)

func TestTextEntryLeavesKeysToTheWindow(t *testing.T) {
	e := widget.NewTextEntry()
	w := window(t, e, 200, 60)
	var got []string
	e.OnEscape = func() { got = append(got, "escape") }
	e.OnEnter = func() { got = append(got, "enter") }
	e.OnKey = func(k *fyne.KeyEvent) bool { got = append(got, string(k.Name)); return k.Name == fyne.KeyF3 }
	w.Canvas().Focus(e)
	test.Type(e, "ab")
	keys(e, fyne.KeyEscape, fyne.KeyReturn, fyne.KeyF3, fyne.KeyBackspace)
	if want := "escape enter F3 BackSpace"; strings.Join(got, " ") != want {
		t.Errorf("keys %q, want %s", got, want)
	}
	if e.Text != "a" {
		t.Errorf("text %q, want the key to work too", e.Text)
	}
	w.Canvas().Unfocus()
	w.Canvas().Focus(e)
	test.Type(e, "new")
	if e.Text != "new" {
		t.Errorf("typing after the focus came gives %q, want it to replace", e.Text)
	}
}

func TestPasswordEntryNeverCopies(t *testing.T) {
	e := widget.NewPasswordEntry("Show or hide")
	w := window(t, e, 200, 60)
	w.Canvas().Focus(e)
	test.Type(e, "geheim")
	clip := test.NewClipboard()
	for _, shown := range []bool{false, true} {
		e.SetShown(shown)
		for _, s := range []fyne.Shortcut{&fyne.ShortcutSelectAll{}, &fyne.ShortcutCopy{Clipboard: clip}, &fyne.ShortcutCut{Clipboard: clip}} {
			e.TypedShortcut(s)
		}
		if clip.Content() != "" || e.Text != "geheim" {
			t.Errorf("shown %v: the clipboard holds %q, the field %q", shown, clip.Content(), e.Text)
		}
	}
	if got := string(e.Take()); got != "geheim" {
		t.Errorf("took %q", got)
	}
	if e.Text != "" || e.Shown() {
		t.Errorf("after Take the field holds %q, shown %v", e.Text, e.Shown())
	}
}

func TestSearchEntry(t *testing.T) {
	e := widget.NewSearchEntry("Search")
	w := window(t, e, 200, 60)
	var searched []string
	down, left := 0, 0
	e.OnSearch = func(text string) { searched = append(searched, text) }
	e.OnDown = func() { down++ }
	e.OnLeave = func() { left++ }
	w.Canvas().Focus(e)
	test.Type(e, "ma")
	keys(e, fyne.KeyDown, fyne.KeyReturn, fyne.KeyEscape, fyne.KeyEscape)
	if !slices.Equal(searched, []string{"m", "ma", ""}) || down != 2 || left != 1 {
		t.Errorf("searched %q, down %d, left %d", searched, down, left)
	}
}

func TestSecretLabelHoldsNothingUntilAsked(t *testing.T) {
	s := widget.NewSecretLabel("Reveal", "Copy")
	window(t, s, 300, 60)
	secret := []byte("aB3$")
	asked, hidden, copied := 0, 0, 0
	s.OnReveal = func() { asked++; s.Reveal(secret) }
	s.OnHide = func() { hidden++ }
	s.OnCopy = func() { copied++ }
	all := func() string { return strings.Join(texts(s), "") }
	if got := all(); !strings.HasPrefix(got, "••••") {
		t.Errorf("shows %q at first", got)
	}
	eye, copying := tapsOf(s)
	eye.Tapped(&fyne.PointEvent{})
	clear(secret) // the caller wipes
	if got := texts(s); asked != 1 || !slices.Equal(got, []string{"aB", "3", "$"}) {
		t.Errorf("asked %d times, shows %q; want letters, digits and symbols apart", asked, got)
	}
	copying.Tapped(&fyne.PointEvent{})
	eye.Tapped(&fyne.PointEvent{})
	if got := all(); hidden != 1 || copied != 1 || !strings.HasPrefix(got, "••••") {
		t.Errorf("hidden %d, copied %d, shows %q", hidden, copied, got)
	}
	s.SetPresent(false)
	if got := all(); got != "" {
		t.Errorf("without a secret it shows %q", got)
	}
}

// tapsOf returns the two small buttons of a SecretLabel.
func tapsOf(s *widget.SecretLabel) (eye, copying fyne.Tappable) {
	var found []fyne.Tappable
	for _, o := range test.LaidOutObjects(s) {
		if p, ok := o.(fyne.Tappable); ok {
			found = append(found, p)
		}
	}
	return found[0], found[1]
}

func TestFormHidesRowsAndWraps(t *testing.T) {
	a, b := widget.NewTextEntry(), widget.NewTextEntry()
	f := widget.NewForm(widget.FormRow{Label: "One", Field: a, Hint: strings.Repeat("a long hint ", 20)}, widget.FormRow{Label: "Two", Field: b})
	window(t, container.NewVBox(f), 300, 300)
	if a.Position().X < 20 || a.Position().X != b.Position().X {
		t.Errorf("fields at %v and %v, want them in one line beside the labels", a.Position(), b.Position())
	}
	if got := texts(f); !slices.Contains(got, "One") || !slices.Contains(got, "Two") {
		t.Errorf("labels: %q", got)
	}
	before := f.MinSize().Height
	b.Hide()
	f.Refresh()
	if f.MinSize().Height >= before || slices.Contains(texts(f), "Two") {
		t.Error("a hidden field keeps its row")
	}
}

func TestSplitterKeepsItsSide(t *testing.T) {
	left, right := widget.NewStrengthBar(), widget.NewCountdownBar()
	s := widget.NewSplitter(widget.Split{First: left, Second: right, Points: 200})
	w := window(t, s, 600, 300)
	var saved float32
	s.OnResized = func(p float32) { saved = p }
	w.Resize(fyne.NewSize(800, 300))
	if left.Size().Width != 200 {
		t.Errorf("the left side is %v wide after the window grew, want 200", left.Size().Width)
	}
	for _, o := range test.LaidOutObjects(s) {
		if d, ok := o.(fyne.Draggable); ok {
			d.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(-40, 0)})
			d.DragEnd()
		}
	}
	if saved != 160 || s.Points() != 160 || left.Size().Width != 160 {
		t.Errorf("after a drag by -40: told %v, kept %v, shown %v", saved, s.Points(), left.Size().Width)
	}
	s.SetPoints(5000)
	if right.Size().Width < right.MinSize().Width {
		t.Errorf("the right side is %v wide", right.Size().Width)
	}
	left.Hide()
	s.Refresh()
	if right.Size().Width != 800 {
		t.Errorf("alone, the right side is %v wide", right.Size().Width)
	}
}

func TestSmallThings(t *testing.T) {
	strip, badge, bar, left := widget.NewStrip(), widget.NewModeBadge(), widget.NewStrengthBar(), widget.NewCountdownBar()
	empty := widget.NewEmpty("search", "Nothing found", "hint", "Clear", nil)
	chip := widget.NewChip("mail", nil)
	box := container.NewVBox(strip, badge, bar, left, chip, empty)
	window(t, box, 400, 500)
	if strip.Visible() {
		t.Error("a strip without a message is shown")
	}
	acted := false
	strip.OnAction = func() { acted = true }
	strip.Set(widget.Message{Level: widget.LevelError, Text: "Wrong password.", Remedy: "Type it again.", Action: "Try"})
	badge.Set(widget.BadgeOffline, "Working Offline")
	bar.Set(9, "very strong")
	left.Set(3, "12 s")
	got := texts(box)
	for _, want := range []string{"Wrong password.", "Type it again.", "Working Offline", "very strong", "12 s", "mail", "Nothing found", "Clear"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not shown in %q", want, got)
		}
	}
	if left.Left() != 1 {
		t.Errorf("left %v", left.Left())
	}
	for _, o := range test.LaidOutObjects(strip) {
		if b, ok := o.(*widget.Button); ok {
			test.Tap(b)
		}
	}
	if !acted {
		t.Error("the button of the strip does nothing")
	}
	low := strip.MinSize().Height
	strip.Set(widget.Message{Text: strings.Repeat("a long message ", 20)})
	if strip.MinSize().Height <= low {
		t.Error("a long message does not wrap")
	}
}

func TestToolbarButtonSaysWhy(t *testing.T) {
	pressed := 0
	b := widget.NewToolbarButton("delete", "Delete", "Delete (Del)", func() { pressed++ })
	window(t, b, 100, 40)
	test.Tap(b)
	b.SetEnabled(false, "nothing is selected")
	test.Tap(b)
	if pressed != 1 || b.Enabled() {
		t.Errorf("pressed %d times", pressed)
	}
	if got := b.Tip(); got != "Delete (Del) – nothing is selected" {
		t.Errorf("tip %q", got)
	}
}
