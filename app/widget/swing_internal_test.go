package widget

import (
	"testing"

	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// A bar swings in the dialog in front alone, and in none that was closed. The
// driver of tests swings to an end at once.
func TestOnlyTheDialogInFrontSwings(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(theme.New(theme.Light))
	s := NewStack(test.NewTempWindow(t, widget.NewLabel("behind")).Canvas())
	work, question := &Dialog{Title: "Work", Body: widget.NewLabel("")}, &Dialog{Title: "Question", Body: widget.NewLabel("")}
	const middle = 0.5
	work.build()
	question.build()
	work.progress.phase, question.progress.phase = middle, middle
	s.Open(work)
	s.Open(question)
	work.SetBusy(true, "Asking the server", -1)
	if work.progress.phase != middle {
		t.Error("it swings behind a question")
	}
	s.Close(question)
	if work.progress.phase == middle {
		t.Error("it does not swing when it is in front again")
	}
	question.SetBusy(true, "Touch the key", -1)
	if question.progress.phase != middle {
		t.Error("it swings although it is closed")
	}
	s.Open(question)
	if question.progress.phase == middle || !work.progress.still {
		t.Error("the one in front does not swing, or the other one does")
	}
	s.CloseAll()
	if !question.progress.still || !work.progress.still {
		t.Error("what is closed swings on")
	}
}
