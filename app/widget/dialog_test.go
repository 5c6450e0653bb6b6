package widget_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// shown is a dialog with one field before a window with another.
type shown struct {
	window  fyne.Window
	behind  *widget.TextEntry
	field   *widget.TextEntry
	stack   *widget.Stack
	dialog  *widget.Dialog
	changes int
}

func open(t *testing.T) *shown {
	t.Helper()
	s := &shown{behind: widget.NewTextEntry(), field: widget.NewTextEntry()}
	s.window = window(t, container.NewVBox(s.behind), 600, 400)
	s.window.Canvas().Focus(s.behind)
	s.stack = widget.NewStack(s.window.Canvas())
	s.stack.OnChange = func() { s.changes++ }
	s.dialog = &widget.Dialog{Title: "Unlock", Primary: "OK", Cancel: "Cancel", Body: widget.NewForm(widget.FormRow{Label: "Word", Field: s.field}), First: s.field}
	s.stack.Open(s.dialog)
	return s
}

func (s *shown) painted() []string { return texts(s.window.Canvas().Overlays().Top()) }

func TestDialogTakesAndReturnsTheKeyboard(t *testing.T) {
	s := open(t)
	c := s.window.Canvas()
	if c.Focused() != s.field {
		t.Errorf("the keyboard is at %T, want the first field", c.Focused())
	}
	keys(c.Focused(), fyne.KeyEscape)
	if s.stack.Len() != 0 || c.Overlays().Top() != nil || c.Focused() != s.behind {
		t.Errorf("after Escape: %d dialogs, overlay %v, keyboard at %T", s.stack.Len(), c.Overlays().Top(), c.Focused())
	}
	if s.changes != 2 {
		t.Errorf("told %d times of changes, want 2", s.changes)
	}
	s.stack.Open(s.dialog) // the same again
	if c.Focused() != s.field || s.stack.Top() != s.dialog {
		t.Error("a dialog cannot be opened twice in a row")
	}
}

func TestEnterConfirmsFromAnywhere(t *testing.T) {
	s := open(t)
	confirmed := 0
	s.dialog.OnPrimary = func() { confirmed++ }
	keys(s.field, fyne.KeyReturn)
	s.window.Canvas().Unfocus()
	s.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEnter})
	s.dialog.SetPrimaryEnabled(false)
	keys(s.field, fyne.KeyReturn)
	if confirmed != 2 {
		t.Errorf("confirmed %d times, want twice: not while the button is disabled", confirmed)
	}
	s.dialog.SetPrimaryEnabled(true)
	keys(s.dialog.CancelButton(), fyne.KeyReturn)
	if s.stack.Len() != 0 || confirmed != 2 {
		t.Error("Enter on Cancel does not cancel")
	}
}

// The keyboard of a question about something destructive is on the way out: who
// presses Enter without reading loses nothing.
func TestDangerousQuestionsBeginAtTheWayOut(t *testing.T) {
	s := open(t)
	done := 0
	q := &widget.Dialog{Title: "Delete?", Primary: "Delete", Cancel: "Cancel", Dangerous: true, Body: widget.NewHint("gone"), OnPrimary: func() { done++ }}
	s.stack.Open(q)
	if at := s.window.Canvas().Focused(); at != q.CancelButton() {
		t.Fatalf("the keyboard is at %T, want Cancel", at)
	}
	keys(s.window.Canvas().Focused(), fyne.KeyReturn)
	if done != 0 || s.stack.Top() != s.dialog {
		t.Errorf("Enter destroyed %d times", done)
	}
	s.stack.Open(q)
	keys(q.PrimaryButton(), fyne.KeyReturn)
	if done != 1 {
		t.Error("the button itself does nothing")
	}
}

func TestDialogSaysWhatWentWrong(t *testing.T) {
	s := open(t)
	s.dialog.SetError("Wrong password.", "Type it again.")
	if got := s.painted(); !slices.Contains(got, "Wrong password.") || !slices.Contains(got, "Type it again.") {
		t.Errorf("shown: %q", got)
	}
	s.dialog.SetError("", "")
	if got := s.painted(); slices.Contains(got, "Wrong password.") {
		t.Errorf("still shown: %q", got)
	}
}

func TestBusyDialog(t *testing.T) {
	s := open(t)
	stopped, confirmed := 0, 0
	s.dialog.OnPrimary = func() { confirmed++ }
	s.dialog.OnStop = func() { stopped++ }
	s.dialog.SetBusy(true, "Writing 3 of 9", 0.3)
	if !slices.Contains(s.painted(), "Writing 3 of 9") || !s.dialog.PrimaryButton().Disabled() {
		t.Errorf("shown: %q", s.painted())
	}
	if s.window.Canvas().Focused() != s.dialog.CancelButton() {
		t.Errorf("the keyboard is at %T, want Cancel", s.window.Canvas().Focused())
	}
	keys(s.field, fyne.KeyReturn, fyne.KeyEscape)
	if stopped != 1 || confirmed != 0 || s.stack.Len() != 1 {
		t.Errorf("stopped %d, confirmed %d, open %d", stopped, confirmed, s.stack.Len())
	}
	s.dialog.SetBusy(false, "", 0)
	if s.dialog.Busy() || s.window.Canvas().Focused() != s.field {
		t.Error("the form does not come back")
	}
	s.dialog.OnStop = nil
	s.dialog.SetBusy(true, "Deleting", -1)
	keys(s.field, fyne.KeyEscape)
	if s.stack.Len() != 1 || !s.dialog.CancelButton().Disabled() {
		t.Error("what cannot be stopped was left")
	}
	s.stack.CloseAll()
	if s.stack.Len() != 0 || s.window.Canvas().Overlays().Top() != nil {
		t.Error("the lock leaves a dialog open")
	}
}

