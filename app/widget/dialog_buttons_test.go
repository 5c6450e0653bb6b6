package widget_test

import (
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/widget"
)

// The last button of a dialog ends where the form above it does, also where the
// primary one is hidden and shown again.
func TestTheLastButtonEndsWithTheForm(t *testing.T) {
	s := open(t)
	end := func(b *widget.Button) float32 {
		return fyne.CurrentApp().Driver().AbsolutePositionForObject(b).X + b.Size().Width
	}
	want := end(s.dialog.PrimaryButton())
	s.dialog.PrimaryButton().Hide()
	s.dialog.Relayout()
	if got := end(s.dialog.CancelButton()); got != want {
		t.Errorf("alone it ends at %v, want %v", got, want)
	}
	s.dialog.PrimaryButton().Show()
	s.dialog.Relayout()
	if got := end(s.dialog.PrimaryButton()); got != want || end(s.dialog.CancelButton()) >= want-s.dialog.PrimaryButton().Size().Width {
		t.Errorf("shown again it ends at %v, want %v; the other one at %v", got, want, end(s.dialog.CancelButton()))
	}
}