// A title may name an entry: however long, it stays on its dialog.
func TestTitleIsCut(t *testing.T) {
	s := open(t)
	s.stack.Close(s.dialog)
	s.window.Resize(fyne.NewSize(3000, 400)) // there is room for more of it
	s.stack.Open(&widget.Dialog{Title: "Delete “" + strings.Repeat("a long name ", 40) + "”?", Icon: theme.IconDelete, Body: canvas.NewRectangle(nil), Cancel: "Cancel"})
	titles := 0
	for _, text := range s.painted() {
		if strings.HasPrefix(text, "Delete ") {
			titles++
			if width := fyne.MeasureText(text, 15, fyne.TextStyle{Bold: true}).Width; width > 600 || !strings.HasSuffix(text, "…") {
				t.Errorf("%q is %v wide", text, width)
			}
		}
	}
	if titles != 1 {
		t.Errorf("%d titles", titles)
	}
}

func TestDialogsStand(t *testing.T) {
	s := open(t)
	second := &widget.Dialog{Title: "Sure?", Primary: "Yes", Cancel: "No", Body: fw.NewLabel("Really")}
	s.stack.Open(second)
	if s.window.Canvas().Focused() != second.PrimaryButton() {
		t.Errorf("the keyboard is at %T, want the button of the one in front", s.window.Canvas().Focused())
	}
	keys(second.PrimaryButton(), fyne.KeyEscape)
	if s.stack.Top() != s.dialog || s.window.Canvas().Focused() != s.field {
		t.Error("the first dialog does not come back with its keyboard")
	}
}

func TestDialogScrollsInASmallWindow(t *testing.T) {
	s := open(t)
	s.stack.CloseAll()
	text := fw.NewLabel(strings.Repeat("A long explanation. ", 200))
	text.Wrapping = fyne.TextWrapWord
	d := &widget.Dialog{Title: "Long", Primary: "OK", Body: text}
	s.stack.Open(d)
	for _, size := range []fyne.Size{fyne.NewSize(320, 200), fyne.NewSize(900, 600)} {
		s.window.Resize(size)
		b := d.PrimaryButton()
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b)
		if at.X < 0 || at.Y < 0 || at.X+b.Size().Width > size.Width || at.Y+b.Size().Height > size.Height {
			t.Errorf("in %v the button is at %v, out of the window", size, at)
		}
		test.Scroll(s.window.Canvas(), fyne.NewPos(size.Width/2, size.Height/2), 0, -100)
	}
}

func TestTips(t *testing.T) {
	b := widget.NewToolbarButton("lock", "", "Lock (Ctrl+L)", nil)
	w := window(t, container.NewHBox(b), 300, 200)
	host := w.Canvas().Content().(*widget.TipHost)
	test.MoveMouse(w.Canvas(), fyne.NewPos(10, 10))
	if host.Tip() != "Lock (Ctrl+L)" {
		t.Errorf("tip %q", host.Tip())
	}
	test.MoveMouse(w.Canvas(), fyne.NewPos(250, 150))
	if host.Tip() != "" {
		t.Errorf("the tip stays: %q", host.Tip())
	}
}

// A button without words says what it does, in a dialog too.
func TestTipsInDialogs(t *testing.T) {
	w := window(t, container.NewVBox(), 400, 300)
	b := widget.NewTipButton(nil, "Make another one", nil)
	stack := widget.NewStack(w.Canvas())
	stack.Open(&widget.Dialog{Title: "Generate", Body: container.NewHBox(b), Primary: "Use it"})
	host := hostIn(t, w.Canvas().Overlays().Top())
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b)
	test.MoveMouse(w.Canvas(), at.AddXY(5, 5))
	if host.Tip() != "Make another one" {
		t.Errorf("tip %q", host.Tip())
	}
	test.MoveMouse(w.Canvas(), fyne.NewPos(2, 2))
	if host.Tip() != "" {
		t.Errorf("the tip stays: %q", host.Tip())
	}
}

// hostIn finds who shows the tips of a dialog.
func hostIn(t *testing.T, overlay fyne.CanvasObject) *widget.TipHost {
	t.Helper()
	for _, o := range test.LaidOutObjects(overlay) {
		if h, ok := o.(*widget.TipHost); ok {
			return h
		}
	}
	t.Fatal("the dialog shows no tips")
	return nil
}

func TestDialogTellsThatItIsClosed(t *testing.T) {
	s := open(t)
	var closed []string
	second := widget.NewTextEntry()
	front := &widget.Dialog{Title: "In front", Body: container.NewVBox(second), OnClosed: func() { closed = append(closed, "front") }}
	s.dialog.OnClosed = func() { closed = append(closed, "behind") }
	s.stack.Open(front)
	front.SetFirst(second)
	if s.window.Canvas().Focused() != second {
		t.Errorf("the keyboard is at %T, want the field of the next step", s.window.Canvas().Focused())
	}
	s.stack.CloseAll()
	s.stack.Close(s.dialog)
	front.SetFirst(s.field) // of a dialog that is closed
	if want := []string{"front", "behind"}; !slices.Equal(closed, want) {
		t.Errorf("told %q, want %q once each", closed, want)
	}
}
